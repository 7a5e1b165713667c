"""The command line: ``leadlens check | train | evaluate | score | funnel | demo``."""

from __future__ import annotations

import sys

from . import _core
from .datasets import folder


def main() -> None:
    """Run the command line and exit with its code: 0 ok, 2 usage, 3 data, 4 model."""
    arguments = ["leadlens", *sys.argv[1:]]
    wants_data = arguments[1:2] == ["demo"] and not any(a == "--data" or a.startswith("--data=") for a in arguments)
    if wants_data and not {"-h", "--help"} & set(arguments):
        arguments += ["--data", str(folder("b2b_saas"))]
    try:
        code = _core.run_program(arguments)
    except KeyboardInterrupt:
        code = 130  # as shells say of a program that Ctrl-C ended
    sys.exit(code)


if __name__ == "__main__":
    main()
