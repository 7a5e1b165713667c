"""The package that draws charts."""

from __future__ import annotations

from typing import Any

from ..errors import MissingPackageError


def package() -> Any:
    """Return altair, or say how to install it."""
    try:
        import altair
    except ImportError as error:
        raise MissingPackageError(
            f"charts are drawn by altair, which cannot be imported ({error}); install it with "
            "pip install 'leadlens[plot]'"
        ) from error
    return altair
