"""Phrases of reasons in words."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import OptionError


def phrases_of(words: bool | Mapping[str, str]) -> dict[str, str] | None:
    """Return the phrases that stand for English ones; None if no words are wanted."""
    if isinstance(words, bool):
        return {} if words else None
    wanted = "words must be True, False, or a dict of phrases"
    if not isinstance(words, Mapping):
        raise OptionError(f"{wanted}, not {words!r}")
    for key, phrase in words.items():
        if not isinstance(key, str) or not isinstance(phrase, str):
            raise OptionError(f"{wanted}; {key!r}: {phrase!r} is not a pair of texts")
    return dict(words)
