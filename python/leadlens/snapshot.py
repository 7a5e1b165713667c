"""Snapshots: leads at cutoffs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import polars as pl

from . import _core
from ._display import pre
from ._leaks import warn_of_leaks
from ._progress import progress
from .errors import OptionError
from .query import FeatureSet, Step, Time
from .query.step import encode_target
from .query.times import encode_time
from .tables import Cutoffs
from .tables.encode import Tables, as_json, omit_none
from .tables.keys import Table

__all__ = ["Snapshot"]


class Snapshot:
    """Leads at cutoffs, with labels where a label window was asked for; made by :meth:`Journeys.snapshot`.

    Examples
    --------
    >>> import leadlens as ll
    >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
    >>> s.counts["rows"] == len(s)
    True
    """

    def __init__(self, core: _core.Snapshot) -> None:
        self._core = core

    @property
    def counts(self) -> dict[str, Any]:
        """How many pairs of lead and cutoff there were, why some are no rows, rows, positives.

        ``largest_weight`` and ``effective_rows``, (Σw)²/Σw², say how even the weights are.
        """
        counts: dict[str, Any] = json.loads(self._core.counts())
        return counts

    @property
    def remarks(self) -> list[str]:
        """What the weights of the rows assume, or depend on."""
        return self._core.remarks()

    @property
    def base_rate(self) -> float | None:
        """Weighted share of positives."""
        return self._core.base_rate

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return self._core.features()

    def to_polars(self) -> pl.DataFrame:
        """Return all rows: ``lead_id``, ``cutoff``, ``label``, ``weight``, and one column per feature.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> s.to_polars().columns[:4]
        ['lead_id', 'cutoff', 'label', 'weight']
        """
        with progress() as show:
            return pl.DataFrame(self._core.frame(show))

    @property
    def features(self) -> pl.DataFrame:
        """The features, one row per row of the snapshot."""
        frame = self.to_polars()
        return frame.select(frame.columns[len(frame.columns) - len(self.feature_names) :])

    @property
    def label(self) -> pl.Series | None:
        """The labels, or None without a label window."""
        return self.to_polars()["label"] if self._core.has_label else None

    def split(
        self, test: float = 0.2, *, by: Literal["time", "order", "group", "random"] = "time", seed: int = 0
    ) -> tuple[Snapshot, Snapshot]:
        """Split into a training and a test snapshot.

        Parameters
        ----------
        test : float
            Share of the test side, in (0, 1).
        by : {"time", "order", "group", "random"}
            The latest cutoffs, with a gap of the label window; the last leads of the table (or of its order column);
            whole accounts; or leads at random. Evaluations say which.
        seed : int
            Seed of the drawn ones; they depend on ids, not on the order of rows.

        Raises
        ------
        NotEnoughDataError
            A side would be empty.

        Examples
        --------
        >>> import leadlens as ll
        >>> s = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> train, test = s.split(0.3, by="group")
        >>> len(train) + len(test) == len(s)
        True
        """
        if seed < 0:
            raise OptionError(f"seed must not be negative, {seed} is")
        train, tested = self._core.split(test, by, seed)
        return Snapshot(train), Snapshot(tested)

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        return self._core.text()

    def _repr_html_(self) -> str:
        return pre(self._core.text())


class SnapshotMethod:
    """The method of journeys."""

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
        """Look at open leads at cutoffs: features from before, the label from after.

        A lead is at risk at a cutoff ``t`` if it was created by ``t``, has not reached the target before ``t``, and
        it or one of its deals is open. Events before ``t`` are visible; the label is whether the target is reached in
        ``[t, t + horizon)``. Rows whose window is not over at the end of observation are dropped, positive or not.

        Parameters
        ----------
        every : str, optional
            A grid of cutoffs, such as ``"7d"``.
        anchor : {"calendar", "created"}
            Whether the grid starts on Mondays (midnights) or at each lead's creation.
        after : str, optional
            One cutoff per lead, this long after its creation.
        at : str, optional
            One cutoff per lead: its first entry of this stage or event kind.
        inclusive : bool
            For ``at``: whether that entry itself is visible.
        as_of : time, optional
            One cutoff for all leads.
        cutoffs : table, optional
            A table of leads and cutoffs; ``cutoff_columns`` names its two columns. For tables that need more to be said
            (unit, format or zone of the times, rows that count), give :class:`Cutoffs`.
        since, until : time, optional
            Cutoffs in ``[since, until)`` only.
        known_by : time, optional
            Nothing at or after it exists for this snapshot, label windows included.
        horizon : str, optional
            Length of the label window; without it (and ``by_age``) there is no label.
        by_age : str, optional
            The label window ends at this age of the lead instead.
        target : str, Step or sequence of them, optional
            Stages or event kinds that make the label positive, or events that meet conditions, as in
            ``ll.Step("order", where={"total": "> 0"})``; by default the won stages.
        weight : {"row", "lead"}
            Whether a row weighs 1, or 1/k where its lead has k rows. With ``"row"`` rates are those of the leads at
            risk at a cutoff, which are the ones to be scored. ``"lead"`` is outcome-dependent: a lead that converts
            soon has few rows, so rates of young leads are too high and those of old leads too low; remarks say so.
        maturity : {"drop", "ipcw"}
            Drop immature rows, or weigh resolved ones by the inverse probability of being observed long enough.
        outcome : {"known", "open", "any"}
            For leads with an outcome column and no label window: those whose outcome is known (the label), those to
            score, or all. With ``as_of`` it is the open ones unless said otherwise.
        features : FeatureSet, optional
            Which features to compute.

        Raises
        ------
        OptionError
            None or several cutoff rules, or a span that is none.
        UnknownNameError
            The target or the stage of ``at`` is not in the data.

        Warns
        -----
        LeakWarning
            Fields of a labelled snapshot look as if they were known only afterwards, or misread.

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
        with progress() as show:
            core = self._core.snapshot(as_json(spec), (features or FeatureSet())._json(), table, show)
        warn_of_leaks(core)
        return Snapshot(core)
