"""Names: one that occurs is no pattern; listed names are mapped; texts of results do not collide."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll


def day(n):
    return dt.datetime(2024, 3, 1, tzinfo=dt.UTC) + dt.timedelta(days=n)


def leads(n):
    return ll.Leads(pl.DataFrame({"id": list(range(n)), "made": [day(0)] * n}), id="id", created="made")


def journeys(table, n=4, stages=None, **options):
    events = ll.Events(table, "l", "at", options.pop("kind", ll.literal("v")), **options)
    won = {} if stages is None else {"stages": stages, "won": "won"}
    return ll.Journeys(leads=leads(n), events=events, observed_until=day(30), **won)


NAMES = ["/p?x", "/p/x", "a*", "ab"]
TABLE = pl.DataFrame({"l": [0, 1, 2, 3], "at": [day(k + 1) for k in range(4)], "k": NAMES, "c": NAMES, "p": NAMES})


# No row is left where all are like the pattern.
@pytest.mark.filterwarnings("ignore:.*no rows are left:leadlens.DataWarning")
@pytest.mark.parametrize(("text", "found"), [("/p?x", 1), ("a*", 1), ("/p*x", 2), ("?b", 1), ("*", 4)])
def test_a_name_that_occurs_is_no_pattern(text, found):
    j = journeys(TABLE, kind="k", channel="c", props=["p"])
    for step in (text, ll.Step(channel=text), ll.Step(where={"p": text})):
        assert j.funnel([step]).to_polars()["leads"].to_list()[:1] == [found]
    kept = journeys(TABLE, kind="k", where={"c": text}).check().tables[1]
    assert kept["used"] == found
    kept = journeys(TABLE, kind="k", where={"c": {"not": [text]}}).check().tables[1]
    assert kept["used"] == 4 - found
    stages = ll.Stages(TABLE.with_columns(at=pl.lit(day(9)), s=pl.lit("won")), "l", "at", stage="s")
    credit = journeys(TABLE, kind="k", channel="c", stages=stages).attribution("first", include=[text]).to_polars()
    assert credit.filter(pl.col("channel") != "(unattributed)").height == found


def test_a_pattern_is_the_same_in_every_part_of_a_table(tmp_path):
    # The text itself occurs in the last part only.
    table = pl.DataFrame({"l": [0] * 6, "at": [day(1)] * 6, "k": ["ab", "ac", "ad", "ab", "a?", "x"]})
    table.write_parquet(tmp_path / "e.parquet", row_group_size=1)
    for given in (table, tmp_path / "e.parquet"):
        assert journeys(given, where={"k": "a?"}).check().tables[1]["used"] == 1


def test_names_of_kinds_and_channels():
    table = pl.DataFrame(
        {
            "l": [0] * 5,
            "at": [day(k + 1) for k in range(5)],
            "k": ["Visit", "visit ", "Open*", "Opened", "call"],
            "c": ["googleads", "G-Ads EU", "G-Ads US", None, "Visit"],
        }
    )
    names = {"Visit": "visit", "Open*": "open", "channel": {"g*": "google", "G-Ads*": "google", "G-Ads US": "us"}}
    shown = journeys(table, kind="k", channel="c", names=names).show(0)
    assert shown["what"].to_list() == ["created", "visit", "visit", "open", "open", "call"]
    assert shown["channel"].to_list() == [None, "google", "google", "us", None, "visit"]
    one = journeys(table, kind=ll.literal("V"), names={"kind": {"V": "w"}}, channel=ll.literal("site")).show(0)
    assert set(one["what"].to_list()[1:]) == {"w"}
    assert set(one["channel"].to_list()[1:]) == {"site"}
    with pytest.raises(ll.OptionError, match=r"'chanel' is not one of.*did you mean 'channel'"):
        journeys(table, names={"chanel": {"a": "b"}})


def test_names_of_stages_have_wildcards():
    table = pl.DataFrame({"l": [0, 0, 0], "at": [day(1), day(2), day(3)], "s": ["Closed - Won EU", "Closed*", "open"]})
    stages = ll.Stages(
        table, "l", "at", stage="s", names={"Closed*": "closed", "Closed - Won*": "won"}, unmapped="drop"
    )
    j = ll.Journeys(leads=leads(1), stages=stages, won="won", observed_until=day(30))
    assert j.show(0)["what"].to_list() == ["created", "won", "closed"]
    assert "1 quarantined: stage not in names=" in str(j.check())


def test_no_two_paths_have_one_text():
    ways = {0: ["a", "b"], 1: ["a > b"], 2: ['"a"', "b"], 3: ["'(won)'"], 4: ["(won)"]}
    rows = [(lead, day(k + 1), c) for lead, way in ways.items() for k, c in enumerate(way)]
    table = pl.DataFrame(rows, schema=["l", "at", "c"], orient="row")
    paths = journeys(table, 5, channel="c").paths(by="channel").to_polars()
    assert sorted(paths["path"]) == sorted(["a > b", '"a > b"', '"\\"a\\"" > b', "''(won)''", "'(won)'"])


def test_fields_of_a_history_are_chosen():
    wide = pl.DataFrame({"l": [0], "since": [day(1)], "size": [5.0], "hs_x": [1.0], "hs_y": [2.0], "note": ["n"]})

    def names(table=wide, **options):
        given = ll.Fields(table, "l", "since", **options)
        j = ll.Journeys(leads=leads(1), fields=given, observed_until=day(30))
        return sorted(set(j.snapshot(as_of=day(9)).to_polars().columns) & {"size", "hs_x", "hs_y", "note"})

    assert names() == ["hs_x", "hs_y", "note", "size"]
    assert names(fields=["size", "hs_*"]) == ["hs_x", "hs_y", "size"]
    assert names(ignore=["hs_*", "note"]) == ["size"]
    assert names(fields=["hs_*"], ignore=["hs_y"]) == ["hs_x"]
    with pytest.raises(ll.SchemaError, match=r"ignore= contains 'notes'.*did you mean 'note'"):
        names(ignore=["notes"])
    long = wide.unpivot(index=["l", "since"], on=["size", "hs_x"], variable_name="what", value_name="is")
    assert names(long, name="what", value="is", ignore=["hs_?"]) == ["size"]
    with pytest.raises(ll.SchemaError, match="fields= contains 'sise'"):
        names(long, name="what", value="is", fields=["sise"])


def test_one_withheld_column_is_taken_back():
    table = pl.DataFrame(
        {"id": range(4), "made": [day(0)] * 4, "stage": ["a", "b"] * 2, "won_at": ["x", "y"] * 2, "size": [1, 2] * 2}
    )
    firms = pl.DataFrame({"f": [1, 2], "status": ["p", "q"]})

    def fields(**options):
        j = ll.Journeys(
            leads=ll.Leads(table.with_columns(f=pl.col("size")), "id", created="made", account="f", **options),
            accounts=ll.Accounts(firms, "f"),
            observed_until=day(30),
        )
        return set(j.snapshot(as_of=day(9)).to_polars().columns)

    assert not fields() & {"field(stage)", "won_at"}
    assert fields(include=["won_at"]) & {"field(stage)", "won_at", "size"} == {"won_at", "size"}
    assert "account.status" in fields(include=["account.status"])
    with pytest.raises(ll.SchemaError, match="'stge'"):
        fields(include=["stge"])
