"""Which features to compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..tables.encode import as_json, names

__all__ = ["FeatureSet"]


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """Which features of the catalogue to compute.

    Names: ``count(email_open, 30d)``, ``count(*)``, ``active_days(*, 30d)``, ``days_since_first(*)``,
    ``days_since_last(demo)``, ``decayed(email_open, 14d)``, ``momentum(*)``, ``sum(session.page_views)``,
    ``max(…)``, ``last(…)``, ``distinct_channels(*)``, ``first_channel``, ``last_channel``, ``stage``,
    ``days_in_stage``, ``age_days``; fields of leads under their own names, dates as ``days_since(field)``.
    Ages and times since something are exact, up to the cutoff; a whole day counts from the instant that stands for it.
    ``*`` is what buyer and marketing did, ``@sales`` what sales did, ``source:*`` all kinds of one source.

    Parameters
    ----------
    windows : sequence of str
        Windows of counts over all events, each side and each source.
    kind_windows : sequence of str
        Windows of counts of one kind.
    half_lives : sequence of str
        Half-lives of decayed counts.
    per_kind : bool
        Whether every kind has features of its own.
    max_kinds : int
        At most this many kinds, those that most leads have.
    daily_cap : int or None
        Events of one kind on one calendar day beyond this number do not count.
    fields : bool
        Whether to use the fields of leads.
    sales : bool
        Whether to use stages and what sales did.
    only : sequence of str
        If not empty, exactly these features.
    without : sequence of str
        Features to leave out.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.FeatureSet(only=["count(*, 30d)", "age_days"]).only
    ['count(*, 30d)', 'age_days']
    """

    windows: Sequence[str] = ("7d", "30d", "90d")
    kind_windows: Sequence[str] = ("30d",)
    half_lives: Sequence[str] = ("14d",)
    per_kind: bool = True
    max_kinds: int = 30
    daily_cap: int | None = 20
    fields: bool = True
    sales: bool = True
    only: Sequence[str] = ()
    without: Sequence[str] = ()

    def _json(self) -> str:
        return as_json(
            {
                "windows": names(self.windows, "windows"),
                "kind_windows": names(self.kind_windows, "kind_windows"),
                "half_lives": names(self.half_lives, "half_lives"),
                "per_kind": self.per_kind,
                "max_kinds": self.max_kinds,
                "daily_cap": self.daily_cap,
                "fields": self.fields,
                "sales": self.sales,
                "only": names(self.only, "only"),
                "without": names(self.without, "without"),
            }
        )
