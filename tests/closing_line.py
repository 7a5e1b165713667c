"""Prints the last line of `make test`: that all passed, how many tests of Python were skipped, and why."""

import sys
import xml.etree.ElementTree as ET
from collections import Counter


def closing_line(reports: list[str]) -> str:
    """Return the line for reports in JUnit's format, one per run of pytest that passed."""
    cases = [case for path in reports for case in ET.parse(path).getroot().iter("testcase")]
    reasons = Counter(skip.get("message", "no reason given") for case in cases for skip in case.iter("skipped"))
    skipped = sum(reasons.values())
    listed = "; ".join(f"{n} × {reason}" for reason, n in reasons.most_common())
    passed = f"All tests passed: those of Rust, and {len(cases) - skipped:,} of Python"
    return f"{passed}; {skipped} skipped ({listed})." if skipped else f"{passed}; none skipped."


if __name__ == "__main__":
    print(closing_line(sys.argv[1:]))
