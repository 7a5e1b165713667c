"""Progress bars for long work; silent when standard error is not a terminal or notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def bar_class(notebook: bool) -> Any:
    """Return the class of bars: widgets where ipywidgets can be imported, without which tqdm warns, or else lines."""
    try:
        if not notebook:
            raise ImportError
        import ipywidgets  # noqa: F401
        from tqdm.auto import tqdm
    except Exception:
        # A broken installation raises errors of any kind.
        from tqdm import tqdm
    return tqdm


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], object] | None]:
    """Yield a callback ``(label, done, total)`` that drives a bar, or None outside of terminals and notebooks."""
    notebook = "ipykernel" in sys.modules
    if not (notebook or sys.stderr.isatty()):
        yield None
        return
    tqdm = bar_class(notebook)
    bar = None

    def show(label: str, done: int, total: int) -> None:
        nonlocal bar
        if total <= 0:
            return
        if bar is None:
            bar = tqdm(total=total, leave=False, delay=0.5)
        bar.total = total
        bar.set_description(label, refresh=False)
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
