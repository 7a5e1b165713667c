"""Attribution against do-attribution and the published paths of ChannelAttribution; options and tables from Python."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from do_attribution import MarkovAttribution

import leadlens as ll

START = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


def as_journeys(paths, converted, weight):
    """Journeys from lists of channels: ``weight`` leads for each path."""
    paths = [p for p, w in zip(paths, weight, strict=True) for _ in range(w)]
    converted = [c for c, w in zip(converted, weight, strict=True) for _ in range(w)]
    length = np.array([len(p) for p in paths])
    lead = np.repeat(np.arange(len(paths)), length)
    place = np.concatenate([np.arange(n) for n in length])
    touches = pl.DataFrame({"lead": lead, "hour": place, "channel": np.concatenate(paths)}).with_columns(
        at=pl.lit(START) + pl.duration(hours=pl.col("hour")), kind=pl.lit("touch")
    )
    won = pl.DataFrame({"lead": np.arange(len(paths)), "hour": length}).filter(pl.Series(converted))
    won = won.with_columns(at=pl.lit(START) + pl.duration(hours=pl.col("hour")), stage=pl.lit("won"))
    leads = pl.DataFrame({"id": np.arange(len(paths))}).with_columns(created=pl.lit(START))
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=ll.Events(touches, lead="lead", at="at", kind="kind", channel="channel"),
        stages=ll.Stages(won, lead="lead", at="at", stage="stage"),
        won="won",
        observed_until="2025-01-01",
    )


def credit(result, method):
    table = result.to_polars().filter(pl.col("method") == method)
    return dict(zip(table["channel"], table["conversions"], strict=True))


@pytest.fixture(scope="module")
def published(shared):
    table = pl.read_csv(shared("channelattribution_paths") / "Data.csv", separator=";")
    paths = [p.split(" > ") for p in table["path"]]
    rows = [
        (path, converted, n)
        for path, won, null in zip(paths, table["total_conversions"], table["total_null"], strict=True)
        for converted, n in ((True, won), (False, null))
        if n > 0
    ]
    return rows


@pytest.fixture(scope="module")
def published_journeys(published):
    return as_journeys(*zip(*published, strict=True))


# From the README of the data: direct counts, each adding up to 19,785.
FIRST = (
    "alpha 6308 beta 2831 delta 1 epsilon 99 eta 3164 gamma 165 iota 4606 kappa 74 lambda 902 mi 2 theta 1606 zeta 27"
)
LAST = (
    "alpha 8447 beta 989 delta 5 epsilon 531 eta 4167 gamma 92 iota 3355 kappa 230 lambda 1207 mi 2 theta 653 zeta 107"
)
LINEAR = (
    "alpha 7574.719 beta 2083.500 delta 1.725 epsilon 272.170 eta 3539.951 gamma 121.042 iota 3857.096 kappa 137.964 "
    "lambda 1035.258 mi 2.222 theta 1022.801 zeta 136.552"
)


def counts(text):
    words = text.split()
    return {name: float(n) for name, n in zip(words[::2], words[1::2], strict=True)}


def test_published_counts(published_journeys):
    result = published_journeys.attribution(["first", "last", "linear", "markov", "markov 2", "markov 3", "shapley"])
    assert credit(result, "first") == pytest.approx(counts(FIRST), abs=1e-9)
    assert credit(result, "last") == pytest.approx(counts(LAST), abs=1e-9)
    # Printed to three digits.
    assert credit(result, "linear") == pytest.approx(counts(LINEAR), abs=5.1e-4)
    assert (result.facts["conversions"], result.facts["null_paths"]) == (19_785, 68_602)
    for method in result.facts["methods"]:
        assert sum(c["conversions"] for c in method["credits"]) == pytest.approx(19_785, abs=1e-7)
        if method["chance"] is not None:
            assert method["chance"] == pytest.approx(19_785 / 88_387, abs=1e-12)


# Both solve the same linear systems, of up to 1,500 states; shares agree to rounding.
@pytest.mark.parametrize("order", [1, 2, 3])
def test_markov_equals_do_attribution(published, published_journeys, order):
    model = MarkovAttribution(order=order, removal_strategy="redirect_to_null")
    paths, converted, weight = zip(*published, strict=True)
    theirs = model.fit([" > ".join(p) for p in paths], [int(c) for c in converted], list(weight))
    ours = credit(published_journeys.attribution("markov", order=order), "markov" if order == 1 else f"markov {order}")
    shares = {k: v / 19_785 for k, v in ours.items()}
    assert shares == pytest.approx({k: theirs["attribution"][k] for k in shares}, abs=1e-12)


# It follows a million simulated paths, and stops when removal effects move by less than 5 %: credits of one run differ
# from those of another by about 20 conversions of 19,785. Ours are exact.
@pytest.mark.parametrize("order", [1, 2, 3])
def test_markov_is_what_channelattribution_simulates(published_journeys, order):
    golden = json.loads((Path(__file__).parents[1] / "golden" / "channelattribution.json").read_text(encoding="utf-8"))
    ours = credit(published_journeys.attribution("markov", order=order), "markov" if order == 1 else f"markov {order}")
    theirs = golden[str(order)]["conversions"]
    assert {k: theirs.get(k, 0.0) for k in ours} == pytest.approx(ours, abs=50)


def test_options_and_tables():
    journeys = as_journeys([["ads", "ads", "mail"], ["mail"], ["tv", "ads"]], [True, False, True], [3, 2, 1])
    linear = credit(journeys.attribution("linear"), "linear")
    assert linear == pytest.approx({"ads": 2.5, "mail": 1.0, "tv": 0.5})
    assert credit(journeys.attribution("linear", path="collapse"), "linear")["ads"] == pytest.approx(2.0)
    assert credit(journeys.attribution("linear", exclude=["tv"]), "linear") == pytest.approx({"ads": 3.0, "mail": 1.0})
    assert credit(journeys.attribution("linear", lookback="1h"), "linear")["mail"] == pytest.approx(3.0)
    assert credit(journeys.attribution("linear", by="kind"), "linear") == {"touch": 4.0}
    rule = ll.Rule(name="early", first=0.9, middle=0.1)
    result = journeys.attribution([rule, "markov"], order=2, bootstrap=50)
    assert credit(result, "early")["tv"] == pytest.approx(0.9)
    table = result.to_polars()
    assert table["method"].unique(maintain_order=True).to_list() == ["early", "markov 2"]
    inside = pl.col("conversions").is_between("conversions_low", "conversions_high")
    assert table.filter(~inside).height == 0
    assert "association, not cause" in repr(result)
    for chart in (result.plot(), journeys.attribution("first").plot()):
        assert chart.to_dict()["layer"]


def test_spend():
    journeys = as_journeys([["ads", "mail"], ["ads"]], [True, False], [2, 2])
    money = pl.DataFrame(
        {
            "day": ["2024-01-17", "2024-01-02", "2024-01-03"],
            "end": ["2024-02-16", "2024-01-03", None],
            "channel": ["ads", "mail", "radio"],
            "cost": [300.0, 10.0, 5.0],
        }
    )
    spend = ll.Spend(money, at="day", until="end", amount="cost", channel="channel")
    result = journeys.attribution("linear", spend=spend, qualified="won")
    costs = {r["channel"]: r for r in result.costs().iter_rows(named=True)}
    assert costs["ads"]["spend"] == pytest.approx(300)
    assert (costs["ads"]["leads"], costs["ads"]["qualified"]) == (4, 2)
    assert costs["ads"]["cost_per_lead"] == pytest.approx(75)
    assert costs["ads"]["cost_per_conversion"] == pytest.approx(300)
    assert costs["mail"]["cost_per_lead"] is None
    # Half of the thirty days lie in February.
    monthly = result.costs(by_period=True).filter(pl.col("channel") == "ads")
    assert monthly["spend"].to_list() == pytest.approx([150, 150])
    assert monthly["period"].to_list() == [dt.date(2024, 1, 1), dt.date(2024, 2, 1)]
    assert "5.00 spent on channels without touches: radio" in repr(result)
    # A channel that gets no credit keeps its spend.
    first = journeys.attribution("first", spend=spend).costs()
    assert dict(first.select("channel", "spend").rows())["mail"] == pytest.approx(10)
    with pytest.raises(ll.OptionError, match="pass spend="):
        journeys.attribution("linear").costs()
    with pytest.raises(ll.SchemaError, match=r"1 of 3 values is not a finite number \(first: 'x'\)"):
        bad = money.with_columns(cost=pl.Series(["x", "1", "2"]))
        journeys.attribution(spend=ll.Spend(bad, at="day", amount="cost", channel="channel"))
    with pytest.raises(ll.SchemaError, match="'dy'"):
        journeys.attribution(spend=ll.Spend(money, at="dy", amount="cost", channel="channel"))
    with pytest.raises(ll.OptionError, match="channel="):
        journeys.attribution(spend=ll.Spend(money, at="day", amount="cost"))
    # Rows without an amount are left out, and said.
    none = money.with_columns(cost=pl.Series([None, 1.0, 2.0]))
    result = journeys.attribution(spend=ll.Spend(none, at="day", amount="cost", channel="channel"))
    assert "1 row has a missing 'cost' and is left out" in str(result)
    assert dict(result.costs().select("channel", "spend").rows()) == {"ads": None, "mail": pytest.approx(1)}
    # Dates that could be read two ways are told by time_format=; credit by something else has its column in channel=.
    days = money.with_columns(day=pl.Series(["17/01/2024", "02/01/2024", "03/01/2024"]))
    spend = ll.Spend(days, at="day", until="end", amount="cost", channel="channel", time_format="%d/%m/%Y")
    with pytest.raises(ll.LeadLensError):
        journeys.attribution(spend=spend)  # the pattern is for both columns
    days = days.drop("end")
    spend = ll.Spend(days, at="day", amount="cost", channel="channel", time_format="%d/%m/%Y")
    assert journeys.attribution("linear", by="kind", spend=spend).costs().height > 0
    # Without amounts of deals there is no value and no return.
    assert result.costs()["value"].null_count() == result.costs()["return_on_spend"].null_count()
    with pytest.raises(ll.OptionError, match="expected Spend"):
        journeys.attribution(spend="ads.csv")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "markow"}, ll.OptionError, "did you mean 'markov'"),
        ({"method": []}, ll.OptionError, "at least one"),
        ({"method": ll.Rule(first=0.5)}, ll.OptionError, "add up to 1"),
        ({"method": ll.Rule(first=float("nan"))}, ll.OptionError, "first=nan is not a number"),
        ({"method": ll.Rule(first="a")}, ll.OptionError, "first='a' is not a number"),
        ({"by": "campain"}, ll.UnknownNameError, "campain"),
        ({"target": "wn"}, ll.UnknownNameError, "did you mean 'won'"),
        ({"exclude": ["radio"]}, ll.UnknownNameError, "radio"),
        ({"lookback": "0d"}, ll.OptionError, "longer than zero"),
        ({"opportunity": "opp"}, ll.UnknownNameError, "opp"),
        ({"qualified": "won"}, ll.OptionError, "spend="),
        ({"bootstrap": 1}, ll.OptionError, "200"),
        ({"bootstrap": 10**12}, ll.OptionError, "at most"),
        ({"method": 5}, ll.OptionError, "unknown method '5'"),
        ({"method": "markov", "order": 4}, ll.OptionError, "order"),
        ({"method": [ll.Rule(first=1), ll.Rule(last=1)]}, ll.OptionError, "name="),
        ({"method": "w_shaped"}, ll.OptionError, "opportunity"),
        ({"path": "colapse"}, ll.OptionError, "did you mean 'collapse'"),
    ],
)
def test_errors(options, error, words):
    journeys = as_journeys([["ads"]], [True], [1])
    with pytest.raises(error, match=words):
        journeys.attribution(**options)


def test_what_has_no_channel_is_missing():
    """Touches, campaigns and places without a value are a row of their own, which no name of the data can be."""
    rows = [
        (0, 1, None, None),
        (0, 2, "(missing)", "c"),
        (0, 3, "'(missing)'", None),
        (0, 4, "(unattributed)", "c"),
        (1, 1, None, "c"),
    ]
    table = pl.DataFrame(rows, schema=["l", "at", "ch", "ca"], orient="row")
    hours = lambda table: table.with_columns(at=pl.lit(START) + pl.duration(hours=pl.col("at")))  # noqa: E731
    # A table without channels has no touches of a channel, unless they are asked for.
    calls = hours(pl.DataFrame({"l": [0, 1], "at": [0, 0]}))
    won = hours(pl.DataFrame({"l": [0, 1, 2], "at": [9, 9, 9], "s": ["won"] * 3}))
    leads = pl.DataFrame({"id": [0, 1, 2], "made": [START] * 3})
    journeys = ll.Journeys(
        leads=ll.Leads(leads, "id", created="made"),
        events=[
            ll.Events(hours(table), "l", "at", ll.literal("visit"), channel="ch", campaign="ca"),
            ll.Events(calls, "l", "at", ll.literal("call")),
        ],
        stages=ll.Stages(won, "l", "at", stage="s"),
        won="won",
        observed_until="2025-01-01",
    )
    linear = credit(journeys.attribution("linear"), "linear")
    quarter = {"(missing)": 1.25, "'(missing)'": 0.25, "''(missing)''": 0.25, "'(unattributed)'": 0.25}
    assert linear == pytest.approx(quarter | {"(unattributed)": 1.0})
    assert credit(journeys.attribution("first"), "first") == {"(missing)": 2.0, "(unattributed)": 1.0} | {
        name: 0.0 for name in quarter if name != "(missing)"
    }
    for method in ("last", "time_decay", "markov", "shapley"):
        assert sum(credit(journeys.attribution(method), method).values()) == pytest.approx(3), method
    assert credit(journeys.attribution("linear", by="campaign"), "linear") == pytest.approx(
        {"c": 1.5, "(missing)": 0.5, "(unattributed)": 1.0}
    )
    without = credit(journeys.attribution("first", exclude="(missing)"), "first")
    assert without["'(missing)'"] == 1.0
    assert without["(unattributed)"] == 2.0
    assert "(missing)" not in credit(journeys.attribution("first", include="*"), "first")
    assert set(credit(journeys.attribution("first", include="'(missing)'"), "first")) == {
        "'(missing)'",
        "(unattributed)",
    }
    asked = journeys.attribution("first", touches=["call", "visit"])
    assert credit(asked, "first")["(missing)"] == 2.0
    assert "4 touches have a missing channel" in str(asked)
    places = journeys.paths(by="channel").to_polars()["path"].to_list()
    assert sorted(places) == ["(missing)", "(missing) > '(missing)' > ''(missing)'' > (unattributed)"]
    groups = journeys.funnel(["visit", "won"], by="channel").to_polars().columns
    assert groups


def test_spend_of_several_tables():
    journeys = as_journeys([["google", "meta", "mail"]], [True], [1])
    google = pl.DataFrame({"month": ["2023-12", "2024-01", "2024-01", "2025-01"], "micros": [9e6, 31e6, None, 5e6]})
    meta = pl.DataFrame({"from": ["2024-01-01"], "spend": [7.0], "name": ["Meta Ads"]})
    spend = [
        ll.Spend(google, at="month", amount="micros", scale=1e-6, channel=ll.literal("google")),
        ll.Spend(meta, at="from", amount="spend", channel="name", names={"Meta*": "meta"}),
    ]
    result = journeys.attribution("linear", spend=spend)
    costs = {r["channel"]: r for r in result.costs().iter_rows(named=True)}
    assert (costs["google"]["spend"], costs["meta"]["spend"]) == pytest.approx((31, 7))
    # A channel of which no row says what was spent has no cost; one that was free costs nothing.
    assert [costs["mail"][c] for c in ("spend", "cost_per_lead", "cost_per_conversion", "return_on_spend")] == [
        None
    ] * 4
    free = journeys.attribution(
        "linear", spend=ll.Spend(meta.with_columns(spend=0.0), at="from", amount="spend", channel=ll.literal("meta"))
    )
    assert dict(free.costs().select("channel", "cost_per_conversion").rows())["meta"] == 0.0
    told = str(result)
    assert "14.00 of spend (2 rows) lies outside the observed period, 2024-01-01 to 2024-12-31, and is left out" in told
    assert "1 row has a missing 'micros' and is left out" in told
    # Half of a quarter that ends after the observation counts.
    late = pl.DataFrame({"q": ["2024-Q4", "2025-Q1"], "cost": [92.0, 90.0]})
    result = journeys.attribution("linear", spend=ll.Spend(late, at="q", amount="cost", channel=ll.literal("mail")))
    assert dict(result.costs().select("channel", "spend").rows())["mail"] == pytest.approx(92)
    with pytest.raises(ll.OptionError, match="different periods"):
        journeys.attribution(spend=[spend[0], ll.Spend(meta, at="from", amount="spend", channel="name", period="day")])
    with pytest.raises(ll.SchemaError, match="1 row covers a whole month or quarter and 1 does not"):
        mixed = pl.DataFrame({"m": ["2024-01", "2024-01-05"], "cost": [1.0, 2.0]})
        journeys.attribution(spend=ll.Spend(mixed, at="m", amount="cost", channel=ll.literal("mail")))
    with pytest.raises(ll.OptionError, match="scale"):
        journeys.attribution(spend=ll.Spend(meta, at="from", amount="spend", channel="name", scale=0.0))
