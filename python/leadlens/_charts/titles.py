"""Titles, names and sentences in charts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from .colors import INK
from .data import inline
from .package import package
from .page import finished


def one_line(text: object) -> str:
    """Return a text on one line: control characters, which a picture cannot show, are spaces."""
    return "".join(" " if c < " " or "\x7f" <= c <= "\x9f" or c in "\u2028\u2029" else c for c in str(text))


def names_shown(table: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the table with each name on one line; names that differ still do."""
    for column in columns:
        names = table[column].drop_nulls().unique(maintain_order=True).to_list()
        shown: dict[str, str] = {}
        taken: set[str] = set()
        for name in names:
            text, number = one_line(name), 1
            while text in taken:
                number += 1
                text = f"{one_line(name)} ({number})"
            shown[name] = text
            taken.add(text)
        if any(name != text for name, text in shown.items()):
            table = table.with_columns(pl.col(column).replace(shown))
    return table


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines; a number and its sign stay together, and words are broken only if longer than a line."""
    kept = one_line(text).replace(" %", "\0%").replace(" = ", "\0=\0")
    return [line.replace("\0", " ") for line in textwrap.wrap(kept, width)]


def heading(text: str) -> str | list[str]:
    """Return the title of an axis, in lines that are not longer than the axis."""
    lines = wrapped(text, 48)
    return lines if len(lines) > 1 else one_line(text)


def title(text: str, *lines: str | None) -> Any:
    """Return a title with the given lines below it, each wrapped; empty ones are left out."""
    below = [part for line in lines if line for part in wrapped(line, 84)]
    heads = wrapped(text, 70) or [""]
    more: dict[str, Any] = {"subtitle": below} if below else {}
    return package().Title(
        heads if len(heads) > 1 else heads[0], anchor="start", frame="group", fontSize=13, subtitleFontSize=11, **more
    )


def plural(n: float, what: str) -> str:
    """Return a number with its noun, such as ``5,000 leads``."""
    return f"{n:,.0f} {what}" if n == 1 else f"{n:,.0f} {what}s"


def within(window: str | None) -> str | None:
    """Return a time limit in words."""
    return None if window is None else f"within {window}"


def describe(*parts: str | None) -> str:
    """Return the given parts as one line, separated by semicolons."""
    return "; ".join(part for part in parts if part)


def part_of(shown: Sequence[Any], every: Sequence[Any], what: str) -> str | None:
    """Return a sentence that states how many of the groups are shown, if some are not."""
    if len(shown) >= len(every):
        return None
    return f"{len(shown)} of {len(every)} {what}; the table has all"


def facet_header() -> Any:
    """Return the header of panels: the name above its panel, at its left end, not cut."""
    return package().Header(labelAngle=0, labelOrient="top", labelAnchor="start", labelLimit=0, labelFontWeight="bold")


def nothing(why: str, lines: Iterable[str | None] = ()) -> Any:
    """Return a sentence in the place of a chart that would be empty."""
    alt = package()
    texts = [part for line in (why, *lines) if line for part in wrapped(line, 76)]
    data = inline(pl.DataFrame({"text": texts, "line": list(range(len(texts)))}))
    base = alt.Chart(data).mark_text(fontSize=13, color=INK, align="left")
    chart = base.encode(x=alt.value(10), y=alt.Y("line:O", axis=None), text=alt.Text("text:N")).properties(
        width=560, height=alt.Step(22)
    )
    return finished(chart.properties(view=alt.ViewConfig(stroke=None)))
