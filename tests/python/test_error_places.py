"""Errors say where the wrong option stands, in the words of the interface that was used."""

import subprocess
import sys

import polars as pl
import pytest

import leadlens as ll

ROWS = pl.DataFrame({"id": [1, 2], "t": ["2024-03-01", "2024-03-02"], "k": ["a", "b"], "x": [1.5, 2.5]})
KEYS = pl.DataFrame({"key": [1], "lead": [1]})


def leads(**options):
    return ll.Leads(ROWS, "id", created="t", **options)


def events(lead="id", kind="k", **options):
    return ll.Events(ROWS, lead, "t", kind, **options)


def stages(**options):
    return ll.Stages(ROWS, "id", "t", stage="k", **options)


def build(**roles):
    return ll.Journeys(**{"leads": leads(), **roles})


@pytest.mark.parametrize(
    ("role", "option", "value"),
    [
        ("leads", "unit", "minutes"),
        ("leads", "rows", "any"),
        ("leads", "day", "noon"),
        ("leads", "normalize", "phone"),
        ("leads", "decimal", "#"),
        ("leads", "timezone", "Mars/Base"),
        ("leads", "order", 7),
        ("leads", "time_format", 7),
        ("events", "side", "seller"),
        ("events", "pick", "primary"),
        ("events", "pick", "some"),
        ("events", "names", {"chanel": {"a": "b"}}),
        ("events", "names", {"a": 7}),
        ("stages", "undated", "never"),
        ("stages", "unmapped", "skip"),
        ("stages", "thousands", "."),
    ],
)
def test_python_names_the_constructor_and_its_argument(role, option, value):
    make = {"leads": leads, "events": events, "stages": stages}[role]
    with pytest.raises(ll.OptionError) as failed:
        build(**{role: make(**{option: value})})
    assert str(failed.value).startswith(f"{role.capitalize()}({option}=…): "), failed.value
    assert f"{role}[" not in str(failed.value)
    if role != "leads":
        with pytest.raises(ll.OptionError) as failed:
            build(**{role: [make(), make(**{option: value})]})
        assert str(failed.value).startswith(f"{role.capitalize()}({option}=…) in {role}[1]: "), failed.value


def test_lookups_are_named_by_where_they_stand():
    for wrong, words in [
        ({"lead": ll.lookup(KEYS, "key", "lead", unit="y")}, "Events(lead=lookup(unit=…)): "),
        ({"lead": ["id", ll.lookup(KEYS, "key", "lead", pick="any")]}, "Events(lead=lookup(pick=…)): "),
        ({"kind": ll.lookup(KEYS, "key", value="lead", on="id", decimal="#")}, "Events(lookup(decimal=…)): "),
        ({"kind": ll.lookup(KEYS, "key", value="lead", on="id", pick="any")}, "Events(kind=lookup(pick=…)): "),
        ({"kind": ll.lookup(KEYS, "key", value="lead", on="id", pick="all")}, "Events(lookup(pick=…)): "),
    ]:
        with pytest.raises(ll.OptionError) as failed:
            build(events=events(**wrong))
        assert str(failed.value).startswith(words), failed.value


def test_other_declarations():
    made = build(stages=stages(), won="a", observed_until="2024-05-01")
    for attempt, words in [
        (lambda: build(leads=ll.Leads.from_events(events(unit="y"))), "Leads.from_events(Events(unit=…)): "),
        (lambda: build(leads=leads(where={"x": {"nto": 1}})), "Leads(where={'x': …}): "),
        (lambda: build(leads=leads(where={"x": object()})), "Leads(where={'x': …}): "),
        (lambda: build(leads=leads(where=["x"])), "Leads(where=…): "),
        (lambda: build(fields=ll.Fields(ROWS, "id", "t", unit="y")), "Fields(unit=…): "),
        (lambda: build(leads=leads(account="k"), accounts=ll.Accounts(ROWS, "k", day="x")), "Accounts(day=…): "),
        (lambda: made.extend(events=[events(), events(side="x")]), "Events(side=…) in events[1]: "),
        (lambda: made.extend(stages=stages(undated="x")), "Stages(undated=…): "),
        (lambda: made.snapshot(cutoffs=ll.Cutoffs(ROWS, "id", "t", unit="y")), "Cutoffs(unit=…): "),
        (lambda: made.snapshot(cutoffs=ll.Cutoffs(ROWS, "id", "t", timezone="y")), "Cutoffs(timezone=…): "),
        (
            lambda: made.attribution("first", spend=ll.Spend(ROWS, at="t", amount="x", channel="k", period="eon")),
            "Spend(period=…): ",
        ),
        (
            lambda: made.attribution("first", spend=ll.Spend(ROWS, at="t", amount="x", channel="k", scale=-1)),
            "Spend(scale=…): ",
        ),
        (lambda: build(before_creation="x"), "before_creation: "),
        (lambda: build(calendar_zone="x"), "calendar_zone: "),
        (lambda: build(observed_until="soon"), "observed_until: "),
    ]:
        with pytest.raises(ll.LeadLensError) as failed:
            attempt()
        assert isinstance(failed.value, ll.OptionError | ll.ConfigError)
        assert str(failed.value).removeprefix("configuration: ").startswith(words), failed.value


def test_options_of_reading_name_their_place(tmp_path):
    """Whether the file, the table in memory, or another role makes them wrong."""
    ROWS.write_csv(tmp_path / "rows.csv")
    ROWS.write_parquet(tmp_path / "rows.parquet")
    csv, parquet = str(tmp_path / "rows.csv"), str(tmp_path / "rows.parquet")

    def read(table, **options):
        return ll.Events(table, "id", "t", "k", **options)

    made = build(stages=stages(), won="a", observed_until="2024-05-01")
    keys = {"key": "key", "lead": "lead"}
    for attempt, words in [
        (lambda: build(leads=ll.Leads(csv, "id", created="t", encoding="utf-9")), "Leads(encoding=…): "),
        (lambda: build(leads=ll.Leads(csv, "id", created="t", separator=";;")), "Leads(separator=…): "),
        (lambda: build(leads=ll.Leads(parquet, "id", created="t", separator=";")), "Leads(separator=…): "),
        (lambda: build(leads=leads(encoding="utf-8")), "Leads(encoding=…): "),
        (lambda: build(events=[read(ROWS), read(parquet, encoding="latin-1")]), "Events(encoding=…) in events[1]: "),
        (lambda: build(events=[read(csv, encoding="utf-8"), read(csv, encoding="latin-1")]), "Events(encoding=…) in "),
        (
            lambda: build(events=[read(csv, decimal=","), read(csv, thousands="x")]),
            "Events(thousands=…) in events[1]: ",
        ),
        (lambda: build(events=events(lead=ll.lookup(parquet, **keys, encoding="x"))), "Events(lookup(encoding=…)): "),
        (lambda: made.extend(events=read(csv, encoding="x")), "Events(encoding=…): "),
        (lambda: build(fields=ll.Fields(csv, "id", "t", separator="ab")), "Fields(separator=…): "),
        (lambda: made.snapshot(cutoffs=ll.Cutoffs(parquet, "id", "t", encoding="utf-8")), "Cutoffs(encoding=…): "),
        (
            lambda: made.attribution("first", spend=[ll.Spend(csv, at="t", amount="x", channel="k", encoding="x")]),
            "Spend(encoding=…): ",
        ),
    ]:
        with pytest.raises(ll.OptionError) as failed:
            attempt()
        assert str(failed.value).startswith(words), failed.value


def test_a_near_word_is_suggested():
    with pytest.raises(ll.OptionError, match=r"'lsat' is not one of 'drop', 'last', .*; did you mean 'last'\?"):
        build(stages=stages(undated="lsat"))


PROJECT = """
won = "b"
[leads]
table = "rows.csv"
id = "id"
created = "t"
[[events]]
table = "rows.csv"
lead = "id"
at = "t"
kind = "k"
[[events]]
table = "rows.csv"
lead = "id"
at = "t"
kind = "k"
name = "more"
[[stages]]
table = "rows.csv"
lead = "id"
at = "t"
stage = "k"
"""


def check(folder, text):
    ROWS.write_csv(folder / "rows.csv")
    (folder / "project.toml").write_text(text)
    command = [sys.executable, "-m", "leadlens", "check", "--config", str(folder / "project.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('created = "t"', 'created = "t"\nunit = "y"', "leads.unit: 'y' is not one of"),
        ('name = "more"', 'side = "x"', "events[1].side: 'x' is not one of"),
        ('stage = "k"', 'stage = "k"\nundated = "x"', "stages.undated: 'x' is not one of"),
        ('stage = "k"', 'stage = { table = "rows.csv", key = "k", value = "k", unit = "y" }', "stages.stage.unit: "),
        ('stage = "k"', 'stage = "k"\ntimezone = "Mars"', "stages.timezone in '"),
        ('stage = "k"', 'stage = "k"\nwhere = { x = { nto = 1 } }', "stages.where['x']: "),
        ('name = "more"', 'pick = "primary"', "events[1].pick in '"),
        ('name = "more"', 'naem = "more"', "unknown key 'naem' in events[1]; did you mean 'name'?"),
        ('won = "b"', 'won = "b"\nbefore_creation = "x"', "before_creation: 'x' is not one of"),
    ],
)
def test_toml_names_the_key_and_the_file(before, after, words, tmp_path):
    code, told = check(tmp_path, PROJECT.replace(before, after))
    assert code in (2, 3), told
    assert words in told
    assert "project.toml'" in told
    assert "(…)" not in told
    with pytest.raises(ll.LeadLensError):
        ll.Journeys.from_config(tmp_path / "project.toml")


def test_flags_are_named_as_flags(tmp_path):
    ROWS.write_csv(tmp_path / "rows.csv")
    (tmp_path / "project.toml").write_text(PROJECT)
    command = [sys.executable, "-m", "leadlens", "funnel", "--config", str(tmp_path / "project.toml")]
    done = subprocess.run([*command, "--steps", "a,b", "--window", "x"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert "--window: " in done.stderr
