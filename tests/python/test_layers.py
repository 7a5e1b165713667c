"""Imports of the package go one way: a room uses those above it only, and no two files import each other in a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import leadlens as ll

PACKAGE = Path(ll.__file__).parent

LAYERS = (
    ("errors",),
    ("_arguments", "_display", "_frames", "_leaks", "_once", "_progress"),
    ("_charts",),
    ("tables",),
    ("query",),
    ("check",),
    ("analyses",),
    ("snapshot",),
    ("journeys",),
    ("audits",),
    ("linear_model", "scoring"),
    ("datasets", "metrics", "reports"),
    ("__main__",),
)
"""Rooms in order: each may import from the rows before its own, and from itself."""

HEAVY = {"altair", "pandas", "pyarrow", "sklearn", "tqdm"}
"""Libraries that are imported inside functions: ``import leadlens`` must not need or load them."""


def module_of(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


SOURCES = {module_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
ROOMS = {room: place for place, rooms in enumerate(LAYERS) for room in rooms}


def is_package(module: tuple[str, ...]) -> bool:
    return (PACKAGE.joinpath(*module) / "__init__.py").exists()


def imports(module: tuple[str, ...], tree: ast.AST) -> set[tuple[str, ...]]:
    """Modules of the package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {tuple(name[1:]) for name in names if name[0] == "leadlens"}
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            folder = module if is_package(module) else module[:-1]
            base = folder[: len(folder) - node.level + 1] + tuple((node.module or "").split(".") if node.module else ())
        elif (node.module or "").split(".")[0] == "leadlens":
            base = tuple((node.module or "").split(".")[1:])
        else:
            continue
        # A name of a folder is a file in it, or what its __init__ offers.
        found |= {(*base, a.name) if (*base, a.name) in SOURCES else base for a in node.names if a.name != "_core"}
    return {name for name in found if name != ("_core",)}


GRAPH = {module: imports(module, tree) for module, tree in SOURCES.items()}


def test_the_graph_is_seen() -> None:
    assert ("analyses", "result") in GRAPH["analyses", "funnel"]
    assert ("errors",) in GRAPH["tables", "role"]
    assert sum(map(len, GRAPH.values())) > 100


def test_every_room_has_a_place() -> None:
    assert {module[0] for module in SOURCES if module} == set(ROOMS)


def test_imports_go_one_way() -> None:
    upward = []
    for module, targets in GRAPH.items():
        if not module:
            continue
        for target in targets:
            allowed = target and (target[0] == module[0] or ROOMS[target[0]] < ROOMS[module[0]])
            if not allowed:
                upward.append(f"{'.'.join(module)} imports {'.'.join(target) or 'leadlens'}")
    assert not upward


def test_no_circles() -> None:
    done: set[tuple[str, ...]] = set()

    def visit(module: tuple[str, ...], on_the_way: tuple[tuple[str, ...], ...]) -> None:
        assert module not in on_the_way, " → ".join(".".join(m) for m in (*on_the_way, module))
        if module not in done:
            for target in sorted(GRAPH[module]):
                visit(target, (*on_the_way, module))
            done.add(module)

    for module in GRAPH:
        visit(module, ())


@pytest.mark.parametrize("module", [m for m in SOURCES if m and m[0] != "linear_model"], ids=".".join)
def test_heavy_libraries_are_imported_inside_functions(module: tuple[str, ...]) -> None:
    named = set()
    for node in SOURCES[module].body:
        if isinstance(node, ast.Import):
            named |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            named.add(node.module.split(".")[0])
    assert not named & HEAVY


def test_files_are_short() -> None:
    lengths = {
        ".".join(m): len(
            (PACKAGE.joinpath(*m, "__init__.py") if is_package(m) else PACKAGE.joinpath(*m).with_suffix(".py"))
            .read_text(encoding="utf-8")
            .splitlines()
        )
        for m in SOURCES
    }
    assert {name: lines for name, lines in lengths.items() if lines > 600} == {}
