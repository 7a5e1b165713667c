"""Each kind of error has a Python class, a slug and an exit code of its own choice, not by default."""

from __future__ import annotations

import re
from pathlib import Path

import leadlens as ll
from leadlens import errors

ROOT = Path(__file__).resolve().parents[2]
ERROR = (ROOT / "src" / "error.rs").read_text(encoding="utf-8")
BINDING = (ROOT / "python" / "src" / "error.rs").read_text(encoding="utf-8")
COMMANDS = (ROOT / "src" / "cli" / "exit_codes.rs").read_text(encoding="utf-8")


def variants() -> list[str]:
    body = ERROR.split("pub enum Error {")[1].split("\n}\n")[0]
    return re.findall(r"^    ([A-Z]\w+)(?: \{|,)", body, re.M)


def arms(source: str, function: str) -> str:
    return source.split(f"fn {function}(")[1].split("\n}\n")[0]


def test_every_variant_is_placed() -> None:
    names = variants()
    assert len(names) >= 20
    assert set(re.findall(r"Self::(\w+)", ERROR.split("pub fn kind(&self)")[1].split("\n    }\n")[0])) == set(names)
    assert set(re.findall(r"Error::(\w+)", arms(BINDING, "class_of"))) == set(names)
    assert set(re.findall(r"Error::(\w+)", arms(COMMANDS, "exit_code"))) == set(names)


def test_every_class_exists_and_is_public() -> None:
    named = set(re.findall(r'"(\w+)"', arms(BINDING, "class_of"))) - {"KeyboardInterrupt"}
    assert len(named) >= 14
    for name in named:
        assert issubclass(getattr(errors, name), ll.LeadLensError)
        assert name in ll.__all__


def test_the_page_of_errors_says_what_the_code_does() -> None:
    slug_of = dict(re.findall(r"Self::(\w+)(?: \{ \.\. \})? => \"(\w+)\"", ERROR))
    class_of: dict[str, set[str]] = {}
    for pattern, name in re.findall(r"((?:\|?\s*Error::\w+(?: \{[^}]*\})?\s*)+)=>\s*\{?\s*\"(\w+)\"", BINDING):
        for variant in re.findall(r"Error::(\w+)", pattern):
            class_of.setdefault(variant, set()).add(name)
    code_named = {name: int(code) for name, code in re.findall(r"pub const (\w+): i32 = (\d+);", COMMANDS)}
    code_of = {}
    for pattern, name in re.findall(
        r"((?:\|?\s*Error::\w+(?: \{ \.\. \})?\s*)+)=> (\w+),", arms(COMMANDS, "exit_code")
    ):
        for variant in re.findall(r"Error::(\w+)", pattern):
            code_of[variant] = code_named[name]
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\d+) \|", page, re.M)
    said = {slug: (set(re.findall(r"`(\w+)`", classes)), int(code)) for slug, classes, code in rows}
    assert said == {slug: (class_of[variant], code_of[variant]) for variant, slug in slug_of.items()}
    for name in {c for classes, _ in said.values() for c in classes} - {"KeyboardInterrupt"}:
        assert hasattr(errors, name)
