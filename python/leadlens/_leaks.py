"""Warnings of fields that look like leaks."""

from __future__ import annotations

import warnings

from . import _core
from .errors import LeakWarning


def warn_of_leaks(snapshot: _core.Snapshot) -> None:
    """Warn of suspect fields of a labelled snapshot, at the place of the caller of the caller."""
    suspects = snapshot.suspects()
    if suspects:
        fields = "1 field looks" if len(suspects) == 1 else f"{len(suspects)} fields look"
        listed = "".join(f"\n  {suspect}" for suspect in suspects)
        warnings.warn(f"{fields} suspect:{listed}", LeakWarning, stacklevel=3)
