"""A condition on a column means the same for the rows of a table and for the leads of an analysis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import polars as pl
import pytest

import leadlens as ll

pytestmark = pytest.mark.filterwarnings("ignore::leadlens.errors.DataWarning")

UTC = dt.timezone.utc
COLUMNS = {
    "whole": pl.Series([1, 7, 7, -3, None, 2**53 + 1]),
    "floats": pl.Series([1.0, 7.5, -0.0, 1e20, None, 7.0]),
    "flags": pl.Series([1, 0, 1, 0, None, 1]),
    "truths": pl.Series([True, False, True, None, False, True]),
    "texts": pl.Series(["a", "A b", "a*", ">= 3", None, "= a"]),
    "codes": pl.Series(["7", "007", "+7", "7.0x", None, "70"]),
    "words": pl.Series(["1", "true", "yes", "no", None, "0"]),
    "numbers in texts": pl.Series(["1.5", "7", "12345678901234567", "x", None, "-3"]),
    "odd": pl.Series(["[a]", "a?c", "a-c", "**", None, "{b}"]),
    "dates": pl.Series([dt.date(2024, 3, d) for d in (1, 2, 3, 4)] + [None, dt.date(2023, 1, 1)]),
    "times": pl.Series([dt.datetime(2024, 3, d, 9, tzinfo=UTC) for d in (1, 2, 3, 4)] + [None] * 2),
}
# Fields that are asked for as numbers and values of events are floats, which refuse these.
EXACT = (2**53 + 1, 2**53)
CONDITIONS = [
    *(1, 7, 0, 7.5, 7.0, -3, 2**53 + 1, 2**53, 1e20, True, False, None),
    *(
        "1",
        "7",
        "7.0",
        "007",
        "+7",
        "7.50",
        "true",
        "True",
        "yes",
        "a",
        "A b",
        "a*",
        "*",
        "a?c",
        "[a]",
        "**",
        "{b}",
        "x",
    ),
    *(
        ">= 3",
        "<7",
        "> 1.5",
        "<= 7",
        "!= 7",
        "== 7",
        "=7",
        " = 7",
        "!= a",
        "== a",
        "= a",
        "!=a*",
        ">= 12345678901234567",
    ),
    *("2024-03-02", ">= 2024-03-02", "< 2024-03-02T09:00", "!= 2024-03-02", "> 2024-03-03", "== 2024-03-04T09:00:00Z"),
    [1, 7],
    ["a", None],
    {"not": 7},
    {"not": ["a", 1]},
    {"not": None},
    {"all": [">= 1", "< 8"]},
    {"not": {"all": [">= 1", "!= 7"]}},
    [">= 7", "<= 1"],
]


N = 6


def table(name: str) -> pl.DataFrame:
    made = [dt.datetime(2024, 5, 1, tzinfo=UTC)] * N
    return pl.DataFrame({"id": [f"l{i}" for i in range(N)], "made": made, "x": COLUMNS[name]})


def answer(count: Callable[[], int]) -> int | str:
    """Return a count, or the kind of the refusal; without rows the count is 0."""
    try:
        return count()
    except (ll.OptionError, ll.SchemaError):
        return "refused"
    except ll.UnknownNameError:
        return "unknown"
    except ll.NotEnoughDataError:
        return 0


def rows_of_leads(name: str, condition: object, **options: object) -> int:
    leads = ll.Leads(table(name), "id", created="made", fields=["x"], where={"x": condition}, **options)
    return ll.Journeys(leads=leads, observed_until="2024-06-01").funnel(["created"]).to_polars()["leads"][0]


def rows_of_events(source: object, condition: object) -> int:
    leads = ll.Leads(table("whole").select("id", "made"), "id", created="made")
    events = ll.Events(source, "id", "made", ll.literal("v"), where={"x": condition})
    j = ll.Journeys(leads=leads, events=events, observed_until="2024-06-01")
    used = j.check().to_polars().filter(role="events", status="used")
    return used["rows"].sum()


@cache
def journeys(name: str, as_texts: bool) -> ll.Journeys:
    leads = table(name).rename({"x": "field"})
    options = {"categories": ["field"]} if as_texts else {}
    is_number = not as_texts and table(name)["x"].dtype.is_numeric()
    events = ll.Events(table(name), "id", "made", ll.literal("v"), **{"values" if is_number else "props": ["x"]})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="made", fields=["field"], **options),
        events=events,
        observed_until="2024-06-01",
    )


def leads_of_funnel(name: str, condition: object, *, as_texts: bool) -> int:
    return journeys(name, as_texts).funnel(["created"], where={"field": condition}).to_polars()["leads"][0]


def leads_of_step(name: str, condition: object, *, as_texts: bool) -> int:
    step = ll.Step("v", where={"x": condition})
    return journeys(name, as_texts).funnel(["created", step]).to_polars()["leads"][1]


@pytest.mark.parametrize("name", COLUMNS)
def test_tables_leads_and_events_agree(name: str, tmp_path: Path) -> None:
    """All refuse, or all give one answer; a text that does not occur holds for no row, and analyses name it."""
    table(name).write_parquet(tmp_path / "t.parquet", row_group_size=2)
    answered = 0
    for condition in CONDITIONS:
        of_leads = answer(partial(rows_of_leads, name, condition))
        for source in (table(name), tmp_path / "t.parquet"):
            assert answer(partial(rows_of_events, source, condition)) == of_leads, condition
        of_funnel = answer(partial(leads_of_funnel, name, condition, as_texts=False))
        answers = [of_funnel]
        if name not in ("dates", "times"):
            answers.append(answer(partial(leads_of_step, name, condition, as_texts=False)))
        for own in answers:
            if own == "unknown":
                assert of_leads in (0, N, "refused") or isinstance(condition, list | dict), (condition, of_leads)
            elif not (own == "refused" and condition in EXACT):
                assert own == of_leads, (condition, own, of_leads)
        answered += isinstance(of_leads, int)
    assert answered > 5


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in ("dates", "times")])
def test_categories_agree_with_tables(name: str) -> None:
    """Numbers and booleans that are read as categories give the answers of their table, where it has one."""
    answered = 0
    for condition in CONDITIONS:
        of_leads = answer(partial(rows_of_leads, name, condition))
        for analysis in (leads_of_funnel, leads_of_step):
            own = answer(partial(analysis, name, condition, as_texts=True))
            if isinstance(own, int) and isinstance(of_leads, int):
                assert own == of_leads, (condition, own, of_leads)
                answered += 1
    assert answered > 10


def test_comparisons_with_neighbours_of_large_numbers() -> None:
    big = 2**60
    values = pl.DataFrame({"id": ["a", "b", "c"], "made": ["2024-05-01"] * 3, "x": [big - 1, big, big + 1]})
    for dtype in (pl.Int64, pl.UInt64, pl.String, pl.Decimal(30, 0), pl.Int128):
        for condition, count in (
            (f">= {big}", 2),
            (f"> {big}", 1),
            (f"< {big}", 1),
            (f"<= {big}.0", 2),
            (f"!= {big}", 2),
        ):
            leads = ll.Leads(values.cast({"x": dtype}), "id", created="made", where={"x": condition})
            j = ll.Journeys(leads=leads, observed_until="2024-06-01")
            assert j.funnel(["created"]).to_polars()["leads"][0] == count, (dtype, condition)
            j = ll.Journeys(
                leads=ll.Leads(values.cast({"x": dtype}), "id", created="made", categories=["x"]),
                observed_until="2024-06-01",
            )
            assert j.funnel(["created"], where={"x": condition}).to_polars()["leads"][0] == count, (dtype, condition)


def test_a_float_that_cannot_be_told_from_its_neighbours_is_refused() -> None:
    wanted = 2**53 + 1
    for answer_of in (rows_of_leads, partial(leads_of_funnel, as_texts=False)):
        with pytest.raises(
            (ll.SchemaError, ll.OptionError), match=f"the whole number {wanted}.*floats do not represent it"
        ):
            answer_of("floats", wanted)
