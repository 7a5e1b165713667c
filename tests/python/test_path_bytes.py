"""Names of files and folders need not be UTF-8, nor free of signs that patterns have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs file names of bytes")

TOML = b"""won = "won"
observed_until = "2024-03-01"
# gr\xfc\xdfe
[leads]
table = "LEADS"
id = "id"
created = "created"
[[stages]]
table = "STAGES"
lead = "lead"
at = "at"
stage = "stage"
"""


def project(folder: bytes, leads: bytes, stages: bytes, files: list[bytes]) -> Path:
    os.makedirs(folder)
    table = pl.DataFrame({"id": [1, 2, 3, 4], "created": ["2024-01-01"] * 4})
    Path(os.fsdecode(folder), os.fsdecode(files[0])).write_text(table.write_csv())
    for file in files[1:]:
        rows = pl.DataFrame({"lead": [1], "at": ["2024-01-09"], "stage": ["won"]})
        Path(os.fsdecode(folder), os.fsdecode(file)).write_text(rows.write_csv())
    path = Path(os.fsdecode(folder), "leadlens.toml")
    path.write_bytes(TOML.replace(b"LEADS", leads).replace(b"STAGES", stages))
    return path


@pytest.mark.parametrize(
    ("folder", "leads", "stages", "files"),
    [
        (b"caf\xe9", b"leads.csv", b"stages.csv", [b"leads.csv", b"stages.csv"]),
        (b"caf\xe9", b"leads.csv", b"st*.csv", [b"leads.csv", b"st1.csv", b"st2.csv"]),
        (b"plain", b"l\xe9ads.csv", b"st\xe4ges.csv", [b"l\xe9ads.csv", b"st\xe4ges.csv"]),
        (b"plain", b"l?ads.csv", b"st\xe4*.csv", [b"l\xe9ads.csv", b"st\xe41.csv", b"st\xe42.csv"]),
        (b"year [2024]", b"leads.csv", b"st[12].csv", [b"leads.csv", b"st1.csv", b"st2.csv"]),
    ],
)
def test_projects(tmp_path: Path, folder: bytes, leads: bytes, stages: bytes, files: list[bytes]) -> None:
    config = project(os.fsencode(tmp_path) + b"/" + folder, leads, stages, files)
    j = ll.Journeys.from_config(config)
    assert (j.facts["leads"], j.time_to("won").to_polars()["events"].to_list()) == (4, [1])
    # An output is no part of an input by its name.
    command = [sys.executable, "-m", "leadlens", "time-to", "--config", config]
    taken = config.with_name("st3.csv") if stages.startswith(b"st[12]") else config.with_name("st9.csv")
    done = subprocess.run([*command, "--output", taken], capture_output=True, text=True, timeout=120)
    is_part = b"*" in stages and not stages.startswith(b"st\xe4")
    assert (done.returncode, taken.exists()) == ((2, False) if is_part else (0, True)), done.stderr
    model = config.with_name(os.fsdecode(b"m\xf6del.txt"))
    done = subprocess.run([*command, "--output", model], capture_output=True, text=True, timeout=120)
    assert (done.returncode, model.exists()) == (0, True), done.stderr


def test_other_texts_are_utf_8(tmp_path: Path) -> None:
    config = project(os.fsencode(tmp_path) + b"/p", b"leads.csv", b"stages.csv", [b"leads.csv", b"stages.csv"])
    config.write_bytes(config.read_bytes().replace(b'won = "won"', b'won = "gew\xf6nnen"'))
    with pytest.raises(ll.errors.ReadError, match=r"line 1 is not UTF-8; save the file as UTF-8"):
        ll.Journeys.from_config(config)
