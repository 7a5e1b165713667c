"""The command line, ``leadlens``; ``leadlens --help`` lists the commands."""

from __future__ import annotations

import signal
import sys
from typing import Any

from . import _core
from .datasets import folder


def _stop(number: int, frame: Any) -> None:
    # The exit code that shells use for a program ended by a signal: 130 for Ctrl-C, 143 for SIGTERM.
    raise SystemExit(128 + number)


def main() -> None:
    """Run the command line and exit with its code: 0 ok, 2 usage, 3 data, 4 model, 70 a defect, 130 or 143 stopped."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A background job of a shell ignores Ctrl-C and must continue to do so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    arguments = ["leadlens", *sys.argv[1:]]
    wants_data = arguments[1:2] == ["demo"] and not any(a == "--data" or a.startswith("--data=") for a in arguments)
    if wants_data and not {"-h", "--help"} & set(arguments):
        arguments += ["--data", str(folder("b2b_saas"))]
    sys.exit(_core.run_program(arguments))


if __name__ == "__main__":
    main()
