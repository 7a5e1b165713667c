"""Call lists: which leads each rep calls next."""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from .. import _core
from .._arguments import core_snapshot, number, whole_number
from .._charts import BLUE, count_axis, finished, inline, name_axis, names_shown, nothing, package, title
from .._display import Tabular
from .._progress import progress
from ..errors import OptionError
from ..snapshot import Snapshot
from ..tables.encode import names
from .words import phrases_of

__all__ = ["CallList"]


class CallList(Tabular):
    """The leads that each rep calls; returned by :meth:`LeadScorer.call_list`.

    See Also
    --------
    LeadScorer.call_list : Make a list.
    Scores.top : The best leads, without reps and limits.

    Examples
    --------
    >>> import leadlens as ll
    >>> journeys = ll.datasets.b2b_saas()
    >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
    >>> today = journeys.snapshot(as_of="2024-03-01")
    >>> calls = scorer.call_list(today, per_rep=5, explore=0.2)
    >>> calls.to_polars()["standing"].to_list()
    ['ranked', 'ranked', 'ranked', 'ranked', 'explored']
    >>> calls.design().height == len(today)
    True
    """

    def __init__(self, lists: tuple[Any, Any, Any, str, _core._Texts]) -> None:
        listed, design, reps, facts, self._texts = lists
        self._listed, self._design, self._reps = pl.DataFrame(listed), pl.DataFrame(design), pl.DataFrame(reps)
        self._facts: dict[str, Any] = json.loads(facts)

    @property
    def spec(self) -> dict[str, Any]:
        """Options of :meth:`LeadScorer.call_list`."""
        return copy.deepcopy(dict(self._facts["spec"]))

    @property
    def remarks(self) -> list[str]:
        """Remarks on the list: reps with fewer leads than calls, leads without a known amount."""
        return list(self._facts["remarks"])

    def to_polars(self) -> pl.DataFrame:
        """Return the listed leads.

        Returns
        -------
        polars.DataFrame
            One row per call, by rep, day and place.

            - ``rep`` (String): who calls. Only with reps or owners.
            - ``day``, ``place`` (UInt64): day and place on the list of the day, both from 1.
            - the columns of :meth:`Scores.to_polars`.
            - ``chance`` (Float64): probability with which the lead was listed: 1 if by its rank, the probability of the
              draw if by chance.
            - ``standing`` (String): ``"ranked"`` or ``"explored"``.

        See Also
        --------
        CallList.design : All leads, listed or not.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> scorer.call_list(journeys.snapshot(as_of="2024-03-01"), per_rep=3).to_polars()["place"].to_list()
        [1, 2, 3]
        """
        return self._listed.clone()

    def design(self) -> pl.DataFrame:
        """Return every lead of the snapshot with its chance to be listed, to be kept with the outcomes of the calls.

        A lead that was not called has no outcome of calling. With ``explore`` above 0, rates over all leads are
        estimated without bias by the called ones if each counts 1 / ``chance`` times.

        Returns
        -------
        polars.DataFrame
            One row per lead.

            - ``lead_id`` (String): id of the lead.
            - ``as_of`` (Datetime): cutoff, UTC.
            - ``probability`` (Float64): probability of the target.
            - ``standing`` (String): ``"ranked"``, ``"explored"``, or why it is not listed: ``"no capacity"``,
              ``"account full"``, ``"worked recently"``, ``"owner elsewhere"``, ``"excluded"``.
            - ``listed`` (Boolean): whether it is listed.
            - ``chance`` (Float64): probability with which the design lists it: 1 by rank; that of the draw for leads
              that took part in it, drawn or not; 0 for leads that could not be listed.

        See Also
        --------
        CallList.to_polars : The listed leads.

        References
        ----------
        D. Horvitz, D. Thompson, "A generalization of sampling without replacement from a finite universe", Journal of
        the American Statistical Association 47, 1952.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> design = scorer.call_list(journeys.snapshot(as_of="2024-03-01"), per_rep=20, explore=0.5).design()
        >>> int(design["listed"].sum())
        20
        """
        return self._design.clone()

    def reps(self) -> pl.DataFrame:
        """Return the lists by rep.

        Returns
        -------
        polars.DataFrame
            One row per rep.

            - ``rep`` (String): the rep; null for the only list.
            - ``calls``, ``listed``, ``explored`` (UInt64): calls that the rep can make, leads listed, and leads among
              them that were drawn.
            - ``expected_conversions`` (Float64): sum of the probabilities of the listed leads.
            - ``expected_value`` (Float64): sum of probability times amount, over listed leads with a known amount.

        See Also
        --------
        CallList.to_polars : The listed leads.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> calls = scorer.call_list(journeys.snapshot(as_of="2024-03-01"), reps=["Ann", "Bob"], per_rep=10)
        >>> calls.reps()["listed"].to_list()
        [10, 10]
        """
        return self._reps.clone()

    def plot(self) -> Any:
        """Plot the expected conversions of each rep.

        Returns
        -------
        altair.Chart
            One bar per rep. A sentence without listed leads.

        Raises
        ------
        MissingPackageError
            altair is not installed.

        See Also
        --------
        CallList.reps : The numbers.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> calls = scorer.call_list(journeys.snapshot(as_of="2024-03-01"), reps=["Ann", "Bob"])
        >>> type(calls.plot()).__name__
        'Chart'
        """
        return reps_chart(self._reps, f"{self._listed.height:,} of {self._design.height:,} leads are listed")

    def __len__(self) -> int:
        return self._listed.height

    def _shown(self) -> _core._Texts:
        return self._texts


class Calling(ABC):
    """The methods of :class:`LeadScorer` that say whom to call."""

    @abstractmethod
    def _fitted(self) -> _core.Model:
        """Return the fitted model, or raise :class:`NotFittedError`."""

    def call_list(
        self,
        snapshot: Snapshot,
        *,
        per_rep: int | Mapping[str, int] = 20,
        reps: Sequence[str] | None = None,
        days: int = 1,
        rank: Literal["probability", "expected_value"] = "probability",
        per_account: int | None = None,
        exclude: Sequence[str] = (),
        recycle_after: str | None = None,
        explore: float = 0.0,
        seed: int = 0,
        reasons: int = 5,
        words: bool | Mapping[str, str] = False,
        allow_extrapolation: bool = False,
    ) -> CallList:
        """Return which leads each rep calls, best first.

        Leads are taken in the order of their rank. A lead with an owner goes to the list of its owner; one without goes
        to the rep who has a call left and the lowest sum of probabilities, so that all can expect about as many
        conversions. Ties go to the higher probability, then to the earlier id.

        Parameters
        ----------
        snapshot : Snapshot
            Leads as of one time, such as ``journeys.snapshot(as_of=…)``; one row per lead.
        per_rep : int or dict of str to int, default 20
            Calls of each rep and day; a dict has those of each rep, and names the reps.
        reps : sequence of str, optional
            The reps. By default the owners of the leads; without owners there is one list. Leads of other owners are
            not listed.
        days : int, default 1
            Number of days. Each rep has ``per_rep`` leads on each day, as long as there are leads.
        rank : {"probability", "expected_value"}, default "probability"
            Order of the leads. The expected value is probability times the amount of the lead's open deals; leads
            without a known amount take the mean of the others.
        per_account : int, optional
            Largest number of leads of one account, over all reps and days.
        exclude : sequence of str, optional
            Ids of leads not to call. Ids that the snapshot does not have are ignored.
        recycle_after : str, optional
            Leads with an event of sales within this time before the cutoff are not listed, such as ``"14d"``.
        explore : float, default 0.0
            Share of each rep's calls that go to leads drawn at random from those that are left. Without such calls it
            stays unknown what leads with low scores would have done.
        seed : int, default 0
            Seed of the draw. The draw depends on the seed and on ids only, not on the order of rows.
        reasons : int, default 5
            Number of reasons of each lead, as in :meth:`score`.
        words : bool or dict of str to str, default False
            Reasons in words, as in :meth:`score`.
        allow_extrapolation : bool, default False
            Whether to list leads if more than a fifth of them are outside the ages of training.

        Returns
        -------
        CallList
            The listed leads; :meth:`CallList.design` has all leads with their chance to be listed.

        Raises
        ------
        OptionError
            An option is out of range, the snapshot has several rows of a lead, no deal has an amount for
            ``"expected_value"``, or no events are of sales for ``recycle_after``.
        UnknownNameError
            ``per_rep`` names a rep who is not among ``reps``.
        OutOfRangeError
            More than a fifth of the leads are outside the ages of training.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.score : Scores of all leads.

        Notes
        -----
        Of each account at most ``per_account`` leads take part in the draw, chosen at random, and those of a rep are a
        simple random sample of those that take part, so that the chance of a lead is the product of both shares.

        Examples
        --------
        >>> import leadlens as ll
        >>> journeys = ll.datasets.b2b_saas()
        >>> scorer = ll.LeadScorer(C=0.01).fit(journeys.snapshot(every="7d", horizon="14d"))
        >>> today = journeys.snapshot(as_of="2024-03-01")
        >>> calls = scorer.call_list(today, reps=["Ann", "Bob"], per_rep=10, per_account=1, explore=0.1)
        >>> calls.to_polars().group_by("rep", maintain_order=True).len().rows()
        [('Ann', 10), ('Bob', 10)]
        """
        capacity: dict[str, int] = {}
        if isinstance(per_rep, Mapping):
            capacity = {str(rep): whole_number(calls, f"per_rep[{rep!r}]") for rep, calls in per_rep.items()}
            if not capacity:
                raise OptionError("per_rep must name at least one rep")
        span = recycle_after
        if span is not None and not isinstance(span, str):
            raise OptionError(f"recycle_after must be a span such as '14d', not {span!r}")
        listed = names(reps, "reps")
        if reps is not None and not listed:
            raise OptionError("reps must name at least one rep, or be left out")
        spec: dict[str, Any] = {
            "per_rep": 0 if capacity else whole_number(per_rep, "per_rep", at_least=1),
            "capacity": capacity,
            "reps": listed or list(capacity),
            "days": whole_number(days, "days", at_least=1),
            "rank": rank,
            "per_account": None if per_account is None else whole_number(per_account, "per_account", at_least=1),
            "exclude": names(exclude, "exclude") or [],
            "recycle_after": span,
            "explore": number(explore, "explore"),
            "seed": whole_number(seed, "seed"),
        }
        scoring = (whole_number(reasons, "reasons"), allow_extrapolation, phrases_of(words))
        model, core = self._fitted(), core_snapshot(snapshot, "snapshot")
        with progress() as show:
            return CallList(_core.call_list(model, core, json.dumps(spec), scoring, show))


def reps_chart(reps: pl.DataFrame, about: str) -> Any:
    """Return the expected conversions of each rep as bars."""
    alt = package()
    if not reps["listed"].sum():
        return nothing("no lead is listed")
    table = names_shown(reps.with_columns(pl.col("rep").fill_null("(all)")), "rep")
    return finished(
        alt.Chart(inline(table))
        .mark_bar(color=BLUE)
        .encode(
            y=alt.Y("rep:N", sort=None, title=None, axis=name_axis()),
            x=alt.X("expected_conversions:Q", title="expected conversions", axis=count_axis()),
            tooltip=["rep:N", "calls:Q", "listed:Q", "explored:Q", alt.Tooltip("expected_conversions:Q", format=".2f")],
        )
        .properties(width=420, title=title("Expected conversions by rep", about))
    )
