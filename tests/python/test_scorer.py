"""The scorer: every route gives the same bits; errors say what to do."""

import json
import math
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

import leadlens as ll


@pytest.fixture(scope="module")
def journeys():
    return ll.datasets.b2b_saas()


@pytest.fixture(scope="module")
def sides(journeys):
    return journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")


@pytest.fixture(scope="module")
def scorer(sides):
    return ll.LeadScorer(C=0.01).fit(sides[0])


def bits(frame):
    return frame["log_odds"].to_numpy().view(np.int64)


def test_reasons_add_up_to_the_log_odds(scorer, sides):
    scores = scorer.score(sides[1]).to_polars()
    explained = scorer.explain(sides[1])
    sums = explained.group_by("lead_id", maintain_order=True).agg(pl.col("contribution").sum())
    assert (sums["contribution"] - scores["log_odds"]).abs().max() < 1e-12
    parts = scores.select(pl.sum_horizontal("fit", "engagement", "sales", "time", "joint")).to_series()
    assert (parts + scorer.base_ - scores["log_odds"]).abs().max() < 1e-12
    assert (1 / (1 + (-scores["log_odds"]).exp()) - scores["probability"]).abs().max() < 1e-15
    assert scores["score"].is_between(0, 100).all()
    assert scores.filter(pl.col("grade") == "A")["score"].min() >= 75
    first = scores["reasons"][0].split("; ")
    assert len(first) == 5
    sizes = [abs(float(r.split(" ")[0])) for r in first]
    assert sizes == sorted(sizes, reverse=True)


def test_same_bits_by_every_route(scorer, sides, journeys, tmp_path):
    scored = bits(scorer.score(sides[1]).to_polars())
    path = tmp_path / "model.json"
    scorer.save(path)
    assert (bits(ll.load(path).score(sides[1]).to_polars()) == scored).all()
    assert (bits(pickle.loads(pickle.dumps(scorer)).score(sides[1]).to_polars()) == scored).all()
    # The command line, on the same leads.
    config = (ll.datasets.folder("b2b_saas") / "leadlens.toml").read_text()
    config = config.replace('table = "', f'table = "{ll.datasets.folder("b2b_saas")}/')
    (tmp_path / "leadlens.toml").write_text(config + '\n[score.snapshot]\nafter = "31d"\n')
    out = tmp_path / "scores.parquet"
    command = [sys.executable, "-m", "leadlens", "score", "--config", tmp_path / "leadlens.toml"]
    subprocess.run([*command, "--model", path, "--output", out], check=True, capture_output=True)
    by_cli = pl.read_parquet(out)
    here = scorer.score(journeys.snapshot(after="31d")).to_polars()
    assert (bits(by_cli) == bits(here)).all()
    csv = tmp_path / "scores.csv"
    subprocess.run([*command, "--model", path, "--output", csv], check=True, capture_output=True)
    assert (bits(pl.read_csv(csv)) == bits(here)).all()


def test_command_line_trains_the_same_model(scorer, tmp_path):
    config = (ll.datasets.folder("b2b_saas") / "leadlens.toml").read_text()
    config = config.replace('every = "7d"\nhorizon = "14d"', 'after = "31d"\nhorizon = "59d"')
    config = config.replace('table = "', f'table = "{ll.datasets.folder("b2b_saas")}/')
    (tmp_path / "leadlens.toml").write_text(config)
    config = tmp_path / "leadlens.toml"
    out = tmp_path / "m.json"
    subprocess.run(
        [sys.executable, "-m", "leadlens", "train", "--config", config, "--model", out], check=True, capture_output=True
    )
    scorer.save(tmp_path / "here.json")
    assert out.read_bytes() == (tmp_path / "here.json").read_bytes()


def test_threads_share_a_scorer(scorer, sides):
    expected = bits(scorer.score(sides[1]).to_polars())
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: bits(scorer.score(sides[1]).to_polars()), range(8)):
            assert (got == expected).all()


def test_summary_and_training(scorer):
    summary = scorer.summary()
    statistics = ["coefficient", "unshrunk", "standard_error", "p_value", "low", "high", "odds_ratio"]
    assert summary.columns == ["feature", "level", "against", "part", *statistics, "mean", "per"]
    assert (summary["coefficient"].exp() - summary["odds_ratio"]).abs().max() < 1e-12
    facts = scorer.training_
    assert facts["converged"]
    assert facts["gradient"] < 1e-9
    assert facts["target"] == ["closed_won"]
    assert facts["ages"] == [31.0, 31.0]
    assert "not fitted" in str(ll.LeadScorer())
    assert "odds ratio" in scorer._repr_html_()


def test_linfa_is_the_baseline(sides):
    train = sides[0]
    newton = ll.LeadScorer(C=0.01).fit(train).training_
    linfa = ll.LeadScorer(C=0.01, solver="linfa").fit(train)
    assert linfa.training_["objective"] == pytest.approx(newton["objective"], rel=1e-7)
    assert linfa.training_["solver"] == "linfa"


def test_unseen_kinds_levels_and_types(scorer):
    folder = ll.datasets.folder("b2b_saas")
    leads = pl.read_parquet(folder / "leads.parquet").head(200)
    touches = pl.read_parquet(folder / "touches.parquet")

    def score(leads, touches):
        j = ll.Journeys(
            leads=ll.Leads(leads, id="lead_id", created="lead_created_at", account="account_id"),
            accounts=ll.Accounts(
                folder / "accounts.parquet",
                "account_id",
                fields=["industry", "region", "employee_band", "estimated_revenue_band", "process_maturity_band"],
            ),
            events=ll.Events(
                touches,
                "lead_id",
                "touch_timestamp",
                "touch_type",
                name="touches",
                channel="touch_channel",
                side="marketing",
            ),
            observed_until="2024-04-29",
        )
        return scorer.score(j.snapshot(after="31d")).to_polars()

    touches = touches.join(leads, on="lead_id", how="semi")
    plain = score(leads, touches)
    new_level = score(leads.with_columns(lead_source=pl.lit("never seen")), touches)
    assert new_level["probability"].is_finite().all()
    # A field that is empty in this batch is missing, not an error.
    assert score(leads.with_columns(lead_source=pl.lit(None, dtype=pl.String)), touches).height == 200
    # Kinds unknown to the model are ignored, also in `*`.
    extra = touches.with_columns(touch_type=pl.lit("carrier pigeon"))
    assert (bits(score(leads, pl.concat([touches, extra]))) == bits(plain)).all()
    with pytest.raises(ll.UnknownNameError, match="unknown field 'lead_source'"):
        score(leads.drop("lead_source"), touches)


def test_a_source_more_changes_no_name():
    """A kind that a second source shares is called otherwise then, but means the same to a trained model."""
    n = 400
    rng = np.random.default_rng(0)
    leads = pl.DataFrame({"id": np.arange(n), "created": ["2024-01-01"] * n})
    demos = pl.DataFrame({"lead": rng.integers(0, n, 600), "at": ["2024-01-05"] * 600, "kind": ["demo"] * 600})
    count = demos.group_by("lead").len()
    odds = leads.join(count, left_on="id", right_on="lead", how="left")["len"].fill_null(0).to_numpy() - 1.5
    won = rng.random(n) < 1 / (1 + np.exp(-odds))
    deals = pl.DataFrame({"lead": np.arange(n)[won], "at": ["2024-02-01"] * won.sum(), "stage": ["won"] * won.sum()})

    def journeys(*more):
        return ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created"),
            events=[ll.Events(demos, "lead", "at", "kind", name="web"), *more],
            stages=ll.Stages(deals, "lead", "at", stage="stage"),
            won="won",
            observed_until="2024-06-01",
        )

    features = ll.FeatureSet(only=["count(demo)", "days_since_last(demo)"])
    scorer = ll.LeadScorer().fit(journeys().snapshot(after="10d", horizon="60d", features=features))
    phone = ll.Events(demos.clone(), "lead", "at", "kind", name="phone", side="sales")
    one = scorer.score(journeys().snapshot(after="10d")).to_polars()
    two = scorer.score(journeys(phone).snapshot(after="10d")).to_polars()
    assert (bits(one) == bits(two)).all()
    assert one["probability"].n_unique() > 2


def test_files_that_are_no_model(tmp_path, scorer):
    path = tmp_path / "m.json"
    with pytest.raises(ll.MissingFileError):
        ll.load(path)
    scorer.save(path)
    text = path.read_text()
    for broken in ("", "{}", text[: len(text) // 2], text.replace('"format_version": 1', '"format_version": 99')):
        path.write_text(broken)
        with pytest.raises(ll.ModelFormatError):
            ll.load(path)
    assert json.loads(text)["format"] == "leadlens.model"
    with pytest.raises(ll.WriteError):
        scorer.save(tmp_path / "no" / "m.json")


def test_wrong_options(journeys, sides):
    for c in (0, -1, math.nan, True, "best"):
        with pytest.raises(ll.OptionError, match="C"):
            ll.LeadScorer(C=c).fit(sides[0])
    with pytest.raises(ll.OptionError, match="newton"):
        ll.LeadScorer(solver="newtn").fit(sides[0])
    with pytest.raises(ll.OptionError, match="penalty"):
        ll.LeadScorer(penalty="l1")
    with pytest.raises(ll.OptionError, match="cannot be combined with C"):
        ll.LeadScorer(C="cv", penalty="firth")
    with pytest.raises(ll.OptionError, match="sigmoid"):
        ll.LeadScorer(calibration="sigmoidal").fit(sides[0])
    with pytest.raises(ll.LeadLensError, match="not fitted"):
        ll.LeadScorer().score(sides[1])
    with pytest.raises(ll.OptionError, match="has no label"):
        ll.LeadScorer().fit(journeys.snapshot(after="31d"))
    with pytest.raises(ll.OptionError, match="'7 days' is not a span of time"):
        journeys.snapshot(every="7 days")
    with pytest.raises(ll.OptionError, match="give one of them"):
        journeys.snapshot(every="7d", after="3d")
    with pytest.raises(ll.UnknownNameError, match="did you mean 'closed_won'"):
        journeys.snapshot(after="3d", horizon="9d", target="closed_wn")
    with pytest.raises(ll.UnknownNameError, match="did you mean 'group'"):
        sides[0].split(by="groop")
    with pytest.raises(ll.NotEnoughDataError, match="min_leads"):
        ll.LeadScorer(min_leads=10_000).fit(sides[0])
    with pytest.raises(ll.OptionError, match="an integer of at least 0"):
        sides[0].split(seed=-1, by="random")


def test_cutoff_table(journeys, tmp_path):
    cutoffs = pl.DataFrame({"lead_id": ["lead_000001", "lead_000002"], "cutoff": ["2024-02-20", "2024-02-21"]})
    cutoffs.write_csv(tmp_path / "c.csv")
    by_frame = journeys.snapshot(cutoffs=cutoffs).to_polars()
    assert by_frame.equals(journeys.snapshot(cutoffs=tmp_path / "c.csv").to_polars())
    with pytest.raises(ll.SchemaError, match="a lead that is not in the journeys"):
        journeys.snapshot(cutoffs=cutoffs.with_columns(lead_id=pl.lit("nobody")))


def test_fields_called_like_columns_of_the_result():
    n = 200
    leads = pl.DataFrame(
        {
            "id": range(n),
            "created": ["2024-01-01"] * n,
            "weight": [i % 7 for i in range(n)],
            "stage": ["x", "y"] * (n // 2),
            "step": ["a", "b"] * (n // 2),
        }
    )
    deals = pl.DataFrame({"lead": range(0, n, 3), "at": "2024-02-01", "s": "won"})
    j = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["weight", "stage", "step"]),
        stages=ll.Stages(deals, "lead", "at", stage="s"),
        won="won",
        observed_until="2024-06-01",
    )
    s = j.snapshot(after="1d", horizon="60d")
    assert {"field(weight)", "field(stage)", "step"} <= set(s.to_polars().columns)
    assert ll.LeadScorer().fit(s).score(s).to_polars().height == n
    assert j.funnel(["created", "won"], by="step").to_polars().columns[:2] == ["group", "step"]


def test_ctrl_c_ends_long_work():
    """A signal in the main thread stops the work within half a second or so."""
    code = """
import signal, threading, os
import polars as pl, leadlens as ll
n = 400_000
leads = pl.DataFrame({"id": pl.arange(n, eager=True), "created": "2020-01-01"})
j = ll.Journeys(leads=ll.Leads(leads, id="id", created="created"), observed_until="2024-01-01")
threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    j.snapshot(every="1h")
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "stopped", done.stderr


def test_other_threads_run_meanwhile(journeys):
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(1)
            stop.wait(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    journeys.snapshot(every="1d", horizon="30d").to_polars()
    stop.set()
    thread.join()
    assert len(ticks) > 3


def test_displays_and_charts(journeys, scorer, sides):
    evaluation = scorer.evaluate(sides[1], by="lead_source")
    assert evaluation.groups()["group"].to_list() == ["inbound_marketing", "partner_referral", "sdr_outbound"] or (
        evaluation.groups().height == 3
    )
    assert evaluation.groups()["rows"].sum() == evaluation.rows
    assert evaluation.to_polars().height == 20
    assert set(evaluation.precision_at) == {50, 100, 200}
    assert evaluation.lift().height == 10
    funnel = journeys.funnel(["created", "sql", "closed_won"], window="60d", by="lead_source")
    assert funnel.to_polars().height == 4 * 3
    for shown in (journeys, journeys.check(), sides[0], evaluation, funnel, scorer.score(sides[1])):
        assert shown._repr_html_()
        assert repr(shown)
    for chart in (evaluation.plot(), funnel.plot()):
        assert json.loads(chart.to_json())["$schema"]


def test_report(journeys, scorer, sides, tmp_path):
    funnel = journeys.funnel(["created", "sql", "closed_won"], by="lead_source")
    path = ll.report(
        journeys, scorer, tmp_path / "r.html", test=sides[1], leads=sides[1], results=funnel, title="A & B"
    )
    page = path.read_text()
    assert "<title>A &amp; B</title>" in page
    assert f"{scorer.evaluate(sides[1]).roc_auc:.3f}" in page
    assert scorer.score(sides[1]).top(1)["lead_id"][0] in page
    assert "http" not in page
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
    with pytest.raises(ll.WriteError):
        ll.report(journeys, scorer, tmp_path / "no" / "r.html")


def test_order_of_rows_changes_no_byte_of_the_model(tmp_path):
    """Ids, levels and kinds are numbered by what they are, not by where they stand."""
    n = 600
    rng = np.random.default_rng(5)
    leads = pl.DataFrame({"id": np.arange(n), "created": ["2024-01-01"] * n, "trade": rng.choice(list("abcd"), n)})
    # No two events have one time, so no order column is needed.
    seconds = rng.permutation(30 * 86_400)[: 5 * n]
    events = pl.DataFrame(
        {
            "lead": rng.integers(0, n, 5 * n),
            "at": np.datetime64("2024-01-01", "us") + seconds.astype("timedelta64[s]"),
            "kind": rng.choice(["visit", "mail", "call"], 5 * n),
            "channel": rng.choice(["ads", "web"], 5 * n),
        }
    )
    won = np.flatnonzero(rng.random(n) < 0.4)
    deals = pl.DataFrame({"lead": won, "at": ["2024-03-01"] * len(won), "stage": ["won"] * len(won)})

    def model(leads, events, deals):
        j = ll.Journeys(
            leads=ll.Leads(leads, id="id", created="created"),
            events=ll.Events(events, "lead", "at", "kind", channel="channel"),
            stages=ll.Stages(deals, "lead", "at", stage="stage"),
            won="won",
            observed_until="2024-06-01",
        )
        path = tmp_path / "m.json"
        ll.LeadScorer().fit(j.snapshot(every="7d", until="2024-02-01", horizon="60d")).save(path)
        return path.read_bytes()

    shuffled = [t.sample(fraction=1, shuffle=True, seed=3) for t in (leads, events, deals)]
    assert model(leads, events, deals) == model(*shuffled)


def test_parameters_are_read_set_and_cloned():
    from sklearn.base import clone

    pairs = [("a", "b")]
    scorer = ll.LeadScorer(C=0.5, interactions=pairs, min_leads=10)
    copy = clone(scorer)
    assert copy.get_params() == scorer.get_params()
    assert copy.get_params()["interactions"] == pairs
    assert copy.set_params(C=0.1, interactions=None).get_params()["C"] == 0.1
    assert scorer.get_params()["C"] == 0.5
    with pytest.raises(ll.OptionError, match="unknown parameters"):
        scorer.set_params(D=1)
    with pytest.raises(ll.OptionError, match="penalty must be"):
        scorer.set_params(penalty="l3")
