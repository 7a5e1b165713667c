"""Values that are computed once, however often and from however many threads they are asked for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import polars as pl

_Value = TypeVar("_Value")


class Once:
    """A cache of an immutable object's derived values.

    Threads that ask for the same value wait for the one that computes it; different values do not wait for each other.
    A computation that fails leaves no trace, and the next call tries again.
    """

    def __init__(self) -> None:
        self._values: dict[Hashable, Any] = {}
        self._renew()

    def _renew(self) -> None:
        self._process = os.getpid()
        self._guard = threading.Lock()
        self._locks: dict[Hashable, threading.RLock] = {}  # type: ignore[valid-type, unused-ignore]

    def get(self, key: Hashable, compute: Callable[[], _Value]) -> _Value:
        """Return the value of ``key``, computed on the first call."""
        if key in self._values:
            return cast(_Value, self._values[key])
        if self._process != os.getpid():
            # Threads of the parent that hold locks do not exist in a forked child.
            self._renew()
        with self._guard:
            lock = self._locks.setdefault(key, threading.RLock())
        with lock:
            if key not in self._values:
                self._values[key] = compute()
        return cast(_Value, self._values[key])

    def frame(self, key: Hashable, compute: Callable[[], Any]) -> pl.DataFrame:
        """Return a table of ``key``, computed on the first call; changing it in place does not change the next one."""
        return self.get(key, lambda: pl.DataFrame(compute())).clone()

    def __copy__(self) -> Once:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Once:
        # Locks cannot be copied. The values do not change, so copies share them.
        other = Once()
        other._values = dict(self._values)
        return other

    def __reduce__(self) -> tuple[type[Once], tuple[()]]:
        return Once, ()
