"""The choice of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..tables.encode import as_json, names

__all__ = ["FeatureSet"]


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """A choice of the features that a snapshot computes.

    Parameters
    ----------
    windows : sequence of str, default ("7d", "30d", "90d")
        Windows of counts over all events, each side and each source.
    kind_windows : sequence of str, default ("30d",)
        Windows of counts of one kind.
    half_lives : sequence of str, default ("14d",)
        Half-lives of decayed counts.
    per_kind : bool, default True
        Whether each kind of event has features of its own.
    max_kinds : int, default 30
        Largest number of kinds; kinds with the most leads come first.
    daily_cap : int or None, default 20
        Largest number of events of one kind that count on one calendar day. None for no limit.
    fields : bool, default True
        Whether to use the fields of leads.
    sales : bool, default True
        Whether to use stages and events of sales.
    only : sequence of str, optional
        Names of the features; replaces the choice by the other options.
    without : sequence of str, optional
        Names of features to leave out, such as ``"days_since_*"``: ``*`` and ``?`` are wildcards; an exact name comes
        first.

    See Also
    --------
    Journeys.snapshot : Takes a feature set.
    Snapshot.feature_names : Names of the features of a snapshot.

    Notes
    -----
    Names of features are ``count(email_open, 30d)``, ``count(*)``, ``active_days(*, 30d)``, ``days_since_first(*)``,
    ``days_since_last(demo)``, ``decayed(email_open, 14d)``, ``momentum(*)``, ``sum(session.page_views)``, ``max(…)``,
    ``last(…)``, ``distinct_channels(*)``, ``first_channel``, ``last_channel``, ``stage``, ``days_in_stage`` and
    ``age_days``; lead fields have their own names, and dates are ``days_since(field)``. ``*`` stands for the events of
    buyer and marketing, ``@sales`` for the events of sales, ``source:*`` for all kinds of one source. Ages are exact
    up to the cutoff, in days.

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
