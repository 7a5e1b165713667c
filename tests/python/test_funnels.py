"""Funnels from Python: every option reaches the core, results are tables and charts, errors are typed."""

import datetime as dt

import polars as pl
import pytest

import leadlens as ll

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


def journeys(*rows, until="2024-06-01"):
    """Events as (lead, minute, kind, channel, pages)."""
    events = pl.DataFrame(
        {
            "lead": [r[0] for r in rows],
            "at": [START + dt.timedelta(minutes=r[1]) for r in rows],
            "kind": [r[2] for r in rows],
            "channel": [r[3] if len(r) > 3 else None for r in rows],
            "pages": [float(r[4]) if len(r) > 4 else None for r in rows],
            "city": ["Bonn" if r[2] == "visit" else None for r in rows],
        },
        schema_overrides={"channel": pl.String, "pages": pl.Float64, "city": pl.String},
    )
    leads = pl.DataFrame({"id": [1, 2, 3], "created": [START] * 3, "size": ["big", "big", "small"]})
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["size"]),
        events=ll.Events(
            events, lead="lead", at="at", kind="kind", channel="channel", values=["pages"], props=["city"], name="web"
        ),
        observed_until=until,
    )


@pytest.fixture(scope="module")
def three():
    return journeys(
        (1, 0, "visit", "ads", 1),
        (1, 30, "visit", "mail", 5),
        (1, 45, "form", "mail"),
        (1, 75, "demo"),
        (2, 10, "visit", "ads", 3),
        (2, 20, "chat"),
        (2, 25, "form", "ads"),
        (3, 50_000, "form"),
    )


def counts(funnel):
    return [n for _, n in funnel.steps.rows()]


def test_options_reach_the_core(three):
    steps = ["visit", "form", "demo"]
    assert counts(three.funnel(steps, window="1h")) == [2, 2, 1]
    assert counts(three.funnel(steps, window="1h", entry="first")) == [2, 2, 0]
    assert counts(three.funnel(steps, window="1h", order="strict")) == [2, 1, 1]
    assert three.funnel(["demo", "visit"], order="any").steps.rows() == [("any 1 of 2", 2), ("all 2", 1)]
    assert counts(three.funnel(["visit", ll.Step("form", within="15m"), "demo"])) == [2, 2, 1]
    assert counts(three.funnel(["visit", ll.Step("form", within="14m"), "demo"])) == [2, 0, 0]
    assert counts(three.funnel([ll.Step("visit", where={"pages": ">= 4"}), "form"])) == [1, 1]
    assert counts(three.funnel([ll.Step("visit", where={"pages": 3}), "form"])) == [1, 1]
    assert counts(three.funnel([ll.Step(channel="ma*"), "demo"])) == [1, 1]
    assert counts(three.funnel([ll.Step("visit", where={"city": "B?nn"}), "form"])) == [2, 2]
    assert counts(three.funnel([["chat", "demo"]])) == [2]
    assert counts(three.funnel([ll.Step(any_of=["visit", ll.Step("form")])])) == [3]
    assert counts(three.funnel(["visit", ll.Step("chat", optional=True), "form"])) == [2, 1, 2]
    assert counts(three.funnel(["visit", "form"], hold="channel")) == [2, 2]
    chat = ll.Exclusion("chat", after="visit", before=2)
    assert counts(three.funnel(["visit", "form"], exclude=chat)) == [2, 1]
    gone = three.funnel(["visit", "form"], exclude=[ll.Exclusion(["chat"], removes=True)])
    assert (counts(gone), gone.removed, gone.never_entered) == ([1, 1], 1, 1)
    assert counts(three.funnel(["visit"], entry="totals", window="1m")) == [3]
    assert counts(three.funnel("visit")) == [2]


def test_tables(three):
    f = three.funnel(["visit", "form"], by="size", period="month")
    assert f.to_polars().columns[:3] == ["group", "step", "leads"]
    assert f.to_polars()["group"].to_list() == ["(all)", "(all)", "big", "big"]
    times = f.times().filter((pl.col("group") == "(all)") & (pl.col("since") == "first"))
    assert times["n"].to_list() == [2]
    assert times["median"].item() == pytest.approx((15 + 15) / 2 / 1440)
    assert f.trend().filter(pl.col("group") == "(all)")["period"].to_list() == [dt.date(2024, 1, 1)] * 2
    leads = f.leads()
    assert leads.select("lead_id", "reached", "step").rows() == [("1", 2, "form"), ("2", 2, "form")]
    assert leads["entered_at"].to_list() == [START + dt.timedelta(minutes=30), START + dt.timedelta(minutes=10)]
    assert "median_days" not in three.funnel(["visit"], times=False).to_polars().columns
    for chart in (f.plot(), f.plot_trend(), three.funnel(["visit", "form"]).plot()):
        assert chart.to_dict()["$schema"].startswith("https://vega.github.io")
    assert "Funnel, no time limit" in repr(f)
    assert "<table" in f._repr_html_()


def test_breakdown_by_a_property(three):
    table = three.funnel(["visit", "form"], by="channel", attribution="step 2").to_polars()
    assert table.filter(pl.col("step") == "form").select("group", "leads").rows() == [
        ("(all)", 2),
        ("ads", 1),
        ("mail", 1),
    ]


def test_a_step_and_its_choices(three):
    # What is said of a step holds for all of its choices.
    assert counts(three.funnel([ll.Step(any_of=["visit", "form"], channel="mail")])) == [1]
    with pytest.raises(ll.OptionError, match="on the step"):
        three.funnel(["visit", ll.Step(any_of=[ll.Step("form", within="1h")])])
    assert counts(three.funnel(["visit", "form"], exclude="chat")) == [2, 1]


def test_fields_called_like_columns(three):
    leads = pl.DataFrame({"id": [1, 2], "created": [START] * 2, "median": ["a", "b"], "step": ["x", "y"]})
    events = pl.DataFrame({"lead": [1, 2], "at": [START + dt.timedelta(minutes=1)] * 2, "kind": ["from", "visit"]})
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(events, lead="lead", at="at", kind="kind"),
        observed_until="2024-06-01",
    )
    for by in ("median", "step"):
        f = j.funnel(["created", "visit"], by=by)
        assert f.to_polars().columns[:2] == ["group", "step"]
        assert f.plot().to_dict()
    assert j.paths().matrix().columns[0] == "(from)"
    # Nothing is told as null, not as NaN.
    nobody = j.funnel(["created", "visit"], window="3650d")
    assert nobody.to_polars()["of_first"].to_list() == [None, None]
    assert nobody.plot().to_dict()
    assert j.funnel(["created", "visit"], window="3650d", period="month").plot_trend().to_dict()
    with pytest.raises(ll.OptionError, match="pass period='month'"):
        nobody.plot_trend()


def test_immature_entrants_are_counted():
    j = journeys((1, 0, "visit"), (2, 24 * 60, "visit"), (2, 1500, "form"), until="2024-01-03")
    f = j.funnel(["visit", "form"], window="36h")
    assert (counts(f), f.immature, f.never_entered) == ([1, 0], 1, 1)
    assert "1 lead entered too late" in repr(f)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"steps": ["vist"]}, ll.UnknownNameError, "did you mean 'visit'"),
        ({"steps": []}, ll.OptionError, "1 to 32 steps"),
        ({"steps": ["visit"], "window": "0d"}, ll.OptionError, "longer than zero"),
        ({"steps": ["visit"], "order": "strickt"}, ll.OptionError, "did you mean 'strict'"),
        ({"steps": ["visit"], "by": "siz"}, ll.UnknownNameError, "did you mean 'size'"),
        ({"steps": ["visit"], "by": "size", "attribution": "last"}, ll.OptionError, "property of events"),
        ({"steps": ["visit"], "attribution": "step x"}, ll.OptionError, "attribution"),
        ({"steps": [ll.Step("visit", where={"page": 3})]}, ll.UnknownNameError, "did you mean 'pages'"),
        ({"steps": [ll.Step("visit", where={"pages": "many"})]}, ll.OptionError, "is not a number"),
        ({"steps": [ll.Step(channel="add")]}, ll.UnknownNameError, "did you mean 'ads'"),
        ({"steps": [ll.Step()]}, ll.OptionError, "has no event"),
        ({"steps": ["visit", "form"], "exclude": ll.Exclusion("chat", after="frm")}, ll.UnknownNameError, "'form'"),
        ({"steps": ["visit"], "compat": "clickhouse"}, ll.OptionError, "needs a window"),
        ({"steps": ["visit"], "modes": ["strict_order"]}, ll.OptionError, "clickhouse"),
        ({"steps": ["visit"], "period": "moth"}, ll.OptionError, "did you mean 'month'"),
        ({"steps": [object(), 2]}, ll.OptionError, "expected a name"),
        ({"steps": ["visit"], "window": object()}, ll.OptionError, "expected a text, number"),
        ({"steps": ["visit"], "window": 30}, ll.OptionError, r"funnel\(window=…\): expected .*, not 30"),
        ({"steps": ["visit"], "window": 30}, ll.OptionError, "a span of time such as '30d'"),
        ({"steps": ["visit"], "window": "90 days"}, ll.OptionError, "write '90d'"),
        ({"steps": ["visit"], "window": "3mo"}, ll.OptionError, "a month has no fixed length: write '90d'"),
        ({"steps": None}, ll.OptionError, "steps: expected one value or a list, got None"),
    ],
)
def test_errors(three, options, error, words):
    steps = options.pop("steps")
    with pytest.raises(error, match=words):
        three.funnel(steps, **options)


def test_lengths_of_time_may_be_timedeltas(three):
    by_text = three.funnel(["visit", "form"], window="7d", exclude=None)
    by_length = three.funnel(["visit", "form"], window=dt.timedelta(days=7))
    assert by_text.to_polars().equals(by_length.to_polars())
