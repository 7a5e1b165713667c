"""Scores of leads."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from .. import _core
from .._arguments import whole_number
from .._charts import BLUE, count_axis, finished, inline, nothing, package, title
from .._display import Tabular
from ..errors import OptionError
from ..tables.encode import names

__all__ = ["Scores"]


class Scores(Tabular):
    """Scores of the rows of a snapshot; returned by :meth:`LeadScorer.score`.

    Attributes
    ----------
    title : str
        Which leads :meth:`top` lists: open leads, leads of a test side, or others.
    about : str
        Number of leads, their cutoffs, and what the probability is of.

    See Also
    --------
    LeadScorer.score : Score a snapshot.
    LeadScorer.explain : All contributions of each row.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> len(scorer.score(test).top(3))
    3
    """

    def __init__(
        self, core: _core.Snapshot, frame: pl.DataFrame, title: str, about: str, spec: Mapping[str, Any]
    ) -> None:
        self._core: _core.Snapshot | None = core
        self._frame = frame
        self.title = title
        self.about = about
        self._spec = spec

    @property
    def spec(self) -> dict[str, Any]:
        """Options of :meth:`LeadScorer.score`, and the confidence level of intervals."""
        return copy.deepcopy(dict(self._spec))

    @property
    def remarks(self) -> list[str]:
        """Remarks on the rows: which leads they are, and how many are outside the ages of training."""
        outside = int(self._frame["out_of_range"].sum()) if "out_of_range" in self._frame.columns else 0
        remarks = [f"scores of {self.about}"]
        if outside:
            remarks.append(f"{outside} of {len(self)} rows are outside the ages of training (out_of_range)")
        return remarks

    def to_polars(self) -> pl.DataFrame:
        """Return the scores.

        Returns
        -------
        polars.DataFrame
            One row per row of the snapshot.

            - ``lead_id`` (String): id of the lead.
            - ``as_of`` (Datetime): cutoff, UTC.
            - ``probability`` (Float64): probability that the target is reached in the label window.
            - ``low``, ``high`` (Float64): 95 % interval of the probability. Only with ``intervals=True``.
            - ``score`` (Float64): percentile of the probability among training rows, from 0 to 100.
            - ``batch_percentile`` (Float64): percentile of the probability among the rows of this table, from 0 to 100;
              the mean rank of ties.
            - ``grade`` (String): grade by ``score``, or by probability after :meth:`LeadScorer.with_grades`.
            - ``grid`` (String): quarter of ``fit`` among training rows, A to D, and of ``engagement``, 1 to 4: A1 is
              the best of both. Null without features of one of them.
            - ``log_odds`` (Float64): sum of the base and all contributions.
            - ``fit``, ``engagement``, ``sales``, ``time``, ``joint`` (Float64): contributions by part: lead fields,
              events of buyer and marketing, stages and events of sales, age, interactions.
            - ``out_of_range`` (Boolean): whether the age is outside the ages of training.
            - ``outside`` (String): the age or the numeric fields outside the range of training.
            - ``owner`` (String): owner of the lead. Only where the leads have owners.
            - ``value`` (Float64): amount of the open deals of the lead at the cutoff. Only where stages have amounts.
            - ``reasons`` (String): the largest contributions.
            - ``in_words`` (String): sentences about training leads with the same values. Only with ``words=``.

        See Also
        --------
        Scores.top : The best leads.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.score(test).to_polars().height == len(test)
        True
        """
        return self._frame.clone()

    def top(self, n: int = 10, *, fields: str | Sequence[str] = ()) -> pl.DataFrame:
        """Return the leads with the highest probability.

        A lead with several rows has its latest one. To list open leads, score a snapshot as of the end of observation;
        leads of other snapshots may be closed by now, as :attr:`about` states.

        Parameters
        ----------
        n : int, default 10
            Number of leads.
        fields : str or sequence of str, optional
            Fields of the leads to show, such as ``["owner", "phone", "account"]``: columns of the table of leads,
            withheld ones too; fields of accounts; and ``"owner"``, ``"account"`` and ``"created"`` for the columns of
            these roles. A field with a history has its value at the cutoff.

        Returns
        -------
        polars.DataFrame
            The columns of :meth:`to_polars`, with ``fields`` after ``lead_id``, one row per lead, highest probability
            first, then by id. A field with the name of another column is called ``lead.<name>``.

        Raises
        ------
        UnknownNameError
            The leads do not have one of the fields.
        OptionError
            A field is listed twice, or the scores come from another process and do not have the fields.

        See Also
        --------
        Journeys.show : Time line of one lead.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> scores = scorer.score(journeys.snapshot(as_of="2024-04-29"), allow_extrapolation=True)
        >>> scores.title, scores.top(2).height
        ('Best open leads', 2)
        >>> scores.top(2, fields=["lead_source", "created"]).columns[:4]
        ['lead_id', 'lead_source', 'created', 'as_of']
        """
        asked, most = names(fields, "fields") or [], whole_number(n, "n")
        rows = self._frame.with_row_index("(row)") if asked else self._frame
        latest = rows.filter(pl.col("as_of").eq_missing(pl.col("as_of").max().over("lead_id")))
        best = latest.sort(["probability", "lead_id"], descending=[True, False]).head(most)
        if not asked:
            return best
        if self._core is None:
            raise OptionError(
                "fields: scores that come from another process do not have the fields of leads; score the snapshot in "
                "this process, or join to_polars() with the table of leads on lead_id"
            )
        chosen = pl.DataFrame(self._core.lead_fields(asked, best["(row)"].to_list()))
        rest = best.drop("(row)", *(name for name in chosen.columns if name in best.columns))
        return pl.concat([rest.select("lead_id"), chosen, rest.drop("lead_id")], how="horizontal")

    def plot(self) -> Any:
        """Plot the distribution of the probabilities: rows by probability in percent.

        Returns
        -------
        altair.Chart
            Histogram of the rows with forty bins. A sentence without rows.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        Evaluation.plot : Calibration and lift.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> type(scorer.score(test).plot()).__name__
        'Chart'
        """
        return scores_chart(self._frame, self.about)

    def __len__(self) -> int:
        return self._frame.height

    def __getstate__(self) -> dict[str, Any]:
        # Snapshots are not pickled.
        return {**self.__dict__, "_core": None}

    def _shown(self) -> _core._Texts:
        """Return the ten best leads."""
        best = self.top()
        columns = [
            best["lead_id"],
            best["as_of"].to_physical(),
            best["probability"],
            best["grade"],
            best["owner"] if "owner" in best.columns else [None] * best.height,
            best["value"] if "value" in best.columns else [None] * best.height,
            best["reasons"],
        ]
        return _core.shown_leads(self.title, f"Scores of {self.about}", list(zip(*columns, strict=True)))


def scores_chart(table: pl.DataFrame, about: str) -> Any:
    """Return a histogram of the probabilities with forty bins."""
    alt = package()
    known = table.select("probability").filter(pl.col("probability").is_finite())
    if known.is_empty():
        return nothing("no row has a score")
    highest = max(float(known["probability"].max() or 0.0), 1e-9)  # type: ignore[arg-type]
    width = highest / 40
    bins = (
        known.select(bin=(pl.col("probability") / width).floor().clip(0, 39).cast(pl.Int64))
        .group_by("bin")
        .agg(rows=pl.len())
        .sort("bin")
        .select(start=pl.col("bin") * width, end=(pl.col("bin") + 1) * width, rows="rows")
    )
    chart = alt.Chart(inline(bins)).mark_bar(color=BLUE)
    # Whole percents would be one tick for probabilities of thousandths.
    axis = alt.Axis(format=".0%" if highest > 0.08 else ".2~%", tickCount=8)
    return finished(
        chart.encode(
            x=alt.X("start:Q", bin="binned", title="probability", axis=axis, scale=alt.Scale(zero=True)),
            x2="end:Q",
            y=alt.Y("rows:Q", title="rows", axis=count_axis()),
            tooltip=[
                alt.Tooltip("start:Q", format=".2%", title="from"),
                alt.Tooltip("end:Q", format=".2%", title="to"),
                alt.Tooltip("rows:Q", format=","),
            ],
        ).properties(width=420, height=220, title=title(f"Scores of {table.height:,} rows", about))
    )
