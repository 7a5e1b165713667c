"""The phrases that docs/style.md rules out do not occur in messages, comments and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PHRASES = {
    "is no, are no": r"\b(?:is|are) no (?!longer\b|more\b|less\b|sooner\b)[a-z]",
    "told, tells": r"\b(?:told|tells?)\b",
    "nobody, everybody": r"\b(?:no|any|every)body\b",
    "whatever": r"\bwhatever\b",
    "figures flatter": r"\bflatters?\b",
    "hardly ever": r"\bhardly ever\b",
    "all the same": r"\ball the same\b",
    "for ever": r"\bfor ever\b",
    "goes with neither": r"\bgoes? with neither\b",
    "say which option": r"(?:;|:|\bor) (?:say|give) \w+=",
    "is/are what": r"\bthere is something\b",
}
# The page that shows what to avoid, and the names of tests and functions that exist elsewhere.
EXEMPT = {"docs/style.md"}


def files() -> Iterator[Path]:
    for folder, pattern in [
        ("src", "*.rs"),
        ("python/src", "*.rs"),
        ("python/leadlens", "*.py*"),
        ("docs", "*.md"),
        ("examples", "*.rs"),
    ]:
        yield from sorted(p for p in (ROOT / folder).rglob(pattern) if p.suffix in {".rs", ".py", ".pyi", ".md"})
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))


TEXTS = {str(path.relative_to(ROOT).as_posix()): path.read_text(encoding="utf-8") for path in files()}


def test_there_is_something_to_look_at() -> None:
    assert sum(name.startswith("src/") for name in TEXTS) > 150
    assert sum(name.startswith("python/leadlens/") for name in TEXTS) > 20
    assert "README.md" in TEXTS


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_does_not_occur(phrase: str) -> None:
    pattern = re.compile(PHRASES[phrase], re.IGNORECASE)
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in TEXTS.items()
        if name not in EXEMPT
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "see docs/style.md\n" + "\n".join(found)


def test_doc_comments_have_more_than_one_word() -> None:
    alone = re.compile(r"\n[ ]*/// [A-Za-z]+\.?\n(?![ ]*///)")
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 2}: {match.group().strip()}"
        for name, text in TEXTS.items()
        if name.endswith(".rs")
        for match in alone.finditer(text)
        if not text[: match.start()].rpartition("\n")[2].lstrip().startswith("///")
    ]
    assert not found, "see docs/style.md\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("is no, are no", "'x' is no step of a funnel"),
        ("told, tells", "its equations cannot be told apart"),
        ("nobody, everybody", "nobody is left at risk"),
        ("whatever", "whatever its type"),
        ("say which option", "there is something already; say overwrite=True"),
    ],
)
def test_the_patterns_find_what_they_are_for(phrase: str, text: str) -> None:
    assert re.search(PHRASES[phrase], text)
    assert not re.search(PHRASES[phrase], "the path exists; pass overwrite=True to replace it")
