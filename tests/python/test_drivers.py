"""Drivers, barriers and comparisons: statsmodels, scipy, and the five planted stories of a synthetic log."""

import polars as pl
import pytest
from scipy.stats import false_discovery_control, fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

import leadlens as ll

STEPS = ["product_view", "add_to_cart", "shipping_details", "payment_details", "purchase"]


@pytest.fixture(scope="module")
def shop(shared):
    """Return sessions of an online shop as leads; its makers planted five stories."""
    log = pl.read_csv(shared("retentioneering_ecom_synthetic") / "ecom.csv.gz", try_parse_dates=True)
    sessions = log.group_by("session_id", maintain_order=True).agg(
        created=pl.col("timestamp").min(),
        platform=pl.col("platform").first(),
        lifecycle=pl.col("user_lifecycle").first(),
        cohort=pl.col("user_cohort").first(),
    )
    viral = pl.col("created").is_between(pl.datetime(2024, 2, 29), pl.datetime(2024, 3, 4))
    sessions = sessions.with_columns(article=pl.when(viral).then(pl.lit("viral")).otherwise(pl.lit("no")))
    return ll.Journeys(
        leads=ll.Leads(
            sessions, id="session_id", created="created", fields=["platform", "lifecycle", "cohort", "article"]
        ),
        events=ll.Events(log, lead="session_id", at="timestamp", kind="event"),
    )


def test_planted_incidents_are_found(shop):
    # A bug of the mobile checkout in April and May.
    checkout = shop.drivers(["shipping_details", "payment_details"], fields="platform").to_polars()
    bug = checkout.filter((pl.col("name") == "checkout_bug") & (pl.col("factor") == "after")).row(0, named=True)
    # 20 leads: their interval reaches 1, since leads that left unseen raise every ratio.
    assert bug["hazard_ratio"] < 0.6
    # A payment incident in May and June: of all that can follow, nothing is worse.
    payment = shop.drivers(["payment_details", "purchase"], fields="platform").to_polars()
    after = payment.filter(pl.col("factor") == "after").sort("hazard_ratio")
    assert after["name"][0] == "payment_error"
    assert after["q_value"][0] < 0.01
    assert after.filter(pl.col("hazard_ratio") > 1)["p_value"].unique().to_list() == [1.0], "leads leave unseen"


def test_planted_segments_are_found(shop):
    def worst(by):
        table = shop.barriers(STEPS, by=by, value=100.0).to_polars()
        return table.filter(pl.col("step") == "product_view").row(0, named=True)

    # New visitors against loyal ones; the last cohort; visitors of an article that went viral (29 February to 3 March).
    for by, segment in (("lifecycle", "new"), ("cohort", "2024-04"), ("article", "viral")):
        row = worst(by)
        assert row["group"] == segment
        # The 40 leads of the viral article: their interval, which holds for all rows together, just reaches 0.
        assert row["conversions_lost_low"] > (0 if segment != "viral" else -0.1)
        assert row["p_value"] < 0.05
        assert row["value_lost"] == pytest.approx(100 * row["conversions_lost"])


def test_tests_equal_scipy(shop):
    # Events after a step are tested in time, not by Fisher's test.
    table = shop.drivers(STEPS).to_polars().filter(pl.col("factor") != "after")
    for row in table.sample(60, seed=1).iter_rows(named=True):
        others = round(row["other_rate"] * row["other_leads"])
        cells = [[row["went_on"], row["leads"] - row["went_on"]], [others, row["other_leads"] - others]]
        assert row["p_value"] == pytest.approx(fisher_exact(cells).pvalue, rel=1e-7, abs=1e-250)
    assert table["q_value"].to_list() == pytest.approx(
        false_discovery_control(table["p_value"].to_numpy()).tolist(), abs=1e-12
    )


@pytest.mark.parametrize(("first", "second"), [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((1, 500), (9, 400))])
def test_two_rates_equal_statsmodels(first, second):
    ours = ll.metrics.compare_rates(first, second)
    counts, rows = zip(first, second, strict=True)
    interval = confint_proportions_2indep(first[0], first[1], second[0], second[1], method="newcomb")
    z, p = proportions_ztest(counts, rows)
    assert (ours["difference_low"], ours["difference_high"]) == pytest.approx(interval, abs=1e-12)
    assert (ours["z"], ours["p_value"]) == pytest.approx((z, p), abs=1e-12)


def test_groups_of_a_funnel(shop):
    funnel = shop.funnel(["product_view", "purchase"], by="lifecycle")
    row = funnel.compare("loyal", "new").row(0, named=True)
    told = ll.metrics.compare_rates(
        (row["first_leads"], row["first_entered"]), (row["second_leads"], row["second_entered"])
    )
    assert [row[f"difference_{end}"] for end in ("low", "high")] == [
        told[f"difference_{end}"] for end in ("low", "high")
    ]
    assert row["p_value"] == told["p_value"] < 0.001
    with pytest.raises(ll.UnknownNameError, match="did you mean 'loyal'"):
        funnel.compare("loyl", "new")
    with pytest.raises(ll.OptionError, match="by="):
        shop.funnel(["product_view", "purchase"]).compare("loyal", "new")
    with pytest.raises(ll.OptionError, match="not 9 and 3"):
        ll.metrics.compare_rates((9, 3), (1, 2))


def test_charts(shop):
    for result in (shop.drivers(STEPS), shop.barriers(STEPS, by="lifecycle")):
        assert result.plot().to_dict()["$schema"]
        assert "<table" in result._repr_html_()
    assert "Drivers of drop-off" in repr(shop.drivers(STEPS))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda j: j.drivers(["product_view"]), ll.OptionError, "at least two"),
        (lambda j: j.drivers(STEPS, fields="platfrm"), ll.UnknownNameError, "did you mean 'platform'"),
        (lambda j: j.barriers(STEPS, by="platfrm"), ll.UnknownNameError, "did you mean 'platform'"),
        (lambda j: j.barriers(STEPS, by="platform", reference="mobil"), ll.UnknownNameError, "did you mean 'mobile'"),
        (lambda j: j.barriers(["product_view"], by="platform"), ll.OptionError, "at least two"),
    ],
)
def test_errors(shop, call, error, words):
    with pytest.raises(error, match=words):
        call(shop)
