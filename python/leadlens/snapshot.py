"""Snapshots: leads at cutoffs, with features and labels."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from . import _core
from ._arguments import number, whole_number
from ._display import Tabular
from ._leaks import warn_of_leaks
from ._once import Once
from ._progress import progress
from .query import FeatureSet, Step, Time
from .query.step import encode_target
from .query.times import encode_time
from .tables import Cutoffs
from .tables.encode import Tables, as_json, omit_none
from .tables.keys import Table

__all__ = ["Snapshot"]


class Snapshot(Tabular):
    """Leads at cutoffs, with features and labels; returned by :meth:`Journeys.snapshot`.

    A snapshot does not change. Its features are computed on first access and kept.

    See Also
    --------
    Journeys.snapshot : Take a snapshot; documents which leads are at risk.
    LeadScorer.fit : Fit a model on a snapshot.

    Examples
    --------
    >>> import leadlens as ll
    >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
    >>> s.counts["rows"] == len(s)
    True
    """

    def __init__(self, core: _core.Snapshot, spec: Mapping[str, Any]) -> None:
        self._core = core
        self._spec = spec
        self._once = Once()

    @property
    def spec(self) -> dict[str, Any]:
        """Options of the snapshot that were given, as the core received them."""
        return copy.deepcopy(dict(self._spec))

    @property
    def counts(self) -> dict[str, Any]:
        """Pairs of lead and cutoff, those left out by reason, rows, and positives.

        ``largest_weight`` and ``effective_rows`` = (Σw)² / Σw² describe how even the weights are.
        """
        counts: dict[str, Any] = json.loads(self._once.get("counts", self._core.counts))
        return counts

    @property
    def remarks(self) -> list[str]:
        """Remarks on the rows and their weights, such as assumptions of ``maturity="ipcw"``."""
        return self._core.remarks()

    @property
    def base_rate(self) -> float | None:
        """Weighted share of positives, from 0 to 1; None without labels."""
        return self._core.base_rate

    @property
    def feature_names(self) -> list[str]:
        """Names of the features, in the order of the columns."""
        return self._core.features()

    def to_polars(self) -> pl.DataFrame:
        """Return all rows with labels, weights and features.

        Returns
        -------
        polars.DataFrame
            One row per lead and cutoff. After these columns, one per feature: Float64 for numbers, String for texts,
            null for missing values.

            - ``lead_id`` (String): id of the lead.
            - ``cutoff`` (Datetime): time up to which events are visible, UTC.
            - ``label`` (Boolean): whether the target is reached in the label window; null without one.
            - ``weight`` (Float64): weight of the row.

        See Also
        --------
        Snapshot.features : The features only.
        Snapshot.label : The labels only.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> s.to_polars().columns[:4]
        ['lead_id', 'cutoff', 'label', 'weight']
        """

        def compute() -> Any:
            with progress() as show:
                return self._core.frame(show)

        return self._once.frame("rows", compute)

    @property
    def features(self) -> pl.DataFrame:
        """Features, one row per row of the snapshot and one column per feature."""
        frame = self.to_polars()
        return frame.select(frame.columns[frame.width - len(self.feature_names) :])

    @property
    def label(self) -> pl.Series | None:
        """Labels (Boolean), or None without a label window."""
        return self.to_polars()["label"] if self._core.has_label else None

    def split(
        self, test: float = 0.2, *, by: Literal["time", "order", "group", "random"] = "time", seed: int = 0
    ) -> tuple[Snapshot, Snapshot]:
        """Split the rows into a training and a test snapshot.

        Parameters
        ----------
        test : float, default 0.2
            Share of the test side, between 0 and 1.
        by : {"time", "order", "group", "random"}, default "time"
            What the test side is: the latest cutoffs, with a gap of the label window (``"time"``); the last leads of
            the table or of its ``order`` (``"order"``); whole accounts (``"group"``); or random leads (``"random"``).
            All rows of a lead are on the same side, except with ``"time"``.
        seed : int, default 0
            Seed of the random choice, which depends on ids and not on the order of rows.

        Returns
        -------
        train, test : Snapshot
            The two sides. Evaluations state how they were split.

        Raises
        ------
        NotEnoughDataError
            A side would be empty.
        OptionError
            A share or seed out of range.

        See Also
        --------
        LeadScorer.evaluate : Evaluate on the test side.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> train, test = s.split(0.3, by="group")
        >>> len(train) + len(test) == len(s)
        True
        """
        train, tested = self._core.split(number(test, "test"), by, whole_number(seed, "seed"))
        return Snapshot(train, self._spec), Snapshot(tested, self._spec)

    def __len__(self) -> int:
        return len(self._core)

    def _shown(self) -> _core._Texts:
        return self._core.shown()


class SnapshotMethod:
    """The method :meth:`Journeys.snapshot`."""

    _core: _core.Journeys

    def snapshot(
        self,
        *,
        every: str | None = None,
        anchor: Literal["calendar", "created"] = "calendar",
        after: str | None = None,
        at: str | None = None,
        inclusive: bool = True,
        as_of: Time | None = None,
        cutoffs: Table | Cutoffs | None = None,
        cutoff_columns: tuple[str, str] = ("lead_id", "cutoff"),
        since: Time | None = None,
        until: Time | None = None,
        known_by: Time | None = None,
        horizon: str | None = None,
        by_age: str | None = None,
        target: str | Step | Sequence[str | Step] | None = None,
        weight: Literal["row", "lead"] = "row",
        maturity: Literal["drop", "ipcw"] = "drop",
        outcome: Literal["known", "open", "any"] = "known",
        features: FeatureSet | None = None,
    ) -> Snapshot:
        """Take leads at cutoffs, with features from before the cutoff and labels from after it.

        Give one rule for the cutoffs: ``every``, ``after``, ``at``, ``as_of`` or ``cutoffs``. A lead is at risk at a
        cutoff t if it was created by t, has not reached the target before t, and it or one of its deals is open. Events
        before t are visible. The label is whether the target is reached in [t, t + horizon). Rows whose window had not
        ended when observation ended are dropped, positive or not.

        Parameters
        ----------
        every : str, optional
            Distance of a grid of cutoffs, such as ``"7d"``.
        anchor : {"calendar", "created"}, default "calendar"
            Whether the grid starts on a Monday at midnight, or at the creation of each lead.
        after : str, optional
            One cutoff per lead, at this age, such as ``"30d"``.
        at : str, optional
            One cutoff per lead, at its first entry into this stage or first event of this kind.
        inclusive : bool, default True
            With ``at``: whether that entry itself is visible.
        as_of : time, optional
            One cutoff for all leads.
        cutoffs : table or Cutoffs, optional
            Table of leads and cutoffs. Use :class:`Cutoffs` to declare the unit, format or zone of the times.
        cutoff_columns : tuple of (str, str), default ("lead_id", "cutoff")
            Columns of ``cutoffs``, if it is a plain table.
        since, until : time, optional
            Range of the cutoffs, ``until`` exclusive.
        known_by : time, optional
            Time from which on nothing exists for this snapshot, label windows included.
        horizon : str, optional
            Length of the label window, such as ``"90d"``. Without it and ``by_age``, rows have no label.
        by_age : str, optional
            Age of the lead at which the label window ends, in the place of ``horizon``.
        target : str, Step or sequence of them, optional
            Stages, event kinds, or events that meet conditions such as ``ll.Step("order", where={"total": "> 0"})``,
            that make the label positive. By default the won stages.
        weight : {"row", "lead"}, default "row"
            Whether a row weighs 1, or 1/k if its lead has k rows. ``"lead"`` depends on the outcome: a lead that
            converts soon has few rows, so rates are too high for young leads and too low for old ones.
        maturity : {"drop", "ipcw"}, default "drop"
            Whether to drop immature rows, or to weight resolved rows by the inverse probability of being observed for
            the whole window.
        outcome : {"known", "open", "any"}, default "known"
            For leads with an outcome column and without label window: those with a known outcome, those without, or
            all. With ``as_of`` the default is ``"open"``.
        features : FeatureSet, optional
            Features to compute.

        Returns
        -------
        Snapshot
            One row per lead and cutoff.

        Raises
        ------
        OptionError
            No rule for the cutoffs or several, or a wrong length of time.
        UnknownNameError
            The data has no such target or stage.

        Warns
        -----
        LeakWarning
            Fields of a labelled snapshot look as if they were recorded after the outcome, or have a misread type.

        See Also
        --------
        Snapshot.split : Split into training and test side.
        LeadScorer.fit : Fit a model on a snapshot.
        Journeys.check : Fields that look like leaks, with evidence.

        References
        ----------
        ``maturity="ipcw"``: J. Robins, D. Finkelstein, "Correcting for noncompliance and dependent censoring in an AIDS
        clinical trial with inverse probability of censoring weighted (IPCW) log-rank tests", Biometrics 56, 2000.

        Examples
        --------
        >>> import leadlens as ll
        >>> j = ll.datasets.b2b_saas()
        >>> len(j.snapshot(after="31d", horizon="59d")) > 0
        True
        """
        spec = omit_none(
            {
                "every": every,
                "anchor": anchor,
                "after": after,
                "at": at,
                "inclusive": inclusive,
                "as_of": encode_time(as_of, "as_of"),
                "since": encode_time(since, "since"),
                "until": encode_time(until, "until"),
                "known_by": encode_time(known_by, "known_by"),
                "horizon": horizon,
                "by_age": by_age,
                "target": encode_target(target),
                "weight": weight,
                "maturity": maturity,
                "outcome": outcome,
            }
        )
        table = None
        if cutoffs is not None:
            tables = Tables()
            declared = cutoffs if isinstance(cutoffs, Cutoffs) else Cutoffs(cutoffs, *cutoff_columns)
            table = (tables.given, as_json(declared._spec(tables)))
        text = as_json(spec)
        with progress() as show:
            core = self._core.snapshot(text, (features or FeatureSet())._json(), table, show)
        warn_of_leaks(core)
        return Snapshot(core, json.loads(text))
