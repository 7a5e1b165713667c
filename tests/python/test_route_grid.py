"""One small world on every route and in every type of column: the same counts, features and scores, to the bit."""

import gzip
import json
import math
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

import leadlens as ll

UTC = timezone.utc
START = datetime(2024, 1, 1, tzinfo=UTC)
LEADS = 60

TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
WHOLE = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
FLOATS = [pa.float32(), pa.float64(), pa.decimal128(7, 2)]
KEYS = [*WHOLE, *FLOATS, *TEXTS]
VALUES = [*FLOATS, *WHOLE, pa.bool_(), pa.string()]
KINDS = [*TEXTS, pa.bool_(), pa.int8(), pa.uint64(), pa.float64(), pa.decimal128(7, 2), pa.date32()]
TIMES = [
    pa.timestamp("us", "UTC"),
    pa.date32(),
    *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
    *(pa.timestamp(unit, "Asia/Kolkata") for unit in ("s", "ms", "us", "ns")),
    pa.string(),
    pa.large_string(),
    pa.dictionary(pa.int32(), pa.string()),
    pa.int64(),
    pa.float64(),
]
CONDITIONS = [
    (pa.int8(), ">= 2"),
    (pa.uint64(), [1, 3]),
    (pa.float32(), "< 2.5"),
    (pa.decimal128(7, 2), 2),
    (pa.bool_(), True),
    (pa.bool_(), 0),
    (pa.string(), "b*"),
    (pa.dictionary(pa.int32(), pa.string()), {"not": "a"}),
    (pa.large_string(), ["a", None]),
    (pa.date32(), ">= 2024-02-03"),
    (pa.timestamp("ns", "UTC"), date(2024, 2, 2)),
    (pa.timestamp("s"), {"all": [">= 2024-02-02", "< 2024-02-04"]}),
    (pa.string_view(), "!= b"),
    # These are refused, on every route.
    (pa.int32(), date(2024, 2, 2)),
    (pa.date32(), 7),
    (pa.string(), "> 2"),
]
WORLDS = len(CONDITIONS)


def column(values, kind):
    """Give values as a column of a type; None stays missing."""
    if pa.types.is_decimal(kind):
        values = [None if v is None else Decimal(str(v)) for v in values]
    elif pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        values = [None if v is None else bool(v) if pa.types.is_boolean(kind) else int(v) for v in values]
    elif pa.types.is_dictionary(kind):
        return pa.array([None if v is None else str(v) for v in values]).dictionary_encode()
    elif not (pa.types.is_floating(kind) or pa.types.is_temporal(kind)):
        values = [None if v is None else str(v) for v in values]
    return pa.array(values, kind)


def times(values, kind):
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return pa.array([v.timestamp() * 1000 for v in values]).cast(kind)
    if pa.types.is_timestamp(kind):
        return pa.array([v if kind.tz else v.replace(tzinfo=None) for v in values], kind)
    if pa.types.is_date(kind):
        return pa.array([v.date() for v in values], kind)
    return column([v.isoformat() for v in values], kind)


def condition_column(n, kind):
    days = [START + timedelta(days=31 + i % 4) for i in range(n)]
    if pa.types.is_temporal(kind):
        return times(days, kind)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column([i % 4 for i in range(n)], kind)
    if pa.types.is_boolean(kind):
        return column([i % 3 == 0 for i in range(n)], kind)
    return column([(["a", "b", "bc", None])[i % 4] for i in range(n)], kind)


def world(i):
    """Make the tables of a world, and the options that its times and conditions need."""
    key, value, kind, time = (of[i % len(of)] for of in (KEYS, VALUES, KINDS, TIMES))
    at = TIMES[(3 * i + 1) % len(TIMES)]
    condition_type, condition = CONDITIONS[i]
    ids = list(range(1, LEADS + 1))
    events = [lead for lead in ids for _ in range(lead % 4)]
    touched = [START + timedelta(days=7 + j % 40, hours=j % 24) for j in range(len(events))]
    won = [lead for lead in ids if (lead * 7) % 5 < 2]
    what = [date(2024, 1, 1 + j % 2) if kind == pa.date32() else j % 2 for j in range(len(events))]

    # A text that looks like a number is one in a CSV file, which has no types.
    field = pa.float64() if value == pa.string() else value

    def unit(kind):
        return {"unit": "ms"} if pa.types.is_integer(kind) or pa.types.is_floating(kind) else {}

    tables = {
        "leads": {
            "id": column(ids, key),
            "created": times([START + timedelta(days=lead % 20, hours=lead % 24) for lead in ids], time),
            "account": column([1 + lead % 9 for lead in ids], key),
            "size": column([None if lead % 11 == 0 else lead % 5 for lead in ids], field),
        },
        "events": {
            "key": column(events, key),
            "at": times(touched, at),
            "kind": column(what, kind),
            "channel": column([(None, 1, 2)[j % 3] for j in range(len(events))], KEYS[(i + 5) % len(KEYS)]),
            "v": column([j % 7 for j in range(len(events))], value),
            "c": condition_column(len(events), condition_type),
        },
        "stages": {
            "lead": column(won, key),
            "at": times([START + timedelta(days=50 + lead, hours=3) for lead in won], at),
            "amount": column([lead % 50 for lead in won], VALUES[(i + 1) % 8]),
        },
        "keys": {
            "key": column(ids, key),
            "lead": column(ids, KEYS[(i + 7) % len(KEYS)]),
            "from": times([START] * LEADS, time),
        },
        "history": {
            "lead": column(ids, key),
            "since": times([START + timedelta(days=25)] * LEADS, at),
            "grade": column([lead % 3 for lead in ids], field),
        },
        "accounts": {
            "id": column(list(range(1, 10)), key),
            "region": column([f"r{j % 2}" for j in range(9)], TEXTS[i % 4]),
        },
        "spend": {
            "day": times([START + timedelta(days=d) for d in range(60)], at),
            "channel": column([1 + d % 2 for d in range(60)], KEYS[(i + 5) % len(KEYS)]),
            "cost": column([d % 9 for d in range(60)], VALUES[(i + 2) % 8]),
        },
        "cutoffs": {"lead_id": column(ids, key), "cutoff": times([START + timedelta(days=45)] * LEADS, time)},
    }
    return {name: pa.table(columns) for name, columns in tables.items()}, (unit(time), unit(at), condition)


def in_files(extension, write):
    def of(table, folder, name):
        path = folder / f"{name}.{extension}"
        write(table, path)
        return path

    return of


def write_csv(table, path):
    frame = pl.from_arrow(table)
    # As programs write them: numbers without a type, times as ISO texts.
    text = frame.write_csv()
    with (gzip.open if path.suffix == ".gz" else open)(path, "wt") as file:
        file.write(text)


def write_stream(table, path):
    with ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table, max_chunksize=50)


ROUTES = {
    "pyarrow": lambda table, folder, name: table,
    "polars": lambda table, folder, name: pl.from_arrow(table),
    "pandas": lambda table, folder, name: table.to_pandas(),
    "pandas with arrow": lambda table, folder, name: pl.from_arrow(table).to_pandas(use_pyarrow_extension_array=True),
    "duckdb": lambda table, folder, name: duckdb.from_arrow(table),
    "parquet": in_files("parquet", lambda table, path: pq.write_table(table, path, row_group_size=40)),
    "arrow": in_files("arrow", lambda table, path: feather.write_feather(table, path, "uncompressed", chunksize=40)),
    "stream": in_files("arrows", write_stream),
    "csv": in_files("csv", write_csv),
    "csv.gz": in_files("csv.gz", write_csv),
}
FILES = ["parquet", "arrow", "stream", "csv", "csv.gz"]


def bits(frame):
    """Give the rows of a frame by their order of leads, floats to the bit."""
    rows = frame.with_columns(pl.col(pl.Float64, pl.Float32).cast(pl.Float64)).rows()
    return sorted(tuple(v.hex() if isinstance(v, float) else str(v) for v in row) for row in rows)


def declared(tables, options):
    of_created, of_at, condition = options
    return {
        "leads": ll.Leads(tables["leads"], "id", created="created", account="account", fields=["size"], **of_created),
        "events": ll.Events(
            tables["events"],
            ll.lookup(tables["keys"], "key", "lead", valid_from="from", **of_created),
            "at",
            "kind",
            channel="channel",
            values=["v"],
            where={"c": condition},
            **of_at,
        ),
        "stages": ll.Stages(tables["stages"], "lead", "at", stage=ll.literal("won"), amount="amount", **of_at),
        "fields": ll.Fields(tables["history"], "lead", "since", **of_at),
        "accounts": ll.Accounts(tables["accounts"], "id", fields=["region"]),
        "won": "won",
        "observed_until": "2024-08-01",
    }


def answers(tables, options, scorer):
    """Ask everything of a world; an error is an answer, too."""
    try:
        j = ll.Journeys(**declared(tables, options))
        kinds = [name for name, *_ in j.facts["kinds"]]
        pairs = ll.Cutoffs(tables["cutoffs"], **options[0])
        snapshot = j.snapshot(cutoffs=pairs, horizon="60d")
        scorer = scorer or ll.LeadScorer(min_leads=1).fit(snapshot)
        spend = ll.Spend(tables["spend"], at="day", amount="cost", channel="channel", **options[1])
        credit = j.attribution("linear", spend=spend)
        return scorer, {
            "kinds": kinds,
            "fields": j.facts["fields"],
            "funnels": [j.funnel(["created", kind, "won"]).to_polars()["leads"].to_list() for kind in kinds],
            "used": [(t["role"], t["rows"], t["used"], t["filtered"]) for t in j.check().tables],
            "features": (snapshot.to_polars().columns, bits(snapshot.to_polars())),
            "scores": bits(scorer.score(snapshot).to_polars().select("lead_id", "probability")),
            "credit": bits(credit.to_polars()),
            "costs": bits(credit.costs()),
        }
    except ll.LeadLensError as e:
        return scorer, {"error": type(e).__name__}


@pytest.mark.parametrize("number", range(WORLDS))
@pytest.mark.filterwarnings("ignore")
def test_every_route_answers_alike(number, tmp_path):
    tables, options = world(number)
    scorer, expected = answers(tables, options, None)
    assert ("error" in expected) == (number >= WORLDS - 3), expected.get("error")
    if "error" not in expected:
        assert max(n for counts in expected["funnels"] for n in counts[1:]) > 0
        assert not any(math.isnan(float.fromhex(p)) for _, p in expected["scores"])
    for route, give in ROUTES.items():
        try:
            given = {name: give(table, tmp_path, name) for name, table in tables.items()}
        except (pa.ArrowNotImplementedError, duckdb.Error, pl.exceptions.PolarsError):
            continue  # The library has no such type.
        _, got = answers(given, options, scorer)
        for what in expected:
            assert got.get(what) == expected[what], (route, what, got.get("error"))
        assert got.keys() == expected.keys(), route


def toml(tables, options):
    of_created, of_at, condition = options

    def value(x):
        if isinstance(x, dict):
            return "{ " + ", ".join(f"{k} = {value(v)}" for k, v in x.items()) + " }"
        if isinstance(x, list):
            return "[" + ", ".join("{ null = true }" if v is None else value(v) for v in x) + "]"
        return str(x) if isinstance(x, date) else json.dumps(x)

    def section(head, **keys):
        return "\n".join([head, *(f"{key} = {value(v)}" for key, v in keys.items())])

    path = {name: table.name for name, table in tables.items()}
    keys = {"table": path["keys"], "key": "key", "lead": "lead", "valid_from": "from", **of_created}
    return "\n".join(
        [
            'won = "won"\nobserved_until = "2024-08-01"',
            section(
                "[leads]",
                table=path["leads"],
                id="id",
                created="created",
                account="account",
                fields=["size"],
                **of_created,
            ),
            section(
                "[[events]]",
                table=path["events"],
                lead=keys,
                at="at",
                kind="kind",
                channel="channel",
                values=["v"],
                where={"c": condition},
                **of_at,
            ),
            section("[[stages]]", table=path["stages"], lead="lead", at={"won": "at"}, amount="amount", **of_at),
            section("[[fields]]", table=path["history"], lead="lead", valid_from="since", **of_at),
            section("[accounts]", table=path["accounts"], id="id", fields=["region"]),
            section("[snapshot]", cutoffs={"table": path["cutoffs"], **of_created}, horizon="60d"),
            section("[model]", min_leads=1),
        ]
    )


@pytest.mark.parametrize("number", [3, 8, 11, WORLDS - 3])
@pytest.mark.filterwarnings("ignore")
def test_project_files_answer_alike(number, tmp_path):
    tables, options = world(number)
    _, expected = answers(tables, options, None)
    codes = {"SchemaError": 3}
    for route in FILES:
        given = {name: ROUTES[route](table, tmp_path, name) for name, table in tables.items()}
        (tmp_path / "project.toml").write_text(toml(given, options))
        if "error" not in expected:
            j = ll.Journeys.from_config(tmp_path / "project.toml")
            used = [(t["role"], t["rows"], t["used"], t["filtered"]) for t in j.check().tables]
            assert used == expected["used"], route
        kind = expected["kinds"][0] if "error" not in expected else "0"
        command = [sys.executable, "-m", "leadlens", "funnel", "--config", str(tmp_path / "project.toml")]
        command += ["--steps", f"created,{kind},won", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == codes.get(expected.get("error"), 0), done.stderr
        if "error" not in expected:
            counts = [step["leads"] for step in json.loads(done.stdout)["steps"]]
            assert counts == expected["funnels"][0], route
