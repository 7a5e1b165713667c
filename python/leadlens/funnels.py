"""Funnels: how many leads get how far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from . import _core
from ._charts import barriers_chart, drivers_chart, funnel_chart, funnel_trend_chart
from ._display import Shown
from ._progress import progress
from .breakdown import by_name, conditions
from .errors import OptionError
from .tables.encode import omit_none, one_name

__all__ = ["Barriers", "Drivers", "Exclusion", "Funnel", "Step"]


@dataclass(frozen=True)
class Step:
    """A step of a funnel, where the name of an event kind or stage is not enough.

    All that is given must hold for an event.

    Parameters
    ----------
    kind : str, optional
        Event kind or stage; ``*`` and ``?`` are wildcards. Of kinds that are numbers or truth values also the value
        itself.
    stage : str, optional
        Stage, where an event kind has the same name.
    channel : str, optional
        Channel; wildcards allowed.
    where : mapping, optional
        Conditions by name of event values and properties, written as those on fields of leads are: a value, a text
        with wildcards or a comparison such as ``">= 3"``, None (missing), a list of them, ``{"not": …}`` or
        ``{"all": […]}``. ``"!= 3"`` means all others, as ``{"not": 3}`` does, those without a value among them.
    any_of : sequence of str or Step
        Choices, any of which counts.
    name : str, optional
        Name in results.
    optional : bool
        Whether leads may pass the step over.
    within : str, optional
        Time from the step before, inclusive.

    Examples
    --------
    >>> import leadlens as ll
    >>> j = ll.datasets.b2b_saas()
    >>> talk = ll.Step(any_of=["demo", "meeting"], name="talk", within="30d")
    >>> j.funnel(["created", talk, "closed_won"], window="60d").steps[1]
    ('talk', 4058)
    """

    kind: str | float | None = None
    stage: str | float | None = field(default=None, kw_only=True)
    channel: str | float | None = field(default=None, kw_only=True)
    where: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    any_of: Sequence[str | Step] = field(default=(), kw_only=True)
    name: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    within: str | None = field(default=None, kw_only=True)

    def _spec(self) -> dict[str, Any]:
        return omit_none(
            {
                "kind": one_name(self.kind),
                "stage": one_name(self.stage),
                "channel": one_name(self.channel),
                "where": conditions(self.where),
                "any": [_step(choice) for choice in self.any_of],
                "name": self.name,
                "optional": self.optional,
                "within": self.within,
                # The text alone means the creation of leads.
                "event": True if self.kind == "created" else None,
            }
        )


@dataclass(frozen=True)
class Exclusion:
    """Events that end an attempt while it lies between two steps.

    Parameters
    ----------
    event : str, Step or sequence of them
        The events.
    after, before : int or str, optional
        The two steps, by number from 1 or by name; the first and the last if not given.
    removes : bool
        Whether the lead leaves the funnel altogether (and is counted), instead of staying where it was.

    Examples
    --------
    >>> import leadlens as ll
    >>> j = ll.datasets.b2b_saas()
    >>> without = ll.Exclusion("meeting", after="sql", before="closed_won")
    >>> j.funnel(["created", "sql", "closed_won"], window="60d", exclude=without).steps[1]
    ('sql', 4629)
    """

    event: str | Step | Sequence[str | Step]
    after: int | str | None = field(default=None, kw_only=True)
    before: int | str | None = field(default=None, kw_only=True)
    removes: bool = field(default=False, kw_only=True)

    def _spec(self) -> dict[str, Any]:
        return omit_none(
            {"event": _step(self.event, "exclude"), "after": self.after, "before": self.before, "removes": self.removes}
        )


def _step(step: str | Step | Sequence[str | Step], option: str = "steps") -> Any:
    if isinstance(step, str):
        return step
    if isinstance(step, bool | int | float) or hasattr(step, "item"):
        return one_name(step)
    if isinstance(step, Step):
        return step._spec()
    if isinstance(step, Sequence):
        return [_step(choice, option) for choice in step]
    raise OptionError(f"{option}: expected a name, a Step, or a list of them, got {step!r}")


def _exclusion(event: Exclusion | str | Step) -> dict[str, Any]:
    return (event if isinstance(event, Exclusion) else Exclusion(event))._spec()


def _funnel_spec(
    steps: Sequence[str | Step | Sequence[str | Step]],
    *,
    window: str | None,
    entry: str,
    exclude: Exclusion | str | Step | Sequence[Exclusion | str | Step] | None,
) -> dict[str, Any]:
    return {
        "steps": [_step(s) for s in _listed("steps", steps, str | Step)],
        "window": window,
        "entry": entry,
        "exclude": [
            _exclusion(e) for e in _listed("exclude", () if exclude is None else exclude, Exclusion | str | Step)
        ],
    }


def _listed(option: str, value: Any, one: Any) -> list[Any]:
    """Return one or several as a list."""
    if isinstance(value, (one, bool | int | float)):
        return [value]
    if not isinstance(value, Iterable):
        raise OptionError(f"{option}: {value!r} is neither one nor a list of them")
    return list(value)


class Funnel(Shown):
    """How many leads get how far; made by :meth:`Journeys.funnel`.

    Examples
    --------
    >>> import leadlens as ll
    >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
    >>> f.steps
    [('created', 5000), ('sql', 4629), ('closed_won', 402)]
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step (and value of the breakdown): counts, rates, 95 % intervals, median times in days.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.to_polars().select("step", "leads").rows()
        [('created', 5000), ('sql', 4629), ('closed_won', 402)]
        """
        return self._tables["steps"]

    def times(self) -> pl.DataFrame:
        """Return times in days per step, since the step before and since step 1: mean and quantiles.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.times().columns[:4]
        ['step', 'since', 'n', 'mean']
        """
        return self._tables["times"]

    def trend(self) -> pl.DataFrame:
        """Return one row per period of entry and step (and value of the breakdown), if ``period`` was given.

        Those that entered in the periods add up to all. ``immature`` counts entrants of the period that are left out
        because their window is not over, ``before_outcomes`` those who entered before ``outcomes_from``: such a period
        is not complete.

        Raises
        ------
        OptionError
            ``period`` was not given.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", period="quarter")
        >>> f.trend().columns[:4]
        ['period', 'step', 'leads', 'of_first']
        """
        if self._facts["spec"].get("period") is None:
            raise OptionError("period: the funnel was not asked for periods of entry; give period='month' or another")
        return self._tables["periods"]

    def compare(self, first: object, second: object, *, confidence: float = 0.95) -> pl.DataFrame:
        """Compare two values of the breakdown at each step: difference of the shares of step 1, interval, test.

        The interval is Newcombe's, the test that of equal rates with the pooled rate (two-sided).

        Parameters
        ----------
        first, second : str
            The two values.
        confidence : float
            Confidence of the interval.

        Raises
        ------
        UnknownNameError
            The breakdown has no such value.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", by="lead_source")
        >>> values = f.to_polars()["group"].unique(maintain_order=True).to_list()
        >>> f.compare(values[1], values[2]).columns[:4]
        ['step', 'first_entered', 'first_leads', 'first_rate']
        """
        spec = json.dumps(self._facts["spec"])
        with progress() as show:
            return pl.DataFrame(
                _core.compare_groups(self._core, spec, str(first), str(second), float(confidence), show)
            )

    def leads(self) -> pl.DataFrame:
        """Return how far each lead got: one row per lead that entered (per attempt, with ``entry="totals"``).

        ``reached`` is the number of the last step done, ``step`` its name, with the times of entry and of that step.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> f.leads().columns[:3]
        ['lead_id', 'reached', 'step']
        """
        with progress() as show:
            return pl.DataFrame(_core.funnel_leads(self._core, json.dumps(self._facts["spec"]), show))

    @property
    def steps(self) -> list[tuple[str, int]]:
        """Steps and leads (attempts, with ``entry="totals"``), all leads together."""
        return [(s["step"], s["leads"]) for s in self._facts["steps"]]

    @property
    def immature(self) -> int:
        """Entrants left out because their window is not over at the end of observation."""
        count: int = self._facts["immature"]
        return count

    @property
    def before_outcomes(self) -> int:
        """Entrants left out because they entered before ``outcomes_from``."""
        count: int = self._facts["before_outcomes"]
        return count

    @property
    def never_entered(self) -> int:
        """Leads that never reached step 1."""
        count: int = self._facts["never_entered"]
        return count

    @property
    def removed(self) -> int:
        """Leads that an exclusion took out."""
        count: int = self._facts["removed"]
        return count

    def plot(self) -> Any:
        """Return an Altair chart: bars of leads per step, with the share of step 1 and its interval.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> type(f.plot()).__name__
        'LayerChart'
        """
        return funnel_chart(self._tables["steps"], by_name(self._facts["spec"]["by"]))

    def plot_trend(self) -> Any:
        """Return an Altair chart: share of step 1 by period of entry, with hollow points where incomplete.

        Examples
        --------
        >>> import leadlens as ll
        >>> f = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d", period="month")
        >>> type(f.plot_trend()).__name__
        'LayerChart'
        """
        return funnel_trend_chart(self.trend(), [step for step, _ in self.steps], by_name(self._facts["spec"]["by"]))


class Drivers(Shown):
    """What separates leads that went on from those that dropped off; made by :meth:`Journeys.drivers`.

    Examples
    --------
    >>> import leadlens as ll
    >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
    >>> d.to_polars()["factor"].unique().sort().to_list()
    ['after', 'before', 'field']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step and property: counts, rates, odds or hazard ratio with interval, p, and q.

        ``factor`` is ``field``, ``channel``, ``before`` (an event of the kind came before the step) or ``after``.
        Events after the step have a hazard ratio: the pace of going on after the event by that before it or without
        it. Their ``q`` controls the share of false discoveries among them, that of the others among the others.

        Examples
        --------
        >>> import leadlens as ll
        >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> d.to_polars().columns[-5:]
        ['hazard_ratio', 'hazard_ratio_low', 'hazard_ratio_high', 'p', 'q']
        """
        return self._tables["drivers"]

    def plot(self) -> Any:
        """Return an Altair chart: odds ratios with intervals of the strongest sure properties, by step.

        Examples
        --------
        >>> import leadlens as ll
        >>> d = ll.datasets.b2b_saas().drivers(["created", "sql", "closed_won"], window="90d")
        >>> type(d.plot()).__name__
        'FacetChart'
        """
        return drivers_chart(self._tables["drivers"])


class Barriers(Shown):
    """What segments lose at each step against a reference; made by :meth:`Journeys.barriers`.

    Examples
    --------
    >>> import leadlens as ll
    >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
    >>> b.to_polars().height > 0
    True
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row per step and segment, most loss first; segments that do better have negative losses.

        Examples
        --------
        >>> import leadlens as ll
        >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> b.to_polars().columns[:4]
        ['step', 'next', 'group', 'leads']
        """
        return self._tables["barriers"]

    def plot(self) -> Any:
        """Return an Altair chart: conversions lost with intervals, the twenty largest.

        Examples
        --------
        >>> import leadlens as ll
        >>> b = ll.datasets.b2b_saas().barriers(["created", "sql", "closed_won"], by="lead_source", window="90d")
        >>> type(b.plot()).__name__
        'LayerChart'
        """
        return barriers_chart(self._tables["barriers"])
