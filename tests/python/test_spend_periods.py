"""Spend by month and year in stated formats, in its own zone, and without a channel."""

from datetime import date, datetime, timezone

import polars as pl
import pytest

import leadlens as ll

UTC = timezone.utc


@pytest.fixture(scope="module")
def journeys():
    leads = pl.DataFrame({"id": [1, 2], "created": [datetime(2024, 1, 2, tzinfo=UTC)] * 2})
    visits = pl.DataFrame(
        {
            "lead": [1, 2],
            "at": [datetime(2024, 2, 9, tzinfo=UTC), datetime(2024, 2, 10, tzinfo=UTC)],
            "ch": ["ads", None],
        }
    )
    won = pl.DataFrame({"lead": [1, 2], "at": [datetime(2024, 2, 20, tzinfo=UTC)] * 2, "stage": ["won"] * 2})
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created"),
        events=ll.Events(visits, "lead", "at", ll.literal("visit"), channel="ch"),
        stages=ll.Stages(won, "lead", "at", stage="stage"),
        won="won",
        observed_until="2024-12-31",
    )


def costs(journeys, table, period="month", **options):
    spend = ll.Spend(pl.DataFrame(table), at="at", amount="cost", channel="ch", period=period, **options)
    return journeys.attribution("linear", spend=spend)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-02", "%Y-%m"),
        ("Feb 2024", "%b %Y"),
        ("February 24", "%B %y"),
        ("02/2024", "%m/%Y"),
        (202402, "%Y%m"),
        (202402, None),
        ("2024-02", None),
    ],
)
def test_months(journeys, text, form):
    found = costs(journeys, {"at": [text], "cost": [29.0], "ch": ["ads"]}, period="day", time_format=form)
    daily = found.costs(by_period=True)["spend"].drop_nulls()
    assert daily.to_list() == pytest.approx([1] * 29)


def test_the_zone_of_spend(journeys):
    """23:30 in New York is the next day, and month, in UTC."""
    table = {"at": ["2024-01-31 23:30"], "cost": [5.0], "ch": ["ads"]}

    def months(**options):
        spent = costs(journeys, table, **options).costs(by_period=True).filter(pl.col("spend").is_not_null())
        return spent[next(c for c, t in spent.schema.items() if t == pl.Date)].to_list()

    january, february = date(2024, 1, 1), date(2024, 2, 1)
    assert months() == [january]
    assert months(timezone="America/New_York") == [february]
    # A date is itself in any zone.
    table["at"] = ["2024-02-01"]
    for zone in ("America/New_York", "Pacific/Auckland"):
        assert months(timezone=zone) == [february]


def test_spend_without_a_channel(journeys):
    found = costs(journeys, {"at": ["2024-02"] * 2, "cost": [4.0, 6.0], "ch": [None, "ads"]})
    assert dict(found.costs().select("channel", "spend").rows()) == {"ads": 6.0, "(missing)": 4.0}
    assert "no touch has" not in str(found)


def test_float_ids_of_cutoffs_say_why():
    leads = pl.DataFrame({"id": [2**53, 1], "created": [datetime(2024, 1, 2, tzinfo=UTC)] * 2})
    j = ll.Journeys(leads=ll.Leads(leads, "id", created="created"), observed_until="2024-12-31")
    cutoffs = pl.DataFrame({"lead_id": [2.0**53, 1.0], "cutoff": [datetime(2024, 2, 2, tzinfo=UTC)] * 2})
    with pytest.raises(ll.SchemaError, match=r"1 row: float id of 2\^53 or more"):
        j.snapshot(cutoffs=cutoffs)
