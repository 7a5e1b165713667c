"""Times to an event, against lifelines on its own data sets."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times, restricted_mean_survival_time
from real_data import bpic

import leadlens as ll

# lifelines calls pandas in ways that it deprecates.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

UNTIL = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


def as_journeys(days, event, **fields):
    """Journeys whose leads were created so that each lasts so many days until its event, or until the end."""
    n = len(days)
    created = [UNTIL - dt.timedelta(days=float(d)) for d in days]
    # The last instant that is seen is one microsecond before the end.
    created = [c - dt.timedelta(microseconds=1) for c in created]
    leads = pl.DataFrame({"id": np.arange(n), "created": created, **fields})
    won = pl.DataFrame(
        {
            "id": np.arange(n),
            "at": [c + dt.timedelta(days=float(d)) for c, d in zip(created, days, strict=True)],
            "stage": "won",
        }
    ).filter(pl.Series(event))
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        stages=ll.Stages(won, lead="id", at="at", stage="stage"),
        won="won",
        observed_until=UNTIL.isoformat(),
    )


@pytest.fixture(scope="module", params=["rossi", "dd", "lymph_node"])
def case(request, shared):
    folder = shared("lifelines_survival")
    if request.param == "rossi":
        t = pl.read_csv(folder / "rossi.csv")
        return t["week"].to_numpy(), t["arrest"].to_numpy() == 1, t["race"].cast(pl.String).to_numpy()
    if request.param == "dd":
        t = pl.read_csv(folder / "dd.csv", infer_schema_length=None)
        return t["duration"].to_numpy(), t["observed"].to_numpy() == 1, t["regime"].to_numpy()
    t = pl.read_csv(folder / "lymph_node.csv")
    return t["survtime"].to_numpy(), t["censdead"].to_numpy() == 1, t["grade"].cast(pl.String).to_numpy()


def test_kaplan_meier(case):
    days, event, _ = case
    ours = as_journeys(days, event).time_to("won")
    curve = ours.curve()
    theirs = KaplanMeierFitter().fit(days, event)
    table = theirs.survival_function_.join(theirs.confidence_interval_).loc[lambda t: t.index > 0]
    assert curve["days"].to_list() == pytest.approx(table.index.to_list(), abs=1e-9)
    survival, low, high = (table.iloc[:, i].to_numpy() for i in range(3))
    np.testing.assert_allclose(1 - curve["incidence"].to_numpy(), survival, atol=1e-9)
    # Where nobody, or everybody, has converted there is no interval; lifelines writes 1 for nobody.
    some = (survival > 0) & (survival < 1)
    assert curve["high"].is_null().to_list() == (~some).tolist()
    curve = curve.with_columns(pl.col("low", "high").fill_null(float("nan")))
    np.testing.assert_allclose(1 - curve["high"].to_numpy()[some], low[some], atol=1e-9)
    np.testing.assert_allclose(1 - curve["low"].to_numpy()[some], high[some], atol=1e-9)
    row = ours.to_polars().row(0, named=True)
    if np.isfinite(theirs.median_survival_time_):
        assert row["median_days"] == pytest.approx(theirs.median_survival_time_, abs=1e-9)
        bounds = median_survival_times(theirs.confidence_interval_).to_numpy().ravel()
        ours_bounds = [np.inf if row[k] is None else row[k] for k in ("median_days_low", "median_days_high")]
        assert ours_bounds == pytest.approx(bounds.tolist(), abs=1e-9)
    assert row["restricted_mean"] == pytest.approx(
        restricted_mean_survival_time(theirs, t=row["restricted_until"]), abs=1e-8
    )


def test_log_rank(case):
    days, event, group = case
    ours = as_journeys(days, event, group=group).time_to("won", by="group").test
    theirs = multivariate_logrank_test(days, group, event)
    assert ours["test"] == "log-rank"
    assert ours["statistic"] == pytest.approx(theirs.test_statistic, rel=1e-9)
    # A chance of 1e-11 is kept to the same digits.
    assert ours["p_value"] == pytest.approx(theirs.p_value, rel=1e-6)


def test_loans_with_losing_as_a_competing_end(shared):
    loans = bpic(shared("bpic2012_loan_applications"))
    times = loans.time_to("A_APPROVED")
    row = times.to_polars().row(0, named=True)
    assert (row["leads"], row["events"], row["competing"], row["censored"]) == (13_087, 2_246, 10_442, 399)
    # 17.16 % are known to be approved; 3 % are still open.
    assert row["incidence"] == pytest.approx(0.180, abs=0.0005)
    # Lost leads do not convert later: watched to the end without a competing end they say the same.
    watched = loans.time_to("A_APPROVED", competing=()).to_polars()["incidence"][0]
    assert watched == pytest.approx(0.1794, abs=0.0001)
    assert "the share at the end would be 89.4 % instead of 18.0 %" in repr(times)


def test_what_comes_after_everybody_has_ended():
    # All three are won within nine days: what holds at day 30 is known, and nobody has an interval there.
    times = as_journeys([3, 5, 9], [True, True, True]).time_to("won", at="30d", until="30d")
    assert times.at().row(0)[:3] == ("(all)", 30.0, 1.0)
    row = times.to_polars().row(0, named=True)
    assert row["incidence_low"] is None
    assert row["restricted_mean"] == pytest.approx((3 + 5 + 9) / 3)
    # Somebody is open: nothing is known beyond.
    times = as_journeys([3, 5, 9], [True, True, False]).time_to("won", at="30d", until="30d")
    assert times.at().height == 0
    assert times.to_polars()["restricted_mean"].to_list() == [None]
    assert "mean times are missing for groups" in repr(times)


def test_a_group_called_missing_is_not_that_of_leads_without_a_value():
    groups = pl.Series([None, "(missing)", "x", None, "(all)"])
    times = as_journeys([3, 5, 9, 2, 1], [True] * 5, group=groups).time_to("won", by="group")
    assert dict(times.to_polars().select("group", "leads").rows()) == {
        "(all)": 5,
        "(missing)": 2,
        "'(missing)'": 1,
        "x": 1,
        "'(all)'": 1,
    }


def test_tables_and_charts():
    journeys = ll.datasets.b2b_saas()
    times = journeys.time_to(by="lead_source", at=["30d", "90d", "10000d"])
    assert times.to_polars()["group"].to_list() == [
        "(all)",
        "inbound_marketing",
        "sdr_outbound",
        "partner_referral",
    ]
    assert times.at()["days"].unique().to_list() == [30.0, 90.0]
    # Leads of this data name their accounts.
    assert times.test["test"] == "Gray (by account)"
    assert times.plot().to_dict()["layer"]
    assert "Gray (by account) test" in times._repr_html_()


def test_ceilings():
    journeys = ll.datasets.b2b_saas()
    assert journeys.time_to().ceilings().height == 0
    times = journeys.time_to(by="lead_source", ceiling="weibull")
    found = times.ceilings()
    assert found["identified"].all()
    assert found.filter(~pl.col("share").is_between("low", "high")).height == 0
    # All that are to be won are won within 90 days here, so that the ceiling is where the curve ends.
    ends = times.to_polars()["incidence"]
    assert (found["share"] - ends).abs().max() < 0.005
    assert "will eventually have the event" in repr(times)
    assert len(times.plot().to_dict()["layer"]) == 3
    # Leads of the last weeks only: nobody had the time.
    early = journeys.time_to("sql", competing=(), start="closed_won", ceiling="generalized_gamma")
    assert early.ceilings()["share"].null_count() == 1
    assert "not identified" in repr(early)
    assert len(early.plot().to_dict()["layer"]) == 2


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"ceiling": "wiebull"}, ll.OptionError, "did you mean 'weibull'"),
        ({"target": "closed_wn"}, ll.UnknownNameError, "did you mean 'closed_won'"),
        ({"by": "lead_sorce"}, ll.UnknownNameError, "did you mean 'lead_source'"),
        ({"start": "sgl"}, ll.UnknownNameError, "did you mean 'sql'"),
        ({"confidence": 95}, ll.OptionError, "between 0 and 1"),
        ({"at": ["soon"]}, ll.OptionError, "span of time"),
        ({"until": "0d"}, ll.OptionError, "until: must be longer than zero"),
        ({"target": 5}, ll.UnknownNameError, "unknown target '5'"),
    ],
)
def test_errors(options, error, words):
    with pytest.raises(error, match=words):
        ll.datasets.b2b_saas().time_to(**options)


def test_many_tiny_groups_are_compared_by_permutation():
    """The χ² of the log-rank test holds for groups with enough expected events: the sums of hazards their leads were under."""
    draw = np.random.default_rng(2)
    days, event = draw.exponential(20, 90), np.ones(90, dtype=bool)
    journeys = as_journeys(days, event, group=[f"g{i // 3}" for i in range(90)])
    tiny = journeys.time_to("won", by="group")
    assert tiny.test["test"] == "log-rank (by permutation)"
    assert tiny.test["permutations"] == 999
    assert f"p = {tiny.test['p_value']:.4f}" in str(tiny)
    at_risk = np.array([(days >= t).sum() for t in np.sort(days)])
    hazard = np.cumsum(1 / at_risk)[np.argsort(np.argsort(days))]
    few = int((hazard.reshape(30, 3).sum(axis=1) < 5).sum())
    assert few > 20
    assert tiny.test["sparse"] == few
    assert any("p-value from 999 permutations of leads among groups" in r for r in tiny.remarks)
    assert journeys.time_to("won", by="group").test == tiny.test
    # Without censoring the permutation test is that of the sums of scores 1 - hazard.
    scores, rng = 1 - hazard, np.random.default_rng(0)

    def statistic(order):
        return (scores[order].reshape(30, 3).sum(axis=1) ** 2).sum()

    own = statistic(np.arange(90))
    exact = np.mean([statistic(rng.permutation(90)) >= own for _ in range(4000)])
    # Both have a Monte Carlo error, of up to 0.016 and 0.008.
    assert tiny.test["p_value"] == pytest.approx(exact, abs=0.055)
    large = as_journeys(days, event, group=[f"g{i // 45}" for i in range(90)]).time_to("won", by="group")
    assert (large.test["sparse"], large.test["permutations"]) == (0, 0)
    assert not any("fewer than 5 expected" in r for r in large.remarks)
