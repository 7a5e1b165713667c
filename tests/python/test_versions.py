"""Versions that stand in several places are the same."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def found(path: str, pattern: str) -> str:
    match = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.M)
    assert match, f"{path} has no {pattern}"
    return match[1]


def test_lints_are_of_the_oldest_supported_python() -> None:
    major, minor = found("pyproject.toml", r'^requires-python = ">=([\d.]+)"').split(".")
    assert found("pyproject.toml", r'^target-version = "(\w+)"') == f"py{major}{minor}"
    assert found("python/Cargo.toml", r'features = \["abi3-(py\d+)"\]') == f"py{major}{minor}"


def test_hooks_and_tests_spell_with_one_version() -> None:
    pinned = found("requirements-dev.txt", r"^typos==([\d.]+)")
    assert found(".pre-commit-config.yaml", r"additional_dependencies: \[typos==([\d.]+)\]") == pinned


def test_formats_in_documents_are_those_of_the_code() -> None:
    page = "docs/formats.md"
    assert found(page, r"^\| Model \| (\d+) \|") == found("src/model/format.rs", r"FORMAT_VERSION: u64 = (\d+);")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "frames").rglob("*.rs"))
    (journeys,) = re.findall(r"^const FORMAT: u32 = (\d+);", sources, re.M)
    assert found(page, r"^\| Saved journeys \| (\d+) \|") == journeys
