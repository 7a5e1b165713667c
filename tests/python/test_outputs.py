"""Where files go: full disks, read-only folders, links, pipes and devices."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs file systems and pipes of Linux")

COMMAND = [sys.executable, "-m", "leadlens"]
CONFIG = ll.datasets.folder("b2b_saas") / "leadlens.toml"


@pytest.fixture(scope="module")
def journeys() -> ll.Journeys:
    return ll.datasets.b2b_saas()


@pytest.fixture(scope="module")
def scorer(journeys: ll.Journeys) -> ll.LeadScorer:
    return ll.LeadScorer().fit(journeys.snapshot(after="31d", horizon="59d"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB with one file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    (folder / "old").write_text("old")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"x" * 4096)


WRITERS: dict[str, Callable[[ll.Journeys, ll.LeadScorer, Path], object]] = {
    "model": lambda _, scorer, path: scorer.save(path),
    "report": lambda journeys, scorer, path: ll.report(journeys, scorer, path),
    "journeys": lambda journeys, _, path: journeys.save(path.with_name("folder")),
}


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_keeps_what_was_there(journeys: ll.Journeys, scorer: ll.LeadScorer, disk: Path, what: str) -> None:
    fill(disk)
    with pytest.raises(ll.errors.WriteError, match="No space left"):
        WRITERS[what](journeys, scorer, disk / "old")
    assert sorted(p.name for p in disk.iterdir()) == ["filler", "old"]
    assert (disk / "old").read_text() == "old"


@pytest.mark.parametrize("arguments", [["train", "--model"], ["funnel", "--format", "csv", "--output"]])
def test_commands_on_a_full_disk(disk: Path, arguments: list[str]) -> None:
    name = "old" if arguments[0] == "train" else "old.json"
    (disk / name).write_text("old")
    fill(disk)
    before = sorted(p.name for p in disk.iterdir())
    command = [*COMMAND, arguments[0], "--config", CONFIG, *arguments[1:], disk / name, "--overwrite"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done.stderr
    assert "No space left" in done.stderr
    assert sorted(p.name for p in disk.iterdir()) == before
    assert (disk / name).read_text() == "old"


def read_of(pipe: Path, write: Callable[[], Any]) -> bytes:
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write()
    reader.join(60)
    return got[0]


def test_pipes_get_what_files_get(journeys: ll.Journeys, scorer: ll.LeadScorer, tmp_path: Path) -> None:
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    scorer.save(file)
    assert read_of(pipe, lambda: scorer.save(pipe)) == file.read_bytes()
    ll.report(journeys, scorer, file)
    assert read_of(pipe, lambda: ll.report(journeys, scorer, pipe)) == file.read_bytes()
    command = [*COMMAND, "stage-funnel", "--config", CONFIG, "--format", "csv", "--output", pipe]
    got = read_of(pipe, lambda: subprocess.run(command, check=True, capture_output=True, timeout=120))
    assert pl.read_csv(got).height > 0
    assert pipe.is_fifo()


def test_standard_output_is_written_to(tmp_path: Path) -> None:
    command = [*COMMAND, "train", "--config", str(CONFIG), "--format", "json", "--model", "/dev/stdout"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    decoder = json.JSONDecoder()
    model, end = decoder.raw_decode(done.stdout)
    summary, _ = decoder.raw_decode(done.stdout[end:].lstrip())
    assert (model["format"], summary["model"]) == ("leadlens.model", "/dev/stdout")
    # A file that a shell opened gets both, one after the other.
    with (tmp_path / "both").open("w") as both:
        assert subprocess.run(command, stdout=both, timeout=120).returncode == 0
    assert (tmp_path / "both").read_text() == done.stdout


def test_links_stay_links(journeys: ll.Journeys, scorer: ll.LeadScorer, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    for write in (scorer.save, lambda path: ll.report(journeys, scorer, path)):
        target.write_text("old")
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        write(link)
        assert link.is_symlink()
        assert target.read_text() != "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "target"]


def test_a_read_only_folder(journeys: ll.Journeys, scorer: ll.LeadScorer, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for write in WRITERS.values():
        with pytest.raises(ll.errors.WriteError, match=r"(?i)read-only"):
            write(journeys, scorer, disk / "new")
