"""Times as options take them."""

from __future__ import annotations

from datetime import date, datetime, timezone

import numpy as np

from ..errors import OptionError

__all__ = ["Time"]


Time = str | date | datetime | np.datetime64
"""A time: ISO 8601 text, date or datetime (also of pandas and NumPy). Without a zone it is in that of the journeys."""


def encode_time(value: Time | None, option: str) -> str | None:
    """Return a time as ISO 8601 text; ``option`` is its name in messages."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return str(value.astype("datetime64[us]"))
    # NaT is a datetime that is not equal to itself.
    if isinstance(value, datetime) and value == value:
        return (value.astimezone(timezone.utc) if value.tzinfo else value).isoformat()
    if isinstance(value, date) and value == value:
        return value.isoformat()
    raise OptionError(f"{option}: {value!r} is not a time; pass an ISO 8601 text, a date or a datetime")
