"""Charts as objects that are safe to save: names from the data cannot end the script of a page."""

from __future__ import annotations

import json
from contextvars import ContextVar
from functools import cache
from typing import Any

from .colors import INK
from .package import package

KINDS = ("Chart", "LayerChart", "FacetChart", "HConcatChart", "VConcatChart", "ConcatChart", "RepeatChart")


DARK = ("dark", "carbong90", "carbong100")
"""Themes of vega-embed with a dark background."""


class SafeJSON(json.JSONEncoder):
    """JSON for the inside of a script element: ``</`` and ``<!--`` are written in another way."""

    def encode(self, o: Any) -> str:
        """Return the JSON."""
        return super().encode(o).replace("</", "<\\/").replace("<!--", "<\\u0021--")


MARK = "\u2060"
"""Invisible; stands between the two signs until they are in a page."""

_marking: ContextVar[bool] = ContextVar("marking", default=False)


def mapped(value: Any, old: str, new: str) -> Any:
    """Return a JSON value with ``old`` replaced by ``new`` in all its texts."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {mapped(k, old, new): mapped(v, old, new) for k, v in value.items()}
    return [mapped(v, old, new) for v in value] if isinstance(value, list) else value


def marked(value: Any) -> Any:
    """Return a JSON value in whose texts the invisible sign stands where they could end a script."""
    return mapped(mapped(value, "</", f"<{MARK}/"), "<!--", f"<{MARK}!--")


class Saving:
    """What charts of leadlens do in another way than those of altair: write pages."""

    def to_html(self, *args: Any, json_kwds: dict[str, Any] | None = None, **kwargs: Any) -> str:
        """Return an HTML page, as ``altair.Chart.to_html`` does."""
        page: str = super().to_html(*args, json_kwds={"cls": SafeJSON, **(json_kwds or {})}, **kwargs)  # type: ignore[misc]
        return page

    def save(self, fp: Any, *args: Any, json_kwds: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Write the chart to a file, as ``altair.Chart.save`` does."""
        super().save(fp, *args, json_kwds={"cls": SafeJSON, **(json_kwds or {})}, **kwargs)  # type: ignore[misc]

    def to_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the specification, as ``altair.Chart.to_dict`` does."""
        spec = super().to_dict(*args, **kwargs)  # type: ignore[misc]
        # Labels beside marks are as light as those of axes where a theme has a dark background.
        theme = spec.get("usermeta", {}).get("embedOptions", {}).get("theme")
        fill = spec.get("config", {}).get("style", {}).get("guide-label", {}).get("fill")
        fill = "#dddddd" if fill is None and theme in DARK else fill
        spec = mapped(spec, INK, fill) if isinstance(fill, str) else spec
        if "$schema" not in spec:
            # Inside a chart of altair, which writes the page itself, the invisible sign stays.
            datasets = (kwargs.get("context") or {}).get("datasets", {})
            datasets.update(marked(datasets))
            return marked(spec)
        spec = mapped(spec, f"<{MARK}", "<")
        return marked(spec) if _marking.get() else spec

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        # Renderers are functions of a specification; what they write is corrected afterwards.
        token = _marking.set(True)
        try:
            bundle = super()._repr_mimebundle_(*args, **kwargs)  # type: ignore[misc]
        finally:
            _marking.reset(token)
        if isinstance(bundle, tuple):
            return (_unmarked(bundle[0]), *bundle[1:])
        return _unmarked(bundle) if isinstance(bundle, dict) else bundle

    def __add__(self, other: Any) -> Any:
        return finished(super().__add__(other))  # type: ignore[misc]

    def __or__(self, other: Any) -> Any:
        return finished(super().__or__(other))  # type: ignore[misc]

    def __and__(self, other: Any) -> Any:
        return finished(super().__and__(other))  # type: ignore[misc]

    def facet(self, *args: Any, **kwargs: Any) -> Any:
        """Return the chart in panels, as ``altair.Chart.facet`` does."""
        return finished(super().facet(*args, **kwargs))  # type: ignore[misc]


def _unmarked(bundle: dict[str, Any]) -> dict[str, Any]:
    """Return a bundle in which pages have the signs escaped, and other formats have them as they were."""
    in_json = json.dumps(MARK)[1:-1]
    return {
        kind: content.replace(f"<{in_json}/", "<\\/").replace(f"<{in_json}!--", "<\\u0021--")
        if isinstance(content, str)
        else mapped(content, f"<{MARK}", "<")
        for kind, content in bundle.items()
    }


@cache
def _kind(name: str) -> Any:
    kind = type(name, (Saving, getattr(package(), name)), {"__doc__": f"altair.{name} that writes safe pages."})
    kind.__module__, kind.__qualname__ = __name__, name
    return kind


def __getattr__(name: str) -> Any:
    # The classes derive from those of altair, which is imported when a chart is drawn.
    if name in KINDS:
        return _kind(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def finished(chart: Any) -> Any:
    """Return the chart as one that writes safe pages."""
    name = type(chart).__name__
    if isinstance(chart, Saving) or name not in KINDS:
        return chart
    safe = object.__new__(_kind(name))
    safe.__dict__.update(chart.__dict__)
    return safe
