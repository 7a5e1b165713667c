"""HTML of results in notebooks."""

from __future__ import annotations

from html import escape


def pre(text: str) -> str:
    """Return a text as an HTML block that keeps its columns."""
    return f"<pre style='font-family:monospace;line-height:1.35'>{escape(text)}</pre>"
