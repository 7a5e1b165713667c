"""What the documents name exists: files, folders, tests, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY"))])
FOLDERS = ("src", "tests", "python", "benches", "examples", "docs", ".ci")


def named(text: str) -> set[str]:
    """Paths in backticks, and those of commands."""
    quoted = re.findall(r"`([^`\n]+)`", text)
    paths = {word for quote in quoted for word in quote.split() if word.startswith(tuple(f"{f}/" for f in FOLDERS))}
    return {path.rstrip(",;:") for path in paths}


def expanded(path: str) -> list[str]:
    """A path with braces means several."""
    found = re.search(r"\{([^}]*)\}", path)
    if not found:
        return [path]
    return [one for part in found[1].split(",") for one in expanded(path.replace(found[0], part, 1))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_exist(page: Path) -> None:
    paths = [one for path in named(page.read_text(encoding="utf-8")) for one in expanded(path)]
    missing = [path for path in paths if not list(ROOT.glob(path.rstrip("/")))]
    assert not missing, f"{page.name} names what was moved or deleted"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_named_tests_exist() -> None:
    """`file` (`test`, `test`) names tests of that file."""
    looked_at = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for path, names in re.findall(r"`(tests/[\w/.]+\.(?:rs|py))`\s+\(((?:`\w+`(?:,\s+)?)+)", text):
            source = (ROOT / path).read_text(encoding="utf-8")
            for name in re.findall(r"`(\w+)`", names):
                looked_at += 1
                assert re.search(rf"\b(?:fn|def) {name}\(", source), f"{page.name}: {path} has no test {name}"
    assert looked_at > 60


def test_the_pages_are_there() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"docs/architecture.md", "docs/formats.md", "docs/style.md", "docs/decisions/README.md"} <= names
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    decisions = [page.name for page in PAGES if re.match(r"\d{4}-", page.name)]
    assert len(decisions) > 20
    assert [name for name in decisions if f"({name})" not in listed] == []


def test_the_map_has_the_order_of_the_layers() -> None:
    source = (ROOT / "tests" / "layers.rs").read_text(encoding="utf-8")
    listed = re.search(r"const LAYERS[^=]*=\s*\[(.*?)\]", source, re.S)
    assert listed
    layers = re.findall(r'"(\w+)"', listed[1])
    page = (
        (ROOT / "docs" / "architecture.md")
        .read_text(encoding="utf-8")
        .split("## Map")[1]
        .split("Not in the library")[0]
    )
    mapped = [Path(path).stem for path in re.findall(r"`src/(\w+(?:\.rs)?)`", page)]
    assert [layer for layer in layers if layer in mapped] == mapped
    folders = [layer for layer in layers if (ROOT / "src" / layer).is_dir()]
    assert [layer for layer in folders if layer not in mapped] == [], "the map lacks a folder"
