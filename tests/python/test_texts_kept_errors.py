"""Messages of errors, kept in files (see ``texts_of.py``): one attempt for each place that raises one."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from texts_of import compare, messages

import leadlens as ll

ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "t": ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"],
        "k": ["a", "b", "a", "b"],
        "x": [1.5, 2.5, 3.5, 4.5],
        "y": [1, 0, 1, 0],
    }
)
KEYS = pl.DataFrame({"key": [1, 1], "lead": [1, 2], "v": ["a", "b"]})


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def leads(table: Any = ROWS, **options: Any) -> ll.Leads:
    return ll.Leads(table, **{"id": "id", "created": "t", **options})


def events(table: Any = ROWS, lead: Any = "id", at: Any = "t", kind: Any = "k", **options: Any) -> ll.Events:
    return ll.Events(table, lead, at, kind, **options)


def stages(table: Any = ROWS, at: Any = "t", **options: Any) -> ll.Stages:
    return ll.Stages(table, "id", at, **{"stage": "k", **options})


def build(**roles: Any) -> ll.Journeys:
    return ll.Journeys(**{"leads": leads(), **roles})


def changed(**columns: Any) -> pl.DataFrame:
    return ROWS.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def test_tables(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    build(stages=stages(), won="a", observed_until="2024-06-01").save(folder)
    many = pl.concat([ROWS] * 2)
    attempts: dict[str, Callable[[], object]] = {
        "missing columns of two tables": lambda: build(leads=leads(id="idd"), events=events(at="when")),
        "a column named twice": lambda: build(leads=leads(fields=["x", "x"])),
        "a column that cannot be a field": lambda: build(leads=leads(changed(l=[[1], [2], [3], [4]]), fields=["l"])),
        "ignore of an unknown field": lambda: build(leads=leads(ignore=["xx"])),
        "ids repeat": lambda: build(leads=leads(many)),
        "no leads": lambda: build(leads=leads(ROWS.clear())),
        "all creation times unreadable": lambda: build(leads=leads(changed(t=["soon", "later", "then", "never"]))),
        "numbers as times": lambda: build(leads=leads(changed(t=[20240301, 20240302, 20240303, 20240304]))),
        "epoch of another unit": lambda: build(leads=leads(changed(t=[1709251200000] * 4), unit="s")),
        "day or month first": lambda: build(
            leads=leads(changed(t=["01.02.2024", "02.03.2024", "03.04.2024", "1.1.24"]))
        ),
        "day and month first": lambda: build(
            leads=leads(changed(t=["13/02/2024", "02/13/2024", "13/04/2024", "02/14/2024"]))
        ),
        "times of a type that is none": lambda: build(leads=leads(changed(t=[[1], [2], [3], [4]]))),
        "ids of a type that is none": lambda: build(leads=leads(changed(id=[[1], [2], [3], [4]]))),
        "dates in the future": lambda: build(events=events(changed(t=["2999-01-01"] * 4))),
        "outcomes that are not": lambda: build(leads=leads(outcome="k")),
        "two roles of one name": lambda: build(events=[events(name="e", side="buyer"), events(name="e", side="sales")]),
        "accounts that leads do not name": lambda: build(accounts=ll.Accounts(ROWS, "id")),
        "stages without columns": lambda: build(stages=stages(stage=None)),
        "stages with at= and stage=": lambda: build(stages=stages(at={"a": "t"})),
        "stages without names": lambda: build(stages=stages(at={}, stage=None)),
        "stage that names= lacks": lambda: build(stages=stages(names={"aa": "A"}, unmapped="error")),
        "undated= without stage=": lambda: build(stages=stages(at={"a": "t"}, stage=None, undated="last")),
        "won= a kind of event": lambda: build(events=events(), stages=stages(changed(k=["c"] * 4)), won="a"),
        "long fields without value=": lambda: build(fields=ll.Fields(ROWS, "id", "t", name="k")),
        "categories= of no field": lambda: build(fields=ll.Fields(ROWS, "id", "t", categories=["z"])),
        "where= on a number": lambda: build(leads=leads(where={"x": ">= soon"})),
        "where= on a time": lambda: build(
            leads=leads(ROWS.with_columns(pl.col("t").str.to_date()), where={"t": ">= 3"})
        ),
        "too many rows quarantined": lambda: build(
            leads=leads(changed(t=["soon", "x", "2024-01-01", "never"])), max_bad=0.1
        ),
        "undated stages": lambda: build(
            stages=stages(changed(t=[None, "2024-03-02", None, "2024-03-03"]), undated="error"), won="a"
        ),
        "where= on a text": lambda: build(leads=leads(where={"k": ">= 3"})),
        "lookup without lead=": lambda: build(events=events(lead=ll.lookup(KEYS, "key"))),
        "lookup of a kind without value=": lambda: build(events=events(kind=ll.lookup(KEYS, "key", "lead"))),
        "lookup with several values": lambda: build(events=events(kind=ll.lookup(KEYS, "key", value="v", on="id"))),
        "lookup of all values": lambda: build(
            events=events(kind=ll.lookup(KEYS, "key", value="v", on="id", pick="all"))
        ),
        "lookup of the primary": lambda: build(
            events=events(lead=ll.lookup(KEYS, "key", "lead", on="id", pick="primary"))
        ),
        "no table": lambda: build(leads=leads(7)),
        "a column in place of a table": lambda: build(leads=leads(ROWS["id"])),
        "observed_until": lambda: build(observed_until="soon"),
        "calendar_zone": lambda: build(calendar_zone="Mars/Base"),
        "max_bad": lambda: build(max_bad=2),
        "memory": lambda: build(memory="much"),
        "saved over something": lambda: ll.Journeys.open(folder).save(folder),
        "saved over another folder": lambda: ll.Journeys.open(folder).save(tmp_path, overwrite=True),
        "saved in no folder": lambda: ll.Journeys.open(folder).save(tmp_path / "a" / "b"),
        "opened from no folder": lambda: ll.Journeys.open(tmp_path),
        "a lead that is missing": lambda: build().show(77),
    }
    compare("errors/tables.txt", messages(attempts), {"folder": tmp_path})


def test_declarations() -> None:
    attempts: dict[str, Callable[[], object]] = {
        "unit": lambda: build(leads=leads(unit="minutes")),
        "rows": lambda: build(leads=leads(rows="any")),
        "rows without created": lambda: ll.Journeys(leads=ll.Leads(ROWS, "id", rows="earliest")),
        "day": lambda: build(leads=leads(day="noon")),
        "normalize": lambda: build(leads=leads(normalize="phone")),
        "decimal": lambda: build(leads=leads(decimal="#")),
        "thousands": lambda: build(leads=leads(thousands=".", decimal=".")),
        "separator": lambda: build(leads=leads(separator="ab")),
        "timezone": lambda: build(leads=leads(timezone="Mars/Base")),
        "order": lambda: build(leads=leads(order=7)),
        "side": lambda: build(events=events(side="seller")),
        "pick": lambda: build(events=events(lead=ll.lookup(KEYS, "key", "lead", pick="some"))),
        "names": lambda: build(events=events(names={"chanel": {"a": "b"}})),
        "undated": lambda: build(stages=stages(undated="lsat")),
        "unmapped": lambda: build(stages=stages(unmapped="skip")),
        "where": lambda: build(leads=leads(where={"x": {"nto": 1}})),
        "two events": lambda: build(events=[events(), events(side="x")]),
        "not a role": lambda: build(events=ROWS),
    }
    compare("errors/declarations.txt", messages(attempts))


def test_files(tmp_path: Path) -> None:
    def file(name: str, content: str | bytes) -> Callable[[], object]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return lambda: ll.Journeys(leads=ll.Leads(path, "id"))

    def read(name: str, **options: Any) -> Callable[[], object]:
        return lambda: ll.Journeys(leads=ll.Leads(tmp_path / name, "id", **options))

    ROWS.write_parquet(tmp_path / "whole.parquet")
    ROWS.write_ipc(tmp_path / "whole.arrow")
    parquet, arrow = (tmp_path / "whole.parquet").read_bytes(), (tmp_path / "whole.arrow").read_bytes()
    ROWS.write_csv(tmp_path / "plain.csv")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    ROWS.write_parquet(tmp_path / "a" / "1.parquet")
    ROWS.drop("x").write_parquet(tmp_path / "a" / "2.parquet")
    ROWS.write_parquet(tmp_path / "b" / "1.parquet")
    changed(x=["a", "b", "c", "d"]).write_parquet(tmp_path / "b" / "2.parquet")
    attempts: dict[str, Callable[[], object]] = {
        "missing": read("none.csv"),
        "no match": read("*.none"),
        "bad pattern": read("[.csv"),
        "folder": read("a"),
        "empty": file("empty.csv", ""),
        "no header": file("blank.csv", "\n\n"),
        "columns of one name": file("twice.csv", "id,id\n1,2\n"),
        "ragged": file("ragged.csv", "id,x\n1,2\n1,2,3\n"),
        "blank before a quote": file("blank_quote.csv", 'id,x\n1, "a"\n'),
        "text after a quote": file("after.csv", 'id,x\n1,"a"b\n'),
        "backslash": file("slash.csv", 'id,x\n1,"a\\"b"\n'),
        "never closed": file("open.csv", 'id,x\n1,"a\n2,b\n'),
        "not UTF-8": file("latin.csv", b"id,x\n1,\xe9\n"),
        "unknown encoding": read("plain.csv", encoding="utf-9"),
        "wrong encoding": read("plain.csv", encoding="utf-16"),
        "NUL": file("nul.csv", b"id,x\n1,a\0\n"),
        "separator of a Parquet file": read("whole.parquet", separator=";"),
        "JSON": file("rows.json", "[]"),
        "spreadsheet": file("rows.xlsx", "PK"),
        "other compression": file("rows.csv.zst", b"x"),
        "other format": file("rows.feathers", b"x"),
        "Parquet called CSV": file("parquet.csv", parquet),
        "CSV called Parquet": file("csv.parquet", "id\n1\n"),
        "gzip called CSV": file("gzip.csv", gzip.compress(b"id\n1\n")),
        "Parquet cut short": file("cut.parquet", parquet[:-20]),
        "Arrow cut short": file("cut.arrow", arrow[:-20]),
        "Arrow damaged": file("damaged.arrow", arrow[:200] + bytes(200) + arrow[400:]),
        "parts with other columns": lambda: ll.Journeys(leads=ll.Leads(tmp_path / "a" / "*.parquet", "id")),
        "parts with other types": lambda: ll.Journeys(leads=ll.Leads(tmp_path / "b" / "*.parquet", "id", fields=["x"])),
        "two separators of a file": lambda: build(
            leads=ll.Leads(tmp_path / "plain.csv", "id", separator=","),
            events=events(tmp_path / "plain.csv", separator=";"),
        ),
        "no TOML": lambda: ll.Journeys.from_config(tmp_path / "none.toml"),
    }
    compare("errors/files.txt", messages(attempts), {"folder": tmp_path})


def test_analyses() -> None:
    j = ll.datasets.b2b_saas()
    plain = ll.Journeys(leads=ll.Leads(ROWS, "id"))
    bare = build(events=events(), observed_until="2024-06-01")
    attempts: dict[str, Callable[[], object]] = {
        "unknown step": lambda: j.funnel(["created", "sqk"]),
        "unknown step without a near one": lambda: j.funnel(["created", "zzzzzzzz"]),
        "no steps": lambda: j.funnel([]),
        "too many steps": lambda: j.funnel(["demo"] * 40),
        "created without times": lambda: plain.funnel(["created"]),
        "an optional first step": lambda: j.funnel([ll.Step("sql", optional=True), "demo"]),
        "within= of the first step": lambda: j.funnel([ll.Step("sql", within="3d"), "demo"]),
        "within= in any order": lambda: j.funnel(["sql", ll.Step("demo", within="3d")], order="any"),
        "exclusion after the last step": lambda: j.funnel(
            ["sql", "demo"], exclude=ll.Exclusion("webinar", after=2, before=7)
        ),
        "exclusion in the wrong order": lambda: j.funnel(
            ["sql", "demo"], exclude=ll.Exclusion("webinar", after=2, before=1)
        ),
        "window": lambda: j.funnel(["sql", "demo"], window="7x"),
        "window of zero": lambda: j.funnel(["sql", "demo"], window="0d"),
        "window of ages": lambda: j.funnel(["sql", "demo"], window="9000000d"),
        "modes": lambda: j.funnel(["sql", "demo"], modes=["strict_order"]),
        "windowFunnel without a window": lambda: j.funnel(["webinar", "demo"], compat="clickhouse"),
        "windowFunnel with created": lambda: j.funnel(["created", "demo"], compat="clickhouse", window="3d"),
        "windowFunnel with hold": lambda: j.funnel(
            ["webinar", "demo"], compat="clickhouse", window="3d", hold="channel"
        ),
        "allow_reentry": lambda: j.funnel(
            ["webinar", "demo"], compat="clickhouse", window="3d", modes=["allow_reentry"]
        ),
        "attribution without a property": lambda: j.funnel(["sql", "demo"], attribution="last"),
        "attribution of a missing step": lambda: j.funnel(["sql", "demo"], by="channel", attribution="step 7"),
        "attribution and hold": lambda: j.funnel(["demo", "demo"], by="channel", attribution="all", hold="channel"),
        "by a property and a field": lambda: j.funnel(["sql", "demo"], by=["channel", "lead_source"]),
        "by nothing known": lambda: j.funnel(["sql", "demo"], by="colour"),
        "bins of a text": lambda: j.funnel(["sql", "demo"], by=ll.Bins("lead_source", 3)),
        "bins out of order": lambda: j.funnel(["sql", "demo"], by=ll.Bins("lead_source", [3, 1])),
        "hold": lambda: j.funnel(["sql", "demo"], hold="colour"),
        "totals with created": lambda: j.funnel(["created", "demo"], entry="totals", hold="channel"),
        "where with an unknown value": lambda: j.funnel(["sql"], where={"lead_source": "webb"}),
        "where with a number": lambda: j.funnel(["sql"], where={"lead_source": ">= 3"}),
        "drivers of one step": lambda: j.drivers(["created"]),
        "drivers in any order": lambda: j.drivers(["created", "sql"], order="any"),
        "drivers of an unknown field": lambda: j.drivers(["created", "sql"], fields=["colour"]),
        "barriers of one step": lambda: j.barriers(["created"], by="lead_source"),
        "barriers with a value below zero": lambda: j.barriers(["created", "sql"], by="lead_source", value=-1),
        "barriers with an unknown reference": lambda: j.barriers(["created", "sql"], by="lead_source", reference="x"),
        "compare without by=": lambda: j.funnel(["created", "sql"]).compare("a", "b"),
        "pipeline of one stage": lambda: j.stage_funnel(pipeline=["sql"]),
        "pipeline with a stage twice": lambda: j.stage_funnel(pipeline=["sql", "sql"]),
        "pipeline with lost": lambda: j.stage_funnel(pipeline=["sql", "closed_lost"]),
        "no pipeline": lambda: bare.stage_funnel(),
        "time to nothing": lambda: bare.time_to(),
        "confidence": lambda: j.time_to("sql", confidence=2.0),
        "late entry": lambda: j.time_to("sql", late_entry=True),
        "sessions without a gap": lambda: j.paths(unit="session"),
        "paths of no length": lambda: j.paths(length=0),
        "attribution without channels": lambda: bare.attribution(target="a"),
        "attribution without a target": lambda: bare.attribution(by="kind"),
        "attribution by no method": lambda: j.attribution([]),
        "attribution by an unknown method": lambda: j.attribution("lineer"),
        "attribution by a rule": lambda: j.attribution([ll.Rule(name="r", first=0.5, last=0.2)]),
        "attribution with rules of one name": lambda: j.attribution(
            [ll.Rule(name="r", first=1.0), ll.Rule(name="r", last=1.0)]
        ),
        "bootstrap of one": lambda: j.attribution("linear", bootstrap=1),
        "bootstrap of millions": lambda: j.attribution("linear", bootstrap=10**6),
        "full path without an opportunity": lambda: bare.attribution("full_path", by="kind", target="a"),
        "qualified without spend": lambda: j.attribution("linear", qualified="sql"),
        "spend by another name": lambda: j.attribution("linear", by="kind", spend=ll.Spend(ROWS, at="t", amount="x")),
        "spend with a scale below zero": lambda: j.attribution(
            "linear", spend=ll.Spend(ROWS, at="t", amount="x", channel="k", scale=-1)
        ),
        "snapshot without won": lambda: bare.snapshot(every="7d", horizon="30d"),
        "snapshot at two rules": lambda: j.snapshot(every="7d", after="3d"),
        "snapshot with two labels": lambda: j.snapshot(every="7d", horizon="3d", by_age="3d"),
        "snapshot without cutoffs": lambda: j.snapshot(horizon="3d"),
        "snapshot of leads without times": lambda: plain.snapshot(every="7d"),
        "snapshot with too many cutoffs": lambda: j.snapshot(every="1s"),
        "snapshot with an unknown target": lambda: j.snapshot(every="7d", horizon="3d", target="wno"),
        "snapshot with ipcw and a long horizon": lambda: j.snapshot(every="7d", horizon="110d", maturity="ipcw"),
        "split": lambda: j.snapshot(every="7d", horizon="14d").split(2.0),
        "split with an empty side": lambda: j.snapshot(as_of="2024-03-01", horizon="14d").split(0.3, by="time"),
    }
    compare("errors/analyses.txt", messages(attempts))


def test_models(tmp_path: Path) -> None:
    j = ll.datasets.b2b_saas()
    labelled = j.snapshot(every="28d", horizon="28d")
    train, test = labelled.split(0.3, by="group")
    scorer = ll.LeadScorer(C=0.01).fit(train)
    folder = tmp_path / "models"
    folder.mkdir()

    def load(name: str, content: str) -> Callable[[], object]:
        (folder / name).write_text(content, encoding="utf-8")
        return lambda: ll.load(folder / name)

    def fit(**options: Any) -> Callable[[], object]:
        return lambda: ll.LeadScorer(**options).fit(train)

    scorer.save(folder / "whole.json")
    whole = (folder / "whole.json").read_text(encoding="utf-8")
    attempts: dict[str, Callable[[], object]] = {
        "no file": lambda: ll.load(folder / "none.json"),
        "empty": load("empty.json", ""),
        "no JSON": load("text.json", "{"),
        "other JSON": load("other.json", "{}"),
        "another version": load("version.json", '{"format": "leadlens-model", "format_version": 99}'),
        "cut short": load("cut.json", whole[:500]),
        "an unknown key": load("key.json", whole.replace('"format_version"', '"colour": 1, "format_version"', 1)),
        "C": fit(C=-1.0),
        "C of a text": fit(C="large"),
        "firth and linfa": fit(penalty="firth", solver="linfa"),
        "l1_ratio": fit(C=1.0, l1_ratio=2.0),
        "l1 and intervals": fit(C=1.0, l1_ratio=0.5, intervals=True),
        "monotone of an unknown feature": fit(monotone={"colour": "increasing"}),
        "monotone of a text": fit(monotone={"lead_source": "increasing"}),
        "too many interactions": fit(interactions=1000),
        "interaction of one feature": fit(interactions=[["age_days", "age_days"]]),
        "interactions without a penalty": fit(C=float("inf"), interactions=1),
        "min_leads": fit(min_leads=10**6),
        "without a label": lambda: ll.LeadScorer().fit(j.snapshot()),
        "not fitted": lambda: ll.LeadScorer().score(test),
        "outside the trained ages": lambda: scorer.score(j.snapshot(as_of="2024-04-29")),
        "effect of an unknown feature": lambda: scorer.effect("colour"),
        "effect of a number in given values": lambda: scorer.effect("lead_source", values=[1.0]),
        "base rate": lambda: scorer.with_base_rate(2.0),
        "evaluation of one class": lambda: scorer.evaluate(j.snapshot(as_of="2024-01-02", horizon="1d")),
        "evaluation by a number": lambda: scorer.evaluate(test, by="age_days"),
    }
    compare("errors/models.txt", messages(attempts), {"folder": folder})


def test_logistic_regression() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 3))
    y = (X[:, 0] + rng.normal(size=200) > 0).astype(int)
    fitted = ll.LogisticRegression(C=float("inf")).fit(X, y)

    def fit(X: Any = X, y: Any = y, weight: Any = None, **options: Any) -> Callable[[], object]:
        return lambda: ll.LogisticRegression(**{"C": float("inf"), **options}).fit(X, y, sample_weight=weight)

    attempts: dict[str, Callable[[], object]] = {
        "separated": fit(X, X[:, 1] > 0),
        "constant": fit(np.c_[X, np.ones(200)]),
        "collinear": fit(np.c_[X, X[:, 0] + X[:, 1]]),
        "one class": fit(y=np.ones(200)),
        "a NaN": fit(np.where(X > 2, np.nan, X)),
        "lengths": fit(y=y[:100]),
        "negative weights": fit(weight=-np.ones(200)),
        "C": fit(C=0.0),
        "tol": fit(tol=-1.0),
        "max_iter": fit(max_iter=0),
        "l1 and linfa": fit(C=1.0, l1_ratio=0.5, solver="linfa"),
        "huge numbers": fit(X * 1e300),
        "inference on other rows": lambda: fitted.inference(X + 1, y),
        "inference with L1": lambda: ll.LogisticRegression(C=1.0, l1_ratio=1.0).fit(X, y).inference(X, y),
        "inference at a confidence of 2": lambda: fitted.inference(X, y, confidence=2.0),
    }
    compare("errors/logistic.txt", messages(attempts))
