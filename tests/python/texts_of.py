"""Texts that are kept in files: each is compared with `tests/golden/texts/<name>`, or replaces it.

``UPDATE_TEXTS=1 python -m pytest tests/python -k texts_kept`` writes the files again; review them with ``git diff``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import leadlens as ll

KEPT = Path(__file__).resolve().parents[1] / "golden" / "texts"
UPDATE = os.environ.get("UPDATE_TEXTS") == "1"


def plain(text: str, places: Mapping[str, object] | None = None) -> str:
    """Return a text without what differs between machines: folders, versions, rounding errors."""
    for name, place in (places or {}).items():
        text = text.replace(str(place), f"<{name}>")
    text = re.sub(r"\bleadlens \d+\.\d+\.\d+\S*?(?=[\s<]|$)", "leadlens <version>", text)
    text = re.sub(r"gradient (norm )?\d\.\de-\d+", r"gradient \1<tiny>", text)
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip() + "\n"


def compare(name: str, text: str, places: Mapping[str, object] | None = None) -> None:
    """Compare a text with the file that keeps it, or write the file if ``UPDATE_TEXTS=1`` is set."""
    path = KEPT / name
    text = plain(text, places)
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} is not kept yet; run with UPDATE_TEXTS=1"
    assert text == path.read_text(encoding="utf-8"), f"{name} has changed; if this is intended run with UPDATE_TEXTS=1"


def message(attempt: Callable[[], object]) -> str | None:
    """Return the class and message of the error that an attempt raises."""
    try:
        attempt()
    except (ll.LeadLensError, ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def messages(attempts: Mapping[str, Callable[[], object]]) -> str:
    """Return the messages of all attempts, each below its name."""
    found = {name: message(attempt) for name, attempt in attempts.items()}
    silent = [name for name, text in found.items() if text is None]
    assert not silent, f"no error was raised: {silent}"
    return "\n\n".join(f"# {name}\n{text}" for name, text in found.items())
