"""Which rows are leads: several rows of one lead, and leads that no table lists."""

import itertools

import polars as pl
import pytest

import leadlens as ll

ROWS = pl.DataFrame(
    {
        "id": ["a", "a", "a", "b", "b"],
        "created": ["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-05", "2024-01-05"],
        "version": [3, 1, 2, None, 1],
        "x": ["a3", "a1", "a2", "b0", "b1"],
    }
)


def kept(frame, **options):
    j = ll.Journeys(
        leads=ll.Leads(frame, "id", created="created", fields=["x"], **options), observed_until="2024-06-01"
    )
    found = j.snapshot(as_of="2024-02-01").to_polars().sort("lead_id")
    return found["x"].to_list(), str(j.check())


@pytest.mark.parametrize("ids", [{"a": "a", "b": "b"}, {"a": 1, "b": 2}])
def test_the_order_column_decides_whatever_the_order_of_the_file(ids, tmp_path):
    frame = ROWS.with_columns(pl.col("id").replace_strict(ids))
    orders = [
        frame["version"],
        frame["version"].cast(pl.Float64),
        frame["version"].cast(pl.String),
        pl.Series([None if v is None else f"2024-01-0{v}" for v in frame["version"]]).str.to_date(),
    ]
    for order in orders:
        for places in itertools.islice(itertools.permutations(range(5)), 0, None, 7):
            rows = frame.with_columns(order.alias("version"))[list(places)]
            assert kept(rows, rows="first", order="version")[0] == ["a1", "b1"]
            # A row without a value in the order is kept only if all are without.
            assert kept(rows, rows="last", order="version")[0] == ["a3", "b1"]
            assert kept(rows, rows="earliest", order="version")[0] == ["a1", "b1"]
    _, check = kept(frame, rows="last", order="version")
    assert "duplicate lead id; the last row by 'version' was kept" in check


def test_ties_are_decided_by_the_table():
    tied = ROWS.with_columns(version=pl.lit(1))
    assert kept(tied, rows="first", order="version")[0] == ["a3", "b0"]
    assert kept(tied, rows="last", order="version")[0] == ["a2", "b1"]
    assert kept(ROWS, rows="first")[0] == ["a3", "b0"]
    assert kept(ROWS, rows="last")[0] == ["a2", "b1"]
    found, check = kept(ROWS, rows="earliest")
    assert found == ["a1", "b0"]
    assert "duplicate lead id; the row created first was kept" in check
    unknown = ROWS.with_columns(version=pl.lit(None, pl.Int64))
    assert kept(unknown, rows="last", order="version")[0] == ["a2", "b1"]


def test_rows_that_cannot_be_used_are_not_kept():
    frame = ROWS.with_columns(created=pl.when(pl.col("x") == "a1").then(pl.lit("?")).otherwise("created"))
    assert kept(frame, rows="first", order="version")[0] == ["a2", "b1"]
    assert kept(frame, rows="earliest")[0] == ["a2", "b0"]
    with pytest.raises(ll.SchemaError, match="rows='first', 'last' or 'earliest'"):
        kept(ROWS)
    with pytest.raises(ll.OptionError, match="'earliest' needs created="):
        ll.Journeys(leads=ll.Leads(ROWS, "id", rows="earliest"))


EVENTS = pl.DataFrame(
    {
        "user": [7.0, 2.0, 7.0, None, 5.0, 5.0],
        "at": ["2024-01-03 10:00", "2024-01-02 09:00", "2024-01-01 08:00", "2024-01-01 07:00", "?", "2024-01-04 00:00"],
        "kind": ["visit", "visit", "form", "visit", "visit", None],
    }
)


def times(j):
    frame = j.snapshot(as_of="2024-02-01").to_polars()
    return {lead: j.show(lead)["at"].to_list()[0].isoformat()[:16] for lead in frame["lead_id"]}


def test_leads_of_events(tmp_path):
    EVENTS.write_csv(tmp_path / "e.csv")
    EVENTS.write_parquet(tmp_path / "e.parquet")
    (tmp_path / "l.toml").write_text(
        'observed_until = "2024-06-01"\n[leads]\nfrom = "events"\n'
        '[[events]]\ntable = "e.csv"\nlead = "user"\nat = "at"\nkind = "kind"\n'
    )
    built = [ll.Journeys.from_config(tmp_path / "l.toml")]
    for table in (EVENTS, tmp_path / "e.csv", tmp_path / "e.parquet", EVENTS.to_pandas()):
        events = ll.Events(table, "user", "at", "kind")
        leads = ll.Leads.from_events(events)
        built.append(ll.Journeys(leads=leads, observed_until="2024-06-01"))
        built.append(ll.Journeys(leads=leads, events=[events], observed_until="2024-06-01"))
    for j in built:
        # A lead without an event that has a time and a kind is none.
        assert times(j) == {"2": "2024-01-02T09:00", "7": "2024-01-01T08:00"}
        assert j.funnel(["created", "form", "visit"]).to_polars()["leads"].to_list() == [2, 1, 1]
        assert "2 leads are derived from events" in str(j.check())
        j.save(tmp_path / "saved", overwrite=True)
        assert times(ll.Journeys.open(tmp_path / "saved")) == times(j)
        longer, report = j.extend(events=ll.Events(EVENTS.head(1), "user", "at", "kind", name="more"))
        assert report["added"] == 1
        assert times(longer) == times(j)


def test_leads_of_several_tables_and_lookups():
    identities = pl.DataFrame({"cookie": ["x", "y", "z"], "lead": ["A", "A", "B"]})
    visits = pl.DataFrame(
        {"cookie": ["y", "x", "z", "w"], "at": ["2024-01-05", "2024-01-02", "2024-01-09", "2024-01-01"]}
    )
    calls = pl.DataFrame({"id": ["B", "C"], "at": ["2024-01-03", "2024-01-04"]})
    events = [
        ll.Events(visits, ll.lookup(identities, "cookie", "lead"), "at", ll.literal("visit")),
        ll.Events(calls, "id", "at", ll.literal("call"), side="sales", where={"id": {"not": "D"}}),
    ]
    j = ll.Journeys(leads=ll.Leads.from_events(events), observed_until="2024-06-01")
    assert {str(lead): at[:10] for lead, at in times(j).items()} == {
        "A": "2024-01-02",
        "B": "2024-01-03",
        "C": "2024-01-04",
    }
    # No event is before the creation of its lead, whole days included.
    assert "before the lead's creation" not in str(j.check())


def test_leads_of_events_say_what_is_missing(tmp_path):
    with pytest.raises(ll.OptionError, match="from_events: expected Events"):
        ll.Leads.from_events([])
    none = ll.Events(EVENTS.with_columns(kind=pl.lit(None, pl.String)), "user", "at", "kind")
    with pytest.raises(ll.SchemaError, match="leads cannot be derived"):
        ll.Journeys(leads=ll.Leads.from_events(none))
    with pytest.raises(ll.SchemaError, match="did you mean 'user'"):
        ll.Journeys(leads=ll.Leads.from_events(ll.Events(EVENTS, "usr", "at", "kind")))
    for text, message in [
        ('[leads]\nfrom = "events"\n', "if a table of events is given"),
        ('[leads]\nid = "id"\n', "set table= and id="),
        ('[leads]\nfrom = "stages"\ntable = "t"\nid = "id"\n', "the only source that leads can be derived from"),
        ('[leads]\nfrom = "events"\ntable = "t.csv"\nid = "id"\n', "no table, columns or fields of their own"),
    ]:
        (tmp_path / "l.toml").write_text(text)
        with pytest.raises(ll.LeadLensError, match=message):
            ll.Journeys.from_config(tmp_path / "l.toml")
