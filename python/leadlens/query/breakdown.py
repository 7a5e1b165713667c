"""Breakdowns of results, and conditions on leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import OptionError
from ..tables.encode import plain_condition

__all__ = ["Bins"]


@dataclass(frozen=True)
class Bins:
    """Bins of a numeric lead field, to break down by.

    A bin contains its lower edge and excludes its upper edge.

    Parameters
    ----------
    field : str
        Lead field.
    bins : int, default 4
        Number of bins with about the same number of leads each. Edges are rounded.
    edges : sequence of float, optional
        Ascending edges, in the place of ``bins``.

    See Also
    --------
    Journeys.funnel : Takes bins as ``by``.

    Examples
    --------
    >>> import leadlens as ll
    >>> import polars as pl
    >>> leads = pl.DataFrame({"id": [1, 2, 3], "created": "2024-01-01", "employees": [5, 80, 900]})
    >>> j = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), observed_until="2024-06-01")
    >>> f = j.funnel(["created"], by=ll.Bins("employees", edges=[50, 500]))
    >>> f.to_polars()["group"].to_list()
    ['(all)', '50 to < 500', '< 50', '>= 500']
    """

    field: str
    bins: int = 4
    edges: tuple[float, ...] | list[float] = ()

    def _spec(self) -> dict[str, Any]:
        return {"field": self.field, "bins": self.bins, "edges": [float(e) for e in self.edges]}


By = str | Bins | Iterable[str | Bins]
"""A lead field, :class:`Bins` of one, or a list of them; some analyses also take a property of events."""


def breakdown(by: By | None) -> Any:
    """Return a breakdown as JSON has it."""
    if by is None or isinstance(by, str):
        return by
    if isinstance(by, Bins):
        return by._spec()
    if not isinstance(by, Iterable):
        raise OptionError(f"by: expected a field, Bins, or a list of them, got {by!r}")
    fields = [breakdown(field) if isinstance(field, str | Bins) else _no_field(field) for field in by]
    if not fields:
        raise OptionError("by: the list is empty; name at least one field")
    return fields


def _no_field(field: object) -> Any:
    raise OptionError(f"by: expected a field or Bins, got {field!r}")


def by_name(by: Any) -> str | None:
    """Return the title of a breakdown."""
    if by is None or isinstance(by, str):
        return by
    fields = by if isinstance(by, list) else [by]
    return " × ".join(f if isinstance(f, str) else f["field"] for f in fields)


def conditions(where: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return conditions on fields as JSON has them."""
    if where is None:
        return None
    if not isinstance(where, Mapping):
        raise OptionError(
            f"where: expected a mapping of lead fields to conditions, such as {{'country': 'DE'}}, got {where!r}"
        )
    return {str(name): plain_condition(condition) for name, condition in where.items()}
