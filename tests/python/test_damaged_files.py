"""A file with one byte changed, or cut short, gives journeys or an error that names it: no panic, no abort, no hang.

Every role of a table, every format, by the API and on the command line.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import leadlens as ll
from leadlens import _core

N = 120
TABLES = {
    "leads": {
        "id": [f"L{i}" for i in range(N)],
        "created": ["2024-01-01"] * N,
        "firm": [f"F{i % 9}" for i in range(N)],
        "size": [None if i % 11 == 0 else i / 3 for i in range(N)],
    },
    "events": {
        "session": [f"S{i % 70}" for i in range(N)],
        "at": [f"2024-01-{i % 28 + 1:02d}T10:00:00Z" for i in range(N)],
        "kind": [["visit", "mail", 'a "quoted"\nkind, longer than twelve'][i % 3] for i in range(N)],
        "channel": [["ads", "mail", None][i % 3] for i in range(N)],
        "value": [None if i % 7 == 0 else i / 3 for i in range(N)],
    },
    "stages": {
        "lead": [f"L{i // 2}" for i in range(N)],
        "at": [f"2024-02-{i % 28 + 1:02d}" for i in range(N)],
        "stage": [["offer", "sold"][i % 2] for i in range(N)],
        "amount": [i * 10 for i in range(N)],
    },
    "fields": {
        "lead": [f"L{i % 60}" for i in range(N)],
        "since": [f"2024-01-{i % 28 + 1:02d}" for i in range(N)],
        "owner": [["Ann", "Bo", None][i % 3] for i in range(N)],
    },
    "accounts": {"id": [f"F{i}" for i in range(9)], "industry": ["steel", "software", None] * 3},
    "sessions": {"session": [f"S{i}" for i in range(70)], "lead": [f"L{i}" for i in range(70)]},
    "spend": {
        "day": [f"2024-01-{i + 1:02d}" for i in range(28)],
        "cost": [float(i) for i in range(28)],
        "channel": ["ads", "mail"] * 14,
    },
    "cutoffs": {"lead": [f"L{i}" for i in range(60)], "cutoff": ["2024-01-20"] * 60},
}

WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "csv": lambda table, path: table.write_csv(path),
    "csv.gz": lambda table, path: table.write_csv(path, compression="gzip"),
    "parquet": lambda table, path: pq.write_table(table.to_arrow(), path, row_group_size=50),
    "pq": lambda table, path: pq.write_table(
        table.to_arrow(), path, use_dictionary=False, compression="zstd", data_page_version="2.0"
    ),
    "arrow": lambda table, path: table.write_ipc(path),
    # Texts as views, which pyarrow writes where a table has them.
    "feather": lambda table, path: feather.write_feather(
        table.to_arrow(compat_level=pl.CompatLevel.newest()), path, compression="zstd", chunksize=50
    ),
    "ipc": lambda table, path: table.with_columns(pl.col(pl.String).cast(pl.Categorical)).write_ipc(
        path, compression="lz4"
    ),
}

TOML = """
observed_until = "2024-03-01"
[leads]
table = "leads.{ending}"
id = "id"
created = "created"
account = "firm"
[[events]]
table = "events.{ending}"
lead = {{ table = "sessions.{ending}", key = "session", lead = "lead" }}
at = "at"
kind = "kind"
channel = "channel"
values = ["value"]
[[stages]]
table = "stages.{ending}"
lead = "lead"
at = "at"
stage = "stage"
amount = "amount"
[[fields]]
table = "fields.{ending}"
lead = "lead"
valid_from = "since"
[accounts]
table = "accounts.{ending}"
id = "id"
[attribution]
methods = ["linear"]
target = ["sold"]
[attribution.spend]
table = "spend.{ending}"
at = "day"
amount = "cost"
channel = "channel"
"""


def tables(folder: Path, ending: str) -> None:
    for name, columns in TABLES.items():
        WRITERS[ending](pl.DataFrame(columns), folder / f"{name}.{ending}")
    (folder / "leadlens.toml").write_text(TOML.format(ending=ending))


def damaged(whole: bytes, edits: int) -> Iterator[bytes]:
    """Nothing, the file cut short at every sixteenth, bits changed here and there and in what the file says of itself."""
    rng = random.Random(11)
    yield from (whole[: len(whole) * i // 16] for i in range(16))
    yield whole[:-1]
    for edit in range(edits):
        start = max(len(whole) - 600, 0) if edit % 2 else 0
        changed = bytearray(whole)
        changed[rng.randrange(start, len(whole))] ^= 1 << rng.randrange(8)
        yield bytes(changed)


def by_api(folder: Path, ending: str) -> None:
    journeys = ll.Journeys.from_config(folder / "leadlens.toml")
    journeys.snapshot(cutoffs=ll.Cutoffs(folder / f"cutoffs.{ending}", lead="lead"), horizon="10d", target="sold")
    spend = ll.Spend(folder / f"spend.{ending}", at="day", amount="cost", channel="channel")
    journeys.attribution("linear", target="sold", spend=spend)


def attack(folder: Path, ending: str, edits: int) -> list[str]:
    """Damages one file after the other; what went wrong."""
    wrong = []
    for name in TABLES:
        path = folder / f"{name}.{ending}"
        whole = path.read_bytes()
        for number, content in enumerate(damaged(whole, edits)):
            path.write_bytes(content)
            try:
                by_api(folder, ending)
                error = None
            except ll.LeadLensError as e:
                error = e
                # A lead that is gone is missed where it is named.
                told = path.name in str(e) or (name == "leads" and f"cutoffs.{ending}" in str(e))
                if isinstance(e, ll.InternalError) or not told:
                    wrong.append(f"{path.name}, damage {number}: {type(e).__name__}: {e}")
            except BaseException as e:
                wrong.append(f"{path.name}, damage {number}: {type(e).__name__}: {e}")
            if name != "cutoffs" and number % 8 == 0:
                command = ["leadlens", "attribution", "--config", str(folder / "leadlens.toml"), "--max-bad", "1"]
                code = _core.run_program(command)
                if code not in (0, 2, 3) or (code == 0) != (error is None):
                    wrong.append(f"{path.name}, damage {number}: exit code {code}, in Python {error}")
        path.write_bytes(whole)
    return wrong


@pytest.mark.parametrize("ending", WRITERS)
def test_a_damaged_file_gives_journeys_or_an_error_that_names_it(tmp_path: Path, ending: str) -> None:
    tables(tmp_path, ending)
    by_api(tmp_path, ending)
    # A child of its own: an abort or an allocation without bound would end the process that tests.
    child = [sys.executable, "-W", "ignore", __file__, str(tmp_path), ending, "20"]
    ended = subprocess.run(child, capture_output=True, text=True, timeout=200, check=False)
    last = ended.stdout.strip().rsplit("\n", 1)[-1]
    assert ended.returncode == 0, (ended.returncode, ended.stderr[-2000:])
    assert json.loads(last) == []


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    print("\n" + json.dumps(attack(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
