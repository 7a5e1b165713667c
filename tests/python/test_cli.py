"""The command line as a process: signals, pipes, disks, and open leads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import leadlens as ll

COMMAND = [sys.executable, "-m", "leadlens"]
CONFIG = ll.datasets.folder("b2b_saas") / "leadlens.toml"


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A project whose training takes a long time."""
    folder = tmp_path_factory.mktemp("slow")
    n = 2000
    leads = pl.DataFrame({"id": range(n), "created": ["2020-01-01"] * n, "size": [i % 97 for i in range(n)]})
    leads.write_csv(folder / "leads.csv")
    won = pl.DataFrame({"lead": range(0, n, 3), "at": ["2023-06-01"] * len(range(0, n, 3)), "stage": "won"})
    won.write_csv(folder / "stages.csv")
    visits = pl.DataFrame({"lead": [i % n for i in range(60_000)], "day": [1 + i % 28 for i in range(60_000)]})
    visits = visits.select(
        "lead", at=pl.format("2021-0{}-{}", 1 + pl.col("lead") % 9, pl.col("day").cast(str).str.zfill(2))
    )
    visits.write_csv(folder / "visits.csv")
    (folder / "leadlens.toml").write_text("""
observed_until = "2024-01-01"
won = "won"
[leads]
table = "leads.csv"
id = "id"
created = "created"
[[stages]]
table = "stages.csv"
lead = "lead"
at = "at"
stage = "stage"
[[events]]
table = "visits.csv"
lead = "lead"
at = "at"
kind = { literal = "visit" }
[snapshot]
every = "1d"
horizon = "30d"
[split]
by = "group"
[model]
C = "cv"
nonlinear = "auto"
interactions = "auto"
""")
    return folder


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_soon_and_nothing_is_written(slow, number, code):
    before = sorted(p.name for p in slow.iterdir())
    command = [*COMMAND, "train", "--config", str(slow / "leadlens.toml"), "--model", str(slow / "m.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    assert process.poll() is None, process.communicate()
    process.send_signal(number)
    start = time.monotonic()
    out, err = process.communicate(timeout=60)
    # Half a second, and room for a busy machine.
    assert time.monotonic() - start < 5
    assert (process.returncode, out) == (code, ""), err
    assert "Traceback" not in err
    assert sorted(p.name for p in slow.iterdir()) == before


def test_only_leads_that_are_open_at_the_end_are_scored(tmp_path):
    done = run("train", "--config", CONFIG, "--model", tmp_path / "m.json")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "scores.parquet"
    done = run("score", "--config", CONFIG, "--model", tmp_path / "m.json", "--output", out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Best open leads\n")
    assert "(observed_until); probability of closed_won within 14d" in done.stdout
    scores = pl.read_parquet(out)
    deals = pl.read_parquet(CONFIG.parent / "opportunities.parquet")
    assert scores.join(deals.drop_nulls("closed_at"), on="lead_id", how="semi").is_empty()
    leads = pl.read_parquet(CONFIG.parent / "leads.parquet")
    assert scores.height == leads.join(deals.drop_nulls("closed_at"), on="lead_id", how="anti").height
    # The value is that of the open deal, as the table has it.
    value = scores.join(deals, on="lead_id")
    assert value.height > 2000
    assert (value["value"] == value["estimated_acv"].cast(float)).all()


def test_scores_say_which_leads_they_are_of():
    leads = pl.DataFrame(
        {"id": range(400), "created": "2024-01-01", "rep": ["ann", None] * 200, "x": [i % 7 for i in range(400)]}
    )
    rows = [(i, "2024-01-05", "open", f"d{i}", 100.0 * (i % 5)) for i in range(400)]
    rows += [(i, "2024-02-20", "won", f"d{i}", 1.0) for i in range(0, 200, 3)]
    rows += [(i, "2024-02-21", "lost", f"d{i}", None) for i in range(1, 200, 3)]
    # Two deals, of which one is closed; and the amount of one is corrected after the cutoff.
    rows += [(7, "2024-01-06", "open", "more", 50.0), (399, "2024-03-20", "open", "d399", 9.0)]
    stages = pl.DataFrame(rows, schema=["lead", "at", "stage", "deal", "amount"], orient="row")
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", owner="rep"),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage", deal="deal", amount="amount"),
        won="won",
        lost="lost",
        observed_until="2024-03-15",
    )
    train, test = j.snapshot(every="7d", horizon="14d").split(0.4, by="group")
    scorer = ll.LeadScorer(min_leads=1).fit(train)
    tested = scorer.score(test)
    assert tested.title == "Best leads of the test set"
    assert "leads of the test set, scored at cutoffs every 7d; some may be closed by now" in repr(tested)
    # Each lead is listed once.
    assert tested.top(1000)["lead_id"].is_unique().all()
    now = scorer.score(j.snapshot(as_of="2024-03-15"), allow_extrapolation=True)
    assert now.title == "Best open leads"
    assert "probability of won within 14d" in now.about
    found = {r["lead_id"]: r for r in now.to_polars().iter_rows(named=True)}
    assert not {str(i) for i in range(200) if i % 3 < 2} - {"7"} & set(found)
    assert (found["7"]["value"], found["399"]["value"], found["399"]["owner"]) == (50.0, 400.0, None)
    assert found["398"]["owner"] == "ann"
    before = scorer.score(j.snapshot(as_of="2024-02-01"))
    assert before.title == "Best leads"
    assert "leads open as of 2024-02-01T00:00:00Z; some may be closed by now" in before.about


def test_a_pipe_that_closes_ends_it_quietly(tmp_path):
    script = f"{sys.executable} -m leadlens check --config {CONFIG} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert (done.stdout.splitlines()[-1], done.stderr) == ("0", "")


@pytest.mark.skipif(sys.platform != "linux", reason="needs file names of bytes")
def test_output_names_need_not_be_utf8(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.csv"
    done = subprocess.run([*COMMAND, "funnel", "--config", CONFIG, "--output", name], capture_output=True, timeout=120)
    assert (done.returncode, os.path.exists(name)) == (0, True), done.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_no_half_report(small_disk: Path):
    done = run("demo", "--output", small_disk / "out")
    assert done.returncode == 3, done.stderr
    assert "No space left" in done.stderr
    assert list(small_disk.iterdir()) == []


def test_a_read_only_folder_is_refused_before_the_work(small_disk: Path):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for arguments in (["funnel", "--output", small_disk / "f.csv"], ["train", "--model", small_disk / "m.json"]):
        done = run(arguments[0], "--config", CONFIG, *arguments[1:])
        assert (done.returncode, "read-only" in done.stderr) == (3, True), done.stderr


@pytest.mark.filterwarnings("ignore::leadlens.DataWarning")
def test_a_bad_share_of_rows_is_refused_in_python():
    leads = pl.DataFrame({"id": range(50), "created": "2024-01-01"})
    events = pl.DataFrame({"lead": range(50), "at": ["soon"] * 30 + ["2024-01-02"] * 20})

    def build(**options: object) -> ll.Journeys:
        visits = ll.Events(events, lead="lead", at="at", kind=ll.literal("visit"), name="visits")
        return ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), events=visits, **options)

    # Refused only where a share is stated; what is hardly used is warned of.
    with pytest.raises(ll.errors.SchemaError, match=r"30 of 50 rows \(60.0 %\).*unparsable time.*max_bad="):
        build(max_bad=0.5)
    with pytest.warns(ll.errors.DataWarning, match="20 of 50 rows are used"):
        assert build(max_bad=0.6).facts["events"] == 20
    with pytest.raises(ll.errors.SchemaError, match="the limit is 10 %"):
        build(max_bad=0.1)
    with pytest.raises(ll.errors.OptionError, match="max_bad: must be a share"):
        build(max_bad=2)
    fine = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), max_bad=0.5)
    bad = ll.Events(events.head(31), lead="lead", at="at", kind=ll.literal("visit"), name="visits")
    with pytest.raises(ll.errors.SchemaError, match="30 of 31 rows"):
        fine.extend(events=bad)


def test_leads_are_open_for_the_target_of_the_model(tmp_path):
    """Flags of `train` are not repeated for `score`: the model says what it is of."""
    n = 400
    leads = pl.DataFrame({"id": range(n), "created": ["2024-01-01"] * n, "size": [i % 7 for i in range(n)]})
    leads.write_csv(tmp_path / "leads.csv")
    entries = [(i, f"2024-01-{5 + i % 9:02}", "mql") for i in range(n) if i % 7 > 3]
    late = [(i, "2024-03-20", "mql") for i in range(40) if i % 7 <= 3]
    won = [(i, "2024-02-20", "won") for i in range(0, n, 9)]
    stages = pl.DataFrame(entries + late + won, schema=["lead", "at", "stage"], orient="row")
    stages.write_csv(tmp_path / "stages.csv")
    (tmp_path / "leadlens.toml").write_text("""
observed_until = "2024-04-01"
won = ["won"]
pipeline = ["created", "mql", "won"]
[leads]
table = "leads.csv"
id = "id"
created = "created"
[[stages]]
table = "stages.csv"
lead = "lead"
at = "at"
stage = "stage"
[snapshot]
after = "1d"
horizon = "30d"
[split]
by = "random"
test = 0.2
""")
    trained = run("train", "--target", "mql", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    scored = run("score", "--allow-extrapolation", "--output", "scores.csv", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    reached = {str(lead) for lead, *_ in entries + late}
    # Leads that are won did not pass over the target: they are closed.
    open_leads = {str(i) for i in range(n)} - reached - {str(lead) for lead, *_ in won}
    assert set(pl.read_csv(tmp_path / "scores.csv")["lead_id"].cast(str)) == open_leads
    assert f"{len(open_leads)} leads scored" in scored.stdout
