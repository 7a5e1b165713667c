"""Steps of funnels, and other events that meet conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import OptionError
from ..tables.encode import names, omit_none, one_name
from .breakdown import conditions

__all__ = ["Exclusion", "Step"]


@dataclass(frozen=True)
class Step:
    """Events that meet conditions, as a step of a funnel, a target, a touch or an exclusion.

    An event must meet all conditions that are given.

    Parameters
    ----------
    kind : str or float, optional
        Event kind or stage; ``*`` and ``?`` are wildcards. For kinds that are numbers or truth values, the value itself
        is accepted too.
    stage : str or float, optional
        Stage, if an event kind has the same name.
    channel : str or float, optional
        Channel; ``*`` and ``?`` are wildcards.
    where : mapping, optional
        Conditions on values and properties of the event, by name, as those on lead fields in :meth:`Journeys.funnel`:
        a value, a text with wildcards, a comparison such as ``">= 3"``, None (missing), a list of alternatives,
        ``{"not": …}`` or ``{"all": […]}``. ``"!= 3"`` and ``{"not": 3}`` include events without a value.
    any_of : sequence of str or Step, optional
        Alternatives, of which one must hold.
    name : str, optional
        Name in results.
    optional : bool, default False
        Whether leads may skip the step. For steps of funnels.
    within : str, optional
        Longest time from the step before, inclusive, such as ``"7d"``. For steps of funnels.

    See Also
    --------
    Exclusion : Events that end an attempt.
    Journeys.funnel : Takes steps.

    Examples
    --------
    >>> import leadlens as ll
    >>> j = ll.datasets.b2b_saas()
    >>> talk = ll.Step(any_of=["demo", "meeting"], name="talk", within="30d")
    >>> j.funnel(["created", talk, "closed_won"], window="60d").steps.row(1)
    ('talk', 4058)
    """

    kind: str | float | None = None
    stage: str | float | None = field(default=None, kw_only=True)
    channel: str | float | None = field(default=None, kw_only=True)
    where: Mapping[str, object] | None = field(default=None, kw_only=True)
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
                "any": [encode_step(choice) for choice in self.any_of],
                "name": self.name,
                "optional": self.optional,
                "within": self.within,
                # Without this key, "created" is the creation of leads.
                "event": True if self.kind == "created" else None,
            }
        )


@dataclass(frozen=True)
class Exclusion:
    """Events that end an attempt between two steps of a funnel.

    Parameters
    ----------
    event : str, Step or sequence of them
        The events.
    after, before : int or str, optional
        The two steps, by number counted from 1 or by name. By default the first and the last.
    removes : bool, default False
        Whether the lead leaves the funnel and is counted in :attr:`Funnel.removed`. By default it keeps the steps that
        it had reached.

    See Also
    --------
    Step : Events that meet conditions.
    Journeys.funnel : Takes exclusions.

    Examples
    --------
    >>> import leadlens as ll
    >>> j = ll.datasets.b2b_saas()
    >>> without = ll.Exclusion("meeting", after="sql", before="closed_won")
    >>> j.funnel(["created", "sql", "closed_won"], window="60d", exclude=without).steps.row(1)
    ('sql', 4629)
    """

    event: str | Step | Sequence[str | Step]
    after: int | str | None = field(default=None, kw_only=True)
    before: int | str | None = field(default=None, kw_only=True)
    removes: bool = field(default=False, kw_only=True)

    def _spec(self) -> dict[str, Any]:
        return omit_none(
            {
                "event": encode_step(self.event, "exclude"),
                "after": self.after,
                "before": self.before,
                "removes": self.removes,
            }
        )


def encode_step(step: str | Step | Sequence[str | Step], option: str = "steps") -> Any:
    """Return a step as JSON has it; ``option`` is its name in messages."""
    if isinstance(step, str):
        return step
    if isinstance(step, bool | int | float) or hasattr(step, "item"):
        return one_name(step)
    if isinstance(step, Step):
        return step._spec()
    if isinstance(step, Sequence):
        return [encode_step(choice, option) for choice in step]
    raise OptionError(f"{option}: expected a name, a Step, or a list of them, got {step!r}")


def _exclusion(event: Exclusion | str | Step) -> dict[str, Any]:
    return (event if isinstance(event, Exclusion) else Exclusion(event))._spec()


def encode_funnel(
    steps: Sequence[str | Step | Sequence[str | Step]],
    *,
    window: str | None,
    entry: str,
    exclude: Exclusion | str | Step | Sequence[Exclusion | str | Step] | None,
) -> dict[str, Any]:
    """Return the options that all analyses of steps share as JSON has them."""
    return {
        "steps": [encode_step(s) for s in _listed("steps", steps, str | Step)],
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
        raise OptionError(f"{option}: expected one value or a list, got {value!r}")
    return list(value)


def encode_target(target: str | Step | Sequence[str | Step] | None) -> Any:
    """Return a target as JSON has it: names of stages and kinds, or steps."""
    has_step = isinstance(target, Step) or (
        isinstance(target, Sequence) and any(isinstance(one, Step) for one in target)
    )
    return encode_step(target, "target") if has_step else names(target, "target")  # type: ignore[arg-type]
