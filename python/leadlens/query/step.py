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
                "any": [encode_step(choice) for choice in self.any_of],
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
            {
                "event": encode_step(self.event, "exclude"),
                "after": self.after,
                "before": self.before,
                "removes": self.removes,
            }
        )


def encode_step(step: str | Step | Sequence[str | Step], option: str = "steps") -> Any:
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
        raise OptionError(f"{option}: {value!r} is neither one nor a list of them")
    return list(value)


def encode_target(target: str | Step | Sequence[str | Step] | None) -> Any:
    has_step = isinstance(target, Step) or (
        isinstance(target, Sequence) and any(isinstance(one, Step) for one in target)
    )
    return encode_step(target, "target") if has_step else names(target, "target")  # type: ignore[arg-type]
