"""The package as installed: exports, stub, errors, README, notebook."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import leadlens as ll
from leadlens import _core, errors

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_the_wheel_that_is_tested():
    assert not Path(ll.__file__).is_relative_to(ROOT / "python")
    assert _core.build_profile == "release"
    manifest = (ROOT / "Cargo.toml").read_text()
    assert ll.__version__ == re.search(r'^version = "(.+)"', manifest, re.M).group(1)


def test_every_export_of_the_core_is_used():
    used = set()
    sources = list(Path(ll.__file__).parent.rglob("*.py"))
    assert len(sources) > 8
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "_core":
                used.add(node.attr)
            if isinstance(node, ast.ImportFrom) and node.module == "_core":
                used.update(alias.name for alias in node.names)
    public = {name for name in dir(_core) if not name.startswith("__")}
    # Results come as Frame, the build profile is looked at above.
    assert public - used == {"Frame", "build_profile"}


def test_everything_public_is_documented():
    for name in ll.__all__:
        thing = getattr(ll, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__doc__, name
            for method, value in vars(thing).items() if inspect.isclass(thing) else ():
                if not method.startswith("_") and callable(value):
                    assert value.__doc__, f"{name}.{method}"


def test_errors_are_one_family():
    classes = [
        c
        for c in vars(errors).values()
        if inspect.isclass(c) and issubclass(c, Exception) and not issubclass(c, Warning)
    ]
    assert len(classes) >= 14
    for c in classes:
        assert issubclass(c, ll.LeadLensError)
        assert getattr(ll, c.__name__) is c
    assert issubclass(ll.SchemaError, ValueError)
    assert issubclass(ll.MissingFileError, FileNotFoundError)


def test_readme_example_runs(tmp_path):
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"<!-- executed by the tests -->\n```python\n(.*?)```", text, re.S)
    assert len(blocks) == 5
    code = "\n".join(blocks)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.json").exists()
    assert (tmp_path / "report.html").exists()
    assert "ROC-AUC" in done.stdout


def test_the_picture_of_the_readme_is_small():
    picture = ROOT / "docs" / "images" / "report.png"
    assert "docs/images/report.png" in (ROOT / "README.md").read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 200_000


def test_command_line_program(tmp_path):
    program = Path(sys.executable).parent / "leadlens"
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"leadlens {ll.__version__}\n")
    assert subprocess.run([program, "chekc"], capture_output=True).returncode == 2
    done = subprocess.run([program, "demo", "--output", tmp_path / "out"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"model.json", "scores.csv", "report.html"}


def test_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(ROOT / "examples" / "quickstart.ipynb", as_version=4)
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
