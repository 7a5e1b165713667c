"""Paths from Python, on a log with planted loops."""

import polars as pl
import pytest

import leadlens as ll


@pytest.fixture(scope="module")
def visitors(shared):
    log = pl.read_csv(shared("retentioneering_ecom_synthetic") / "ecom.csv.gz", try_parse_dates=True)
    users = log.group_by("user_id", maintain_order=True).agg(created=pl.col("timestamp").min())
    return ll.Journeys(
        leads=ll.Leads(users, id="user_id", created="created"),
        events=ll.Events(
            log, lead="user_id", at="timestamp", kind="event", channel="acquisition_channel", props=["session_id"]
        ),
    ), log


def test_transitions_equal_plain_counting(visitors):
    journeys, log = visitors
    found = journeys.paths(unit="session", session_gap="30m")
    # Sessions of the log are at least half an hour apart.
    assert found.facts["sessions"]["sessions"] == 3_605
    assert found.facts["paths"] == 3_605
    # Purchases end no path here: they are events like others.
    pairs = log.with_columns(
        to=pl.col("event").shift(-1).over("session_id"), at_next=pl.col("timestamp").shift(-1).over("session_id")
    )
    # Where two events are of one second their order is that of the file in both.
    theirs = pairs.drop_nulls("to").group_by("event", "to").len()
    ours = found.transitions().filter(~pl.col("from").str.starts_with("(") & ~pl.col("to").str.starts_with("("))
    joined = ours.join(theirs, left_on=["from", "to"], right_on=["event", "to"], how="full")
    assert joined.filter(pl.col("count").cast(pl.Int64) != pl.col("len").cast(pl.Int64)).height == 0
    assert joined["count"].null_count() == joined["len"].null_count() == 0


def test_planted_loop_is_found(visitors):
    journeys, _ = visitors
    loops = journeys.paths(
        unit="session", session_gap="30m", events=["shipping_details", "add_to_cart"], top=10
    ).loops()
    assert "shipping_details > add_to_cart" in loops["loop"].to_list()


def test_ways_and_charts():
    journeys = ll.datasets.b2b_saas()
    found = journeys.paths(by="kind", length=3, session_gap="1d")
    ways = found.to_polars()
    assert ways["won"].sum() > 0
    assert (ways["paths"] == ways["won"] + ways["lost"] + ways["open"]).all()
    matrix = found.matrix()
    assert matrix.drop("from").sum_horizontal().to_list() == pytest.approx([1.0] * matrix.height)
    for chart in (found.plot(), found.plot_steps()):
        assert chart.to_dict()["$schema"]
    assert "paths to won" in found._repr_html_()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"unit": "session"}, ll.OptionError, "30m"),
        ({"by": "chanel"}, ll.UnknownNameError, "did you mean 'channel'"),
        ({"events": "webinr"}, ll.UnknownNameError, "did you mean 'webinar'"),
        ({"length": 0}, ll.OptionError, "from 1 to 100"),
        ({"target": "closed_wn"}, ll.UnknownNameError, "did you mean 'closed_won'"),
    ],
)
def test_errors(options, error, words):
    with pytest.raises(error, match=words):
        ll.datasets.b2b_saas().paths(**options)
