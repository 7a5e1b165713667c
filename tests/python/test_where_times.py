"""Conditions of ``where=`` on dates and times mean the same in every type of column and on every route."""

import contextlib
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import leadlens as ll

UTC = timezone.utc
DAYS = [date(2024, 5, d) for d in (1, 2, 3, 4)]
TIMES = [datetime(2024, 5, d, 10 * (d % 2), tzinfo=UTC) for d in (1, 2, 3, 4)]


def ids(journeys):
    """Give the leads that there are."""
    known = []
    for i in (1, 2, 3, 4):
        with contextlib.suppress(ll.UnknownNameError):
            journeys.show(i)
            known.append(i)
    return known


def kept(column, condition, **options):
    table = pl.DataFrame({"id": [1, 2, 3, 4], "c": column}) if not isinstance(column, pl.DataFrame) else column
    journeys = ll.Journeys(
        leads=ll.Leads(table, "id", where={"c": condition}, fields=[], **options), observed_until="2025-01-01"
    )
    return ids(journeys)


COLUMNS = {
    "date": (pl.Series(DAYS), {}),
    "text": (pl.Series([str(d) for d in DAYS]), {}),
    "category": (pl.Series([str(d) for d in DAYS], dtype=pl.Categorical), {}),
    "german": (pl.Series([d.strftime("%d.%m.%Y") for d in DAYS]), {"time_format": "%d.%m.%Y"}),
    "number": (pl.Series([int(d.strftime("%Y%m%d")) for d in DAYS]), {"time_format": "%Y%m%d"}),
    "epoch": (pl.Series([int(t.timestamp() * 1000) for t in TIMES]), {"unit": "ms"}),
    "epoch text": (pl.Series([str(int(t.timestamp() * 1000)) for t in TIMES]), {"unit": "ms"}),
    "datetime": (pl.Series(TIMES), {}),
    "ns": (pl.Series(TIMES).dt.cast_time_unit("ns"), {}),
    "naive": (pl.Series([t.replace(tzinfo=None) for t in TIMES]), {}),
    "stamp": (pl.Series([t.isoformat() for t in TIMES]), {}),
}
CONDITIONS = {
    "day": (date(2024, 5, 3), [3]),
    "not": ({"not": date(2024, 5, 3)}, [1, 2, 4]),
    "text": ("2024-05-03", [3]),
    "equal": ("== 2024-05-03", [3]),
    "unequal": ("!= 2024-05-03", [1, 2, 4]),
    "since": (">= 2024-05-03", [3, 4]),
    "after": ("> 2024-05-03", [4]),
    "until": ("<= 2024-05-03", [1, 2, 3]),
    "before": ("< 2024-05-03", [1, 2]),
    "list": ([date(2024, 5, 1), "2024-05-04"], [1, 4]),
    "range": ({"all": [">= 2024-05-02", "< 2024-05-04"]}, [2, 3]),
    "numpy": (np.datetime64("2024-05-03"), [3]),
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_day_is_all_of_its_instants(column, condition):
    values, options = COLUMNS[column]
    wanted, rows = CONDITIONS[condition]
    assert kept(values, wanted, **options) == rows


# No row is left by some conditions.
@pytest.mark.filterwarnings("ignore:.*no rows are left:leadlens.DataWarning")
@pytest.mark.parametrize("column", ["epoch", "datetime", "ns", "naive", "stamp"])
def test_points_in_time(column):
    values, options = COLUMNS[column]
    for wanted, rows in [
        (TIMES[2], [3]),
        (TIMES[2].astimezone(timezone(timedelta(hours=5, minutes=30))), [3]),
        (pd.Timestamp(TIMES[2]), [3]),
        (datetime(2024, 5, 3), []),
        ("> 2024-05-03T09:59:59Z", [3, 4]),
        ("> 2024-05-03T10:00:00Z", [4]),
        ("<= 2024-05-03T15:30:00+05:30", [1, 2, 3]),
    ]:
        assert kept(values, wanted, **options) == rows, wanted


def test_days_and_naive_times_are_read_in_the_zone_of_the_table():
    late = [
        datetime(2024, 5, 2, 23, tzinfo=UTC),
        datetime(2024, 5, 3, 21, tzinfo=UTC),
        datetime(2024, 5, 3, 23, tzinfo=UTC),
    ]
    table = pl.DataFrame({"id": [1, 2, 3], "c": late})
    for wanted in (date(2024, 5, 3), "2024-05-03", {"all": [">= 2024-05-03", "<= 2024-05-03"]}):
        assert kept(table, wanted, timezone="Europe/Berlin") == [1, 2]
        assert kept(table, wanted) == [2, 3]


def test_a_comparison_that_cannot_be_meant_is_refused():
    flags, numbers, texts = pl.Series([True, False] * 2), pl.Series([1, 2, 3, 4]), pl.Series(["a", "b", "c", "d"])
    dates = pl.Series(DAYS)
    for column, wanted, words in [
        (numbers, date(2024, 5, 3), "the time 2024-05-03.*type is i64"),
        (numbers, ">= 2024-05-03", "the time 2024-05-03.*type is i64.*unit="),
        (numbers.cast(pl.Float64), "2024-05-03", "type is f64"),
        (numbers.cast(pl.Decimal(10, 2)), date(2024, 5, 3), "type is decimal"),
        (numbers.cast(pl.String), date(2024, 5, 3), "a time, but its type is text"),
        (flags, date(2024, 5, 3), "type is bool"),
        (texts, ">= 2024-05-03", "a time, but its type is text"),
        (texts, "> 3", "a number, but its type is text.*'a'"),
        (texts, 3, "a number, but its type is text"),
        (dates, 3, "a number, but its type is date"),
        (dates, "> 3", "the number 3.*type is date"),
        (dates, True, "a boolean.*type is date"),
        (dates, "won", "the text 'won'.*type is date"),
        (pl.Series(TIMES), 20240503, "a number.*type is datetime"),
    ]:
        with pytest.raises(ll.SchemaError, match=f"column 'c'.*where=.*{words}"):
            kept(column, wanted)


def test_files_agree_with_frames(tmp_path):
    frame = pl.DataFrame({"id": [1, 2, 3, 4], "c": DAYS, "t": [t.replace(tzinfo=None) for t in TIMES]})
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    routes = [frame, frame.to_pandas(), frame.to_arrow(), *(tmp_path / f"t.{e}" for e in ("csv", "parquet", "arrow"))]
    for table in [*routes, pa.table({"id": frame["id"], "c": pa.array(DAYS, pa.date64()), "t": frame["t"].to_arrow()})]:
        for column in ("c", "t"):
            j = ll.Journeys(leads=ll.Leads(table, "id", where={column: ">= 2024-05-03"}, fields=[]))
            assert ids(j) == [3, 4], (type(table), column)
        with pytest.raises(ll.SchemaError, match="where="):
            ll.Journeys(leads=ll.Leads(table, "id", where={"id": date(2024, 5, 3)}, fields=[]))


def test_toml_has_times_of_its_own(tmp_path):
    pl.DataFrame({"id": [1, 2, 3, 4], "c": DAYS}).write_csv(tmp_path / "t.csv")
    for condition in ("2024-05-03", '"2024-05-03"', '"== 2024-05-03"', "{ all = ['>= 2024-05-03', '<= 2024-05-03'] }"):
        (tmp_path / "p.toml").write_text(f'[leads]\ntable = "t.csv"\nid = "id"\nwhere = {{ c = {condition} }}\n')
        assert ll.Journeys.from_config(tmp_path / "p.toml").facts["leads"] == 1, condition


def test_other_roles_and_their_parts(tmp_path):
    created = datetime(2024, 1, 1, tzinfo=UTC)
    leads = ll.Leads(pl.DataFrame({"id": [1, 2, 3, 4], "c": [created] * 4}), "id", created="c")
    rows = pl.DataFrame({"id": [1, 2, 3, 4], "c": DAYS, "at": TIMES, "s": ["won"] * 4, "x": [1.0, 2.0, 3.0, 4.0]})
    rows.write_parquet(tmp_path / "t.parquet", row_group_size=1)
    options = {"where": {"c": {"all": [">= 2024-05-02", "< 2024-05-04"]}, "at": "!= 2024-05-02"}}
    for table in (rows, tmp_path / "t.parquet"):
        j = ll.Journeys(
            leads=leads,
            events=ll.Events(table, "id", "at", ll.literal("visit"), **options),
            stages=ll.Stages(table, "id", "at", stage="s", **options),
            fields=ll.Fields(table, "id", "at", fields=["x"], **options),
            won="won",
            observed_until="2024-07-01",
        )
        used = {t["role"]: (t["used"], t["filtered"]) for t in j.check().tables}
        assert {used[role] for role in ("events", "stages", "fields")} == {(1, 3)}
        pairs = ll.Cutoffs(table, "id", "at", **options)
        assert len(ll.Journeys(leads=leads, observed_until="2024-07-01").snapshot(cutoffs=pairs)) == 1


def test_one_and_zero_are_true_and_false():
    for column in (
        pl.Series([1, 0, 1, 0]),
        pl.Series([True, False] * 2),
        pl.Series([1.0, 0.0] * 2),
        pl.Series(["True", "false"] * 2),
    ):
        for wanted in (True, 1, 1.0, "true", "1", ">= 1", "> 0", "!= 0"):
            assert kept(column, wanted) == [1, 3], (column.dtype, wanted)
        for wanted in (False, 0, "false", "< 1", {"not": True}, "!= true"):
            assert kept(column, wanted) == [2, 4], (column.dtype, wanted)


def test_analyses_have_the_same_rule():
    frame = pl.DataFrame(
        {"id": [1, 2, 3, 4], "c": TIMES, "day": DAYS, "flag": [1, 0, 1, 0], "word": [str(d) for d in DAYS]}
    )
    visits = frame.with_columns(at=pl.lit(datetime(2024, 5, 6, tzinfo=UTC)))
    j = ll.Journeys(
        leads=ll.Leads(
            frame.with_columns(day=pl.col("day") - timedelta(days=30)), "id", created="c", fields=["day", "flag"]
        ),
        events=ll.Events(visits, "id", "at", ll.literal("visit"), props=["word"], values=["flag"]),
        observed_until="2024-07-01",
    )

    def count(**where):
        return j.funnel(["created", "visit"], where=where).to_polars()["leads"].to_list()[0]

    assert count(day=date(2024, 4, 3)) == 1
    assert count(day=">= 2024-04-03") == 2
    assert count(day="> 2024-04-03") == 1
    assert count(day="<= 2024-04-03T00:00:00") == 3
    assert count(flag="true") == count(flag=True) == count(flag=1) == 2
    for wrong in ({"flag": date(2024, 4, 3)}, {"day": 3}, {"day": "soon"}):
        with pytest.raises(ll.OptionError, match=f"{next(iter(wrong))}: "):
            count(**wrong)

    def step(where):
        return j.funnel(["created", ll.Step("visit", where=where)]).to_polars()["leads"].to_list()[1]

    assert step({"word": date(2024, 5, 3)}) == 1
    assert step({"word": ">= 2024-05-03"}) == 2
    assert step({"flag": "true"}) == 2
    with pytest.raises(ll.OptionError, match="word: none of the field's values is a number"):
        step({"word": "> 3"})
