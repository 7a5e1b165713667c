"""Colors that differ for people with color blindness too, readable on white and on dark grey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .package import package

BLUE, RED, GREY = "#0072B2", "#D55E00", "#888888"

PALETTE = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", RED, "#8C6D31", GREY)
"""Those of M. Okabe and K. Ito, "Color universal design", 2008, without yellow and black; a brown and a grey."""

INK = "#6e6e6e"
"""Texts beside marks."""


def color_sequence(names: Sequence[str]) -> list[str]:
    """Return one color per name; names beyond the palette start again."""
    return [PALETTE[i % len(PALETTE)] for i in range(len(names))]


def color_scale(shown: Sequence[str], every: Sequence[str] | None = None) -> Any:
    """Return a scale that gives a name the color of its place in ``every``, whichever of them are shown."""
    places = {name: color for name, color in zip(every or shown, color_sequence(every or shown), strict=True)}
    return package().Scale(domain=list(shown), range=[places[name] for name in shown])
