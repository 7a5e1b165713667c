"""Wrong values of every key of a project file are refused in plain words that name the key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leadlens import _core

# Words of serde and of Rust.
JARGON = re.compile(
    r"\b(usize|[ui](8|16|32|64)|f64|struct|variant|enum|untagged|sequence|tuple|serde|expecting|bool|boolean|"
    r"invalid (type|value|length)|unknown field|missing field|floating point|data did not match)\b|`|a string\b|a map\b"
)
SECTIONS = [
    "snapshot", "split", "features", "model", "score", "score.snapshot", "call_list", "scorecard", "funnel",
    "stage_funnel", "time_to", "drivers", "barriers", "paths", "attribution", "report", "leads", "accounts",
]  # fmt: skip
ROWS = ["events", "stages", "fields", "attribution.spend"]
WRONG = ["-1", "1.5", "'no such word'", "[1]", "['x', 'y', 'z']", "true", "{a = 1}", "2024-13-01", "[]", "inf"]


def said(folder: Path, capfd: pytest.CaptureFixture[str], text: str) -> str:
    """Return the message about a project file; the tables do not exist."""
    file = folder / "leadlens.toml"
    file.write_text(text)
    code = _core.run_program(["leadlens", "check", "--config", str(file)])
    message = capfd.readouterr().err
    assert code != 0
    return message


def keys(folder: Path, capfd: pytest.CaptureFixture[str], section: str) -> list[str]:
    """Return the keys that the message about an unknown key lists."""
    message = said(folder, capfd, f"{header(section)}\nno_such_key = 1\n")
    known = re.search(r"known: (.+?)(; did you mean|$)", message)
    return re.findall(r"'(\w+)'", known[1]) if known else []


def header(section: str) -> str:
    return f"[[{section}]]" if section in ROWS else f"[{section}]"


@pytest.mark.parametrize("section", SECTIONS + ROWS)
def test_every_key_with_wrong_values(tmp_path: Path, capfd: pytest.CaptureFixture[str], section: str) -> None:
    leads = "" if section == "leads" else "[leads]\ntable = 'missing.csv'\nid = 'id'\n"
    found = keys(tmp_path, capfd, section)
    refused = 0
    for key in found:
        for value in WRONG:
            message = said(tmp_path, capfd, f"{leads}\n{header(section)}\n{key} = {value}\n")
            if value == "2024-13-01":
                # Not TOML at all: the parser says where.
                assert "line" in message or "missing.csv" in message, message
                continue
            # What is allowed goes on to the table, which does not exist.
            if "missing.csv" in message and "not found" in message.lower():
                continue
            refused += 1
            assert not JARGON.search(message.replace(f"{key} = {value}", "")), f"{key} = {value}: {message}"
    assert found, "the message about an unknown key lists the known ones"
    assert refused > len(found)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_is_no_table(tmp_path: Path, capfd: pytest.CaptureFixture[str], section: str) -> None:
    if "." in section:
        return
    for value in ("3", "'x'", "[1, 2]"):
        message = said(tmp_path, capfd, f"{section} = {value}\n")
        assert section in message
        assert not JARGON.search(message), message


def test_known_words_are_listed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for text, wanted in [
        ("[snapshot]\nmaturity = 'drp'", "snapshot.maturity: 'drp' is not one of 'drop', 'ipcw'; did you mean 'drop'?"),
        ("[funnel]\nwindw = '3d'", "funnel.windw: unknown key 'windw'"),
        (
            "[drivers]\norder = 'sequentialy'",
            "drivers.order: 'sequentialy' is not one of 'sequential', 'strict', 'any'",
        ),
        ("[model]\nmin_leads = -1", "model.min_leads: expected an integer of at least 0, not -1"),
        ("[snapshot]\nmaturity = 3", "snapshot.maturity: expected one of 'drop', 'ipcw', not 3"),
        (
            "[[events]]\ntable = 'x.csv'\nlead = 'a'\nside = [1]",
            "events.side: expected one of 'buyer', 'marketing', 'sales', not a list",
        ),
        ("[split]\ntest = nan", "split.test: must be a finite number, not NaN"),
        ("[features]\nwindows = ['7d', 'x']", "features.windows[1]: 'x' is not a span of time"),
    ]:
        message = said(tmp_path, capfd, f"[leads]\ntable = 'missing.csv'\nid = 'id'\n\n{text}\n")
        assert wanted in message, message
        assert "leadlens.toml" in message
