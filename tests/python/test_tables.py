"""Tables as people have them: files, libraries, types, times, ids, and what is wrong with them."""

import gzip
from datetime import date, datetime, timezone

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from small_tables import EVENTS, LEADS, STAGES, audit, build, table, when

import leadlens as ll

# --- kinds of input


@pytest.mark.parametrize(
    "convert",
    [
        lambda t: t,
        lambda t: t.lazy(),
        lambda t: t.to_pandas(),
        lambda t: t.to_arrow(),
        lambda t: duckdb.from_arrow(t.to_arrow()),
        lambda t: t.with_columns(pl.all().cast(pl.Categorical)),
        lambda t: t.to_pandas().astype("category"),
        lambda t: pa.table({c: t[c].to_arrow().dictionary_encode() for c in t.columns}),
    ],
    ids=["polars", "lazy", "pandas", "pyarrow", "duckdb", "categorical", "pandas category", "dictionary"],
)
def test_any_library(convert):
    j = build(convert(LEADS), convert(EVENTS), convert(STAGES))
    assert j.facts["leads"] == 3
    assert j.facts["events"] == 3
    assert j.facts["stage_entries"] == 2
    assert when(j, 1, "won") == [datetime(2024, 1, 9, 23, 59, 59, 999999, tzinfo=timezone.utc)]


def test_any_file(tmp_path):
    LEADS.write_parquet(tmp_path / "l.parquet")
    LEADS.write_ipc(tmp_path / "l.arrow")
    LEADS.write_csv(tmp_path / "l.csv")
    LEADS.write_csv(tmp_path / "l.txt", separator="|")
    LEADS.write_csv(tmp_path / "l.tsv", separator="\t")
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + LEADS.write_csv(separator=";").encode())
    (tmp_path / "l.csv.gz").write_bytes(gzip.compress(LEADS.write_csv(quote_style="always").encode()))
    (tmp_path / "part-0.csv").write_text(LEADS[:2].write_csv())
    (tmp_path / "part-1.csv").write_text(LEADS[2:].write_csv())
    names = ["l.parquet", "l.arrow", "l.csv", "l.txt", "l.tsv", "bom.csv", "l.csv.gz", "part-*.csv"]
    for name in names:
        j = build(tmp_path / name)
        assert j.facts["leads"] == 3, name
        assert j.facts["fields"] == ["source"], name


def test_csv_cells(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text(
        'id,created,note,zip,n,flag\n7.0,2024-01-01,"two\nlines, ""quoted""",01234,1.5,True\n8,2024-01-02,,99999,,False\n'
    )
    j = ll.Journeys(leads=ll.Leads(path, id="id", created="created", fields=["note", "zip", "n", "flag"]))
    row = j.snapshot(after="0d").to_polars().filter(pl.col("lead_id") == "7").to_dicts()[0]
    # 7.0 is 7; "01234" keeps its zero; numbers and truth values are found from all rows.
    assert (row["note"], row["zip"], row["n"], row["flag"]) == ('two\nlines, "quoted"', "01234", 1.5, "true")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"id,created\n1,2024-01-01,x\n", "line 2 has 3 fields"),
        (b"id,created,a\n1\n", "line 2 has 1 fields"),
        (b'id,created\n1,2024-01-01\n2,"2024-01-02\n3,2024-01-03\n', "unclosed quote"),
        (b"id,created\n\xff\xfe,2024-01-01\n", "UTF-8"),
    ],
)
def test_broken_csv(tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(ll.ReadError, match=message):
        build(path)


def test_broken_files(tmp_path):
    whole = LEADS.write_parquet(tmp_path / "l.parquet") or (tmp_path / "l.parquet").read_bytes()
    for name, content in [
        ("a.parquet", b""),
        ("b.parquet", whole[:-20]),
        ("c.parquet", b"nonsense"),
        ("d.arrow", b"x"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ll.ReadError, match=name):
            build(tmp_path / name)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(LEADS.write_csv().encode())[:-9])
    with pytest.raises(ll.ReadError):
        build(tmp_path / "cut.csv.gz")
    with pytest.raises(ll.MissingFileError):
        build(tmp_path / "nothing.parquet")
    with pytest.raises(FileNotFoundError):
        build(tmp_path / "none-*.csv")
    with pytest.raises(ll.ReadError, match="save the sheet as CSV"):
        (tmp_path / "l.xlsx").write_bytes(b"x")
        build(tmp_path / "l.xlsx")


def test_columns_no_role_can_use(tmp_path):
    nested = LEADS.with_columns(tags=pl.Series([["a"], [], ["b", "c"]]), what=pl.struct("id", "source"))
    nested.write_parquet(tmp_path / "l.parquet")
    for leads in (nested, tmp_path / "l.parquet"):
        assert build(leads).facts["fields"] == ["source"]
        with pytest.raises(ll.SchemaError, match=r"columns of type list\[str\] are not supported"):
            ll.Journeys(leads=ll.Leads(leads, id="tags", created="created"))


def test_a_reader_is_refused():
    reader = LEADS.to_arrow().to_reader()
    with pytest.raises(ll.OptionError, match="read only once"):
        build(reader)
    with pytest.raises(TypeError, match="must be a path, or an object"):
        build({"id": [1]})


# --- what is wrong with a table


def test_all_missing_columns_at_once():
    with pytest.raises(ll.SchemaError) as caught:
        ll.Journeys(
            leads=ll.Leads(LEADS, id="idd", created="creatd", fields=["sorce"]),
            events=ll.Events(EVENTS, "led", "att", "kind", values=["v"], where={"w": 1}),
            stages=ll.Stages(STAGES, "leed", {"won": "won_at"}, amount="money"),
        )
    columns = {column for _, column, _ in caught.value.violations}
    assert columns == {"idd", "creatd", "sorce", "led", "att", "kind", "v", "w", "leed", "won_at", "money"}
    assert caught.value.kind == "schema"
    assert "did you mean 'created'?" in str(caught.value)


def test_every_row_is_accounted_for():
    leads = table(id=["1", None, "2", "3"], created=["2024-01-01", "2024-01-01", None, "yesterday"])
    events = table(
        lead=["1", None, "99", "1", "1", "1", "1"],
        at=["2024-01-05", "2024-01-05", "2024-01-05", None, "soon", "2024-01-06", "2024-01-06"],
        kind=["a", "a", "a", "a", "a", None, "a"],
        eid=["e1", "e2", "e3", "e4", "e5", "e6", "e1"],
    )
    with pytest.warns(ll.errors.DataWarning, match="rows are used"):
        j = ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created"),
            events=ll.Events(events, "lead", "at", "kind", id="eid"),
        )
    found = audit(j, "leads")
    assert found["used"] == 1
    assert {k: v["rows"] for k, v in found["quarantined"].items()} == {
        "null lead id": 1,
        "missing creation time": 1,
        "unparsable creation time: not a date or time": 1,
    }
    found = audit(j, "events")
    assert found["used"] == 1
    assert {k: v["rows"] for k, v in found["quarantined"].items()} == {
        "null lead key": 1,
        "unknown lead": 1,
        "null time": 1,
        "unparsable time: not a date or time": 1,
        "null kind": 1,
        "duplicate event id": 1,
    }
    assert found["quarantined"]["unknown lead"]["examples"] == [[2, "99"]]
    frame = j.check().to_polars().filter(pl.col("role") == "events")
    assert frame.filter(pl.col("status") == "quarantined")["rows"].sum() == 6


def test_duplicate_leads():
    twice = pl.concat([LEADS, LEADS.with_columns(source=pl.lit("late"))])
    with pytest.raises(ll.SchemaError, match="3 rows repeat an earlier lead id"):
        build(twice)
    for rows, source in [("first", "ads"), ("last", "late")]:
        j = ll.Journeys(leads=ll.Leads(twice, id="id", created="created", rows=rows))
        assert j.snapshot(after="0d").to_polars()["source"][0] == source


def test_empty_and_small_tables():
    with pytest.raises(ll.SchemaError, match="the table is empty"):
        build(LEADS[:0])
    j = build(LEADS[:1], EVENTS[:0], STAGES[:0], observed_until="2024-06-01")
    assert j.facts["events"] == 0
    s = j.snapshot(after="1d")
    assert len(s) == 1
    assert s.counts["rows"] == 1


def test_one_million_levels():
    n = 1_000_000
    leads = pl.DataFrame({"id": pl.arange(n, eager=True), "created": date(2024, 1, 1)})
    leads = leads.with_columns(name=pl.col("id").cast(pl.String) + "x")
    j = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"))
    assert j.facts["fields"] == []
    assert "identifier" in dict(j.facts["withheld"])["name"]


# --- ids


def test_one_id_in_all_types():
    for column in ([7, 8], [7.0, 8.0], ["7", "8"], ["7.0", "8.00"]):
        leads = pl.DataFrame({"id": column, "created": ["2024-01-01", "2024-01-01"]})
        for key in ([7], [7.0], ["7"], ["7.0"]):
            j = build(leads, pl.DataFrame({"lead": key, "at": ["2024-02-01"]}), None)
            assert audit(j, "events")["used"] == 1, (column, key)
            assert j.show(7).height == j.show("7").height == j.show(7.0).height == 2
    strange = build(pl.DataFrame({"id": ["007", "7"], "created": ["2024-01-01", "2024-01-01"]}), None, None)
    assert strange.facts["leads"] == 2


def test_large_decimal_ids():
    leads = duckdb.sql("select 9007199254740992::hugeint + i as id, date '2024-01-01' as created from range(4) t(i)")
    assert build(leads, None, None).facts["leads"] == 4


# --- roles


def test_where():
    events = table(
        lead=["1"] * 4, at=["2024-01-05"] * 4, k=["a_x", "a_y", "b", None], n=[1, 2, 3, 4], f=[True, False, True, None]
    )

    def used(where, **options):
        j = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(events, "lead", "at", ll.literal("v"), where=where, **options),
        )
        found = audit(j, "events")
        assert found["used"] + found["filtered"] == 4
        return found["used"]

    cases = [
        ({"k": "a_*"}, 2),
        ({"k": "a**"}, 2),
        ({"k": ["a_x", "b"]}, 2),
        ({"k": None}, 1),
        ({"k": {"not": None}}, 3),
        ({"k": {"not": ["a_*", None]}}, 1),
        ({"n": 2}, 1),
        ({"n": [1, 4], "k": None}, 1),
        ({"f": True}, 2),
        ({"f": "True"}, 2),
        ({"f": 1}, 2),
        ({"f": False}, 1),
    ]
    for where, rows in cases:
        assert used(where) == rows, where
    assert used({"k": None}, nulls=["b"]) == 2
    with pytest.raises(ll.OptionError, match="where"):
        used({"n": float("nan")})


def test_wide_stages_names_and_deals():
    wide = table(lead=["1", "2"], mql=["2024-01-04", "2024-01-04"], sql=["2024-01-04", None], won=["2024-01-08", None])
    j = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        stages=ll.Stages(wide, "lead", {"won": "won", "sql": "sql", "mql": "mql"}),
        pipeline=["mql", "sql", "won"],
        won="won",
    )
    # Equal days are in the order of the pipeline.
    assert j.show(1)["what"].to_list() == ["created", "mql", "sql", "won"]
    assert audit(j, "stages")["noted"] == {"null time; the stage was not reached": 2}
    log = table(lead=["1", "1"], at=["2024-01-04", "2024-01-08"], s=["Q", "W"], p=[None, "X"])
    spec = {"lead": "lead", "at": "at", "stage": "s", "previous": "p"}
    j = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        stages=ll.Stages(log, names={"Q": "mql", "W": "won"}, **spec),
        won="won",
    )
    assert j.show(1)["what"].to_list() == ["created", "mql", "won"]
    assert audit(j, "stages")["noted"] == {"previous stage differs from the log": 1}
    with pytest.raises(ll.SchemaError, match="names= has no entry"):
        ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            stages=ll.Stages(log, names={"Q": "mql"}, unmapped="error", **spec),
        )
    with pytest.raises(ll.OptionError, match="is an event kind"):
        ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(EVENTS, "lead", "at", ll.literal("visit")),
            won="visit",
        )


def test_lookup():
    ids = table(
        anon=["x", "x", "y;z"],
        lead=["1", "2", "3"],
        since=["2024-01-01", "2024-01-06", "2024-01-01"],
    )
    events = table(anon=["x", "x", "z", "w"], at=["2024-01-05", "2024-01-07", "2024-01-05", "2024-01-05"])
    j = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=ll.Events(
            events, ll.lookup(ids, "anon", "lead", valid_from="since", split=";"), "at", ll.literal("visit")
        ),
    )
    assert [len(when(j, lead, "visit")) for lead in (1, 2, 3)] == [1, 1, 1]
    assert {k: v["rows"] for k, v in audit(j, "events")["quarantined"].items()} == {
        "key not found in the lookup table": 1
    }
    with pytest.raises(ll.SchemaError, match="several leads at the same time"):
        ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=ll.Events(events, ll.lookup(ids, "anon", "lead"), "at", ll.literal("visit")),
        )


def test_field_history_is_joined_as_of_the_cutoff():
    long = table(
        lead=["1", "1", "1", "2"],
        since=["2023-12-31", "2024-01-05", "2024-01-20", "2024-01-15"],
        field=["size", "size", "size", "size"],
        new=["10", "20", "30", "5"],
    )
    wide = long.select("lead", "since", size=pl.col("new").cast(pl.Int64))
    for spec in (
        ll.Fields(long, "lead", "since", name="field", value="new"),
        ll.Fields(wide, "lead", "since"),
    ):
        j = ll.Journeys(leads=ll.Leads(LEADS, id="id", created="created"), fields=spec)

        def sizes(t, j=j):
            return j.snapshot(as_of=t).to_polars().sort("lead_id")["size"].to_list()

        # A value set by creation is known at it; one set at the cutoff is not.
        assert sizes("2024-01-03") == [10.0, None, None]
        assert sizes("2024-01-05") == [10.0, None, None]
        assert sizes("2024-01-05T00:00:00.000001Z") == [20.0, None, None]
        assert sizes("2024-02-01") == [30.0, 5.0, None]
        # The history stands before a column of the lead table of the same name, a full or an empty one.
        for today in (pl.lit(99), pl.lit(None, dtype=pl.Int64)):
            j = ll.Journeys(leads=ll.Leads(LEADS.with_columns(size=today), id="id", created="created"), fields=spec)
            assert j.snapshot(as_of="2024-01-05").to_polars().sort("lead_id")["size"].to_list() == [10.0, None, None]
            assert dict(j.facts["withheld"]) == {"size": "replaced by its history"}


def test_accounts():
    leads = LEADS.with_columns(acc=pl.Series([1, 2, None]))
    accounts = table(acc=["1", "3"], industry=["steel", "wood"], is_customer_won=["yes", "no"])
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", account="acc", fields=["source"]),
        accounts=ll.Accounts(accounts, "acc"),
    )
    assert j.facts["fields"] == ["source", "account.industry"]
    assert [name for name, _ in j.facts["withheld"]] == ["account.is_customer_won"]
    assert audit(j, "accounts")["noted"] == {"leads with an account that is not in this table": 1}
    with pytest.raises(ll.SchemaError, match="needs the account of each lead"):
        ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), accounts=ll.Accounts(accounts, "acc"))


def test_sources_that_share_a_kind():
    calls = table(lead=["1"], at=["2024-01-05"], type=["call"])
    with pytest.raises(ll.SchemaError, match="set name="):
        ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"),
            events=[
                ll.Events(calls, "lead", "at", "type", side="sales"),
                ll.Events(calls.clone(), "lead", "at", "type", side="buyer"),
            ],
        )
    j = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=[
            ll.Events(calls, "lead", "at", "type", side="sales", name="phone"),
            ll.Events(calls.clone(), "lead", "at", "type", side="buyer", name="web"),
        ],
    )
    assert [k for k, _, _ in j.facts["kinds"]] == ["phone:call", "web:call"]


def test_extend():
    events = EVENTS.with_columns(eid=pl.Series(["a", "b", "c"]))

    def role(t):
        return ll.Events(t, "lead", "at", ll.literal("visit"), id="eid")

    first = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=role(events),
        stages=ll.Stages(STAGES, "lead", "at", stage="stage"),
        won="won",
        lost="lost",
    )
    until = first.facts["observed_until"]
    later = table(lead=["1", "2"], at=["2024-01-05T10:00:00Z", "2024-03-01"], eid=["a", "d"])
    second, report = first.extend(events=role(later))
    assert report == {"added": 1, "duplicate": 1, "late": 0}
    # Events alone do not move the end of what is known of outcomes.
    assert second.facts["observed_until"] == until
    stages = table(lead=["1", "3"], at=["2024-01-09", "2024-02-20"], stage=["won", "won"])
    third, report = second.extend(stages=ll.Stages(stages, "lead", "at", stage="stage"))
    assert report == {"added": 1, "duplicate": 1, "late": 0}
    # The latest row of any table, now that stages have arrived: a date beside times is a whole day.
    assert third.facts["observed_until"] == "2024-03-02T00:00:00Z"
    assert (first.facts["events"], third.facts["events"], third.facts["stage_entries"]) == (3, 4, 3)
    whole = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=role(pl.concat([events, later[1:].select(events.columns)])),
        stages=ll.Stages(pl.concat([STAGES, stages[1:]]), "lead", "at", stage="stage"),
        won="won",
        lost="lost",
        observed_until="2024-02-21",
    )
    for lead in (1, 2, 3):
        assert third.show(lead).equals(whole.show(lead))
    with pytest.raises(ll.SchemaError, match="column not found"):
        first.extend(events=role(LEADS))


def test_config_file(tmp_path):
    LEADS.write_csv(tmp_path / "leads.csv")
    EVENTS.write_csv(tmp_path / "events.csv")
    text = """
    timezone = "UTC"
    [leads]
    table = "leads.csv"
    id = "id"
    created = "created"
    [[events]]
    table = "events.csv"
    lead = "lead"
    at = "at"
    kind = { literal = "visit" }
    where = { lead = { not = "2" } }
    """
    path = tmp_path / "leadlens.toml"
    path.write_text(text)
    assert ll.Journeys.from_config(path).facts["events"] == 2
    for wrong, message in [
        ("created =", "did you mean 'created'"),
        ("kind =", "did you mean 'kind'"),
        ("timezone =", "did you mean 'timezone'"),
        ("literal =", "did you mean 'literal'"),
    ]:
        path.write_text(text.replace(wrong, wrong[0] + wrong[2:]))
        with pytest.raises(ll.ConfigError, match=message):
            ll.Journeys.from_config(path)
    path.write_text(text.replace("[[events]]", "[events]"))
    with pytest.raises(ll.ConfigError, match=r"\[\[events\]\]"):
        ll.Journeys.from_config(path)


def test_order_of_rows_changes_nothing_where_an_order_is_given():
    n = 300
    rows = pl.DataFrame(
        {
            "lead": [str(i % 3 + 1) for i in range(n)],
            "at": ["2024-01-05"] * n,
            "kind": [f"k{i * 7 % 5}" for i in range(n)],
            "seq": [i * 37 % n for i in range(n)],
        }
    )

    def lines(t):
        j = ll.Journeys(
            leads=ll.Leads(LEADS, id="id", created="created"), events=ll.Events(t, "lead", "at", "kind", order="seq")
        )
        return [j.show(lead)["what"].to_list() for lead in (1, 2, 3)]

    assert lines(rows) == lines(rows.sample(fraction=1, shuffle=True, seed=1))


def test_pandas_nat_and_objects():
    leads = pd.DataFrame(
        {"id": [1, 2], "created": pd.to_datetime(["2024-01-01 08:00", "2024-01-02 00:00"]), "x": ["a", None]}
    )
    stages = pd.DataFrame({"lead": [1, 2], "at": pd.to_datetime(["2024-01-05 10:00", None]), "stage": ["won", None]})
    j = build(leads, None, stages)
    assert audit(j, "stages")["noted"] == {"null time; the stage was not reached": 1}
    assert j.snapshot(after="1d").counts["rows"] == 2


def test_outcomes_without_times():
    leads = table(
        id=["1", "2", "3", "4"],
        created=["2024-01-01"] * 4,
        outcome=["yes", "no", None, "1"],
        x=[1.0, 2.0, 3.0, 4.0],
    )
    timeless = ll.Journeys(leads=ll.Leads(leads, id="id", outcome="outcome", ignore=["created"]))
    timed = ll.Journeys(leads=ll.Leads(leads, id="id", created="created", outcome="outcome"))
    for s in (timeless.snapshot(), timed.snapshot(after="7d")):
        assert s.to_polars().select("lead_id", "label").rows() == [("1", True), ("2", False), ("4", True)]
        assert s.counts["without_outcome"] == 1
    for s in (timeless.snapshot(outcome="open"), timed.snapshot(as_of="2024-02-01")):
        assert s.to_polars()["lead_id"].to_list() == ["3"]
        assert s.label is None
        assert s.counts["with_outcome"] == 3
    assert len(timeless.snapshot(outcome="any")) == 4
    with pytest.raises(ll.SchemaError, match=r"1 outcomes are not .* \(first: 'maybe'\)"):
        ll.Journeys(leads=ll.Leads(leads.with_columns(outcome=pl.lit("maybe")).head(1), id="id", outcome="outcome"))
    with pytest.raises(ll.OptionError, match="creation times of leads"):
        timeless.snapshot(after="7d")


@pytest.mark.parametrize("pattern", ["1{:02}", "lead-of-the-north-{:02}", "Führung-{:02}", "長い名前のリード-{:02}"])
def test_rows_carry_the_ids_of_their_leads(pattern):
    ids = [pattern.format(i) for i in range(40)]
    at = [f"2024-01-{1 + i // 4:02}" for i in range(40)]
    journeys = ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": ids, "created": at}), id="id", created="created"),
        events=ll.Events(pl.DataFrame({"id": ids, "at": at, "kind": ["visit"] * 40}), lead="id", at="at", kind="kind"),
        observed_until="2024-03-01",
    )
    # All leads, most of them, and a few.
    for day, n in [("2024-02-01", 40), ("2024-01-07", 28), ("2024-01-02", 8)]:
        assert journeys.snapshot(as_of=day).to_polars()["lead_id"].to_list() == ids[:n]


def test_missing_numbers_are_null_and_counts_never_are():
    frame = ll.datasets.b2b_saas().snapshot(after="14d", horizon="90d").to_polars()
    numbers = frame.select(pl.col(pl.Float64))
    assert not any(numbers.select(pl.all().is_nan().any()).row(0))
    counted = [c for c in numbers.columns if c.startswith(("count(", "active_days(", "decayed(", "sum(", "momentum("))]
    assert counted
    assert numbers.select(counted).null_count().row(0) == (0,) * len(counted)
    assert numbers.select(pl.col("^days_since_last.*$")).null_count().transpose().sum().item() > 0


@pytest.mark.parametrize(
    "far",
    [
        pl.Series([2**63 - 1, 0, 0]).cast(pl.Datetime("us")),
        pl.Series([-(2**62), 0, 0]).cast(pl.Datetime("ms", "UTC")),
        pl.Series([2**31 - 1, 0, 0], dtype=pl.Int32).cast(pl.Date),
    ],
    ids=["microseconds", "milliseconds", "days"],
)
def test_times_beyond_all_calendars(far):
    """Libraries cannot write them as texts, and end the program where they try."""
    events = pl.DataFrame({"lead": [1, 1, 2], "at": far, "kind": ["a", "b", "c"]})
    j = ll.Journeys(
        leads=ll.Leads(LEADS, id="id", created="created"),
        events=ll.Events(events, lead="lead", at="at", kind="kind", name="e"),
        observed_until="2025-01-01",
    )
    assert j.facts["events"] == 2
    bad = j.check().to_polars().filter(pl.col("status") == "quarantined")
    assert bad["rows"].to_list() == [1]
    for role in ({"kind": "at", "at": "when"}, {"kind": "kind", "at": "when", "channel": "at"}):
        again = events.with_columns(when=pl.lit("2024-02-01 10:00"))
        with pytest.raises(ll.SchemaError, match="'at': 1 time is outside the years"):
            ll.Journeys(
                leads=ll.Leads(LEADS, id="id", created="created"),
                events=ll.Events(again, lead="lead", name="e", **role),
            )
