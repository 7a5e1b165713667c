"""What few rows say is neither carried far nor believed too much."""

import numpy as np
import polars as pl
import pytest

import leadlens as ll


def snapshot(**columns):
    n = len(columns["y"])
    frame = pl.DataFrame({"id": np.arange(n), **columns})
    return ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y")).snapshot()


@pytest.mark.parametrize("shape", ["linear", "cubic"])
@pytest.mark.parametrize("kind", ["counts", "heavy tail", "top heavy"])
def test_curves_end_flat(shape, kind):
    rng = np.random.default_rng(2)
    n = 8000
    x = {
        "counts": rng.choice([0.0, 1, 2, 3, 4], n, p=[0.8, 0.15, 0.04, 0.008, 0.002]),
        "heavy tail": np.exp(rng.normal(0, 2, n)),
        "top heavy": 10 - rng.choice([0.0, 1, 2, 3, 4], n, p=[0.85, 0.09, 0.03, 0.02, 0.01]),
    }[kind]
    y = rng.random(n) < np.where(x > np.quantile(x, 0.5), 0.12, 0.06)
    y[x == x.max()] &= kind != "counts"
    scorer = ll.LeadScorer(nonlinear=shape).fit(snapshot(x=x, y=y.astype(int)))
    grid = [-1e300, float(x.min()), float(x.max()), 2 * float(x.max()) + 9, 1e300]
    effect = scorer.effect("x", grid)["contribution"].to_numpy()
    assert np.abs(effect).max() < 3
    assert effect[0] == effect[1]
    assert effect[2] == effect[3] == effect[4]
    row = [scorer.score_row([v])[0] for v in grid]
    eta = np.log(np.array(row) / (1 - np.array(row)))
    assert np.allclose(eta - scorer.base_, effect, atol=1e-12)


@pytest.mark.parametrize("shape", ["linear", "cubic"])
def test_numbers_of_few_values_stay_straight(shape):
    rng = np.random.default_rng(3)
    for values in ([0.0, 1.0], [0.0, 1.0, 2.0, 7.0]):
        x = rng.choice(values, 5000)
        y = (rng.random(5000) < 0.1 + 0.05 * (x > 0)).astype(int)
        straight, curved = (ll.LeadScorer(nonlinear=s).fit(snapshot(x=x, y=y)) for s in (None, shape))
        line, shaped = (s.effect("x", values)["contribution"].to_list() for s in (straight, curved))
        assert shaped == pytest.approx(line, abs=1e-9)
        # Where they differ: the line of a shape ends flat.
        beyond = curved.effect("x", [max(values), 20.0, -5.0, min(values)])["contribution"].to_list()
        assert beyond[0] == beyond[1]
        assert beyond[2] == beyond[3]


@pytest.mark.parametrize("shape", ["linear", "cubic"])
@pytest.mark.parametrize("c", [0.001, 0.1])
def test_a_straight_line_costs_the_same_whatever_its_columns(shape, c):
    rng = np.random.default_rng(11)
    x = rng.uniform(-2, 2, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(1 - x))).astype(int)
    straight, curved = (ll.LeadScorer(nonlinear=s, C=c).fit(snapshot(x=x, y=y)) for s in (None, shape))
    grid = np.linspace(-1.9, 1.9, 20)
    a, b = (s.effect("x", grid.tolist())["contribution"].to_numpy() for s in (straight, curved))
    # Where the penalty is strong the best curve for its cost bends a little, since it cannot rise as the truth does.
    assert np.corrcoef(a, b)[0, 1] > 0.97
    assert np.polyfit(a, b, 1)[0] == pytest.approx(1, abs=0.1)


def test_scores_name_fields_outside_the_values_of_training():
    rng = np.random.default_rng(12)
    size, plan = rng.uniform(1, 100, 900), rng.choice(["a", "b"], 900)
    y = (rng.random(900) < 0.3).astype(int)
    scorer = ll.LeadScorer().fit(snapshot(size=size, plan=plan, y=y))
    new = {"size": [50.0, 101.0, 0.5, None], "plan": ["a", "b", "c", None], "y": [0, 1, 0, 1]}
    for nonlinear in (None, "cubic"):
        scorer = ll.LeadScorer(nonlinear=nonlinear).fit(snapshot(size=size, plan=plan, y=y))
        scores = scorer.score(snapshot(**new)).to_polars().sort("lead_id")
        assert scores["outside"].to_list() == [None, "size", "size", None]
        assert scores["out_of_range"].to_list() == [False, True, True, False]


def test_a_monotone_curve_may_saturate():
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 10, 6000)
    y = rng.random(6000) < 1 / (1 + np.exp(2 - np.minimum(x, 2)))
    scorer = ll.LeadScorer(nonlinear="linear", monotone={"x": "increasing"}).fit(snapshot(x=x, y=y.astype(int)))
    effect = scorer.effect("x", [0.5, 2.6, 5.0, 9.0])["contribution"].to_numpy()
    assert (np.diff(effect) >= 0).all()
    assert effect[1] - effect[0] > 2 * (effect[3] - effect[1])


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("rows", [20, 60])
def test_a_level_without_positives_is_not_certain(as_text, rows):
    rng = np.random.default_rng(rows)
    n = 3000
    y = (rng.random(n) < 0.25).astype(int)
    y[:rows] = 0
    rare = np.where(np.arange(n) < rows, "rare", "common") if as_text else (np.arange(n) < rows).astype(float)
    train = snapshot(rare=rare, y=y)
    scorer = ll.LeadScorer(intervals=True).fit(train)
    scores = scorer.score(train).to_polars().filter(pl.col("lead_id").cast(pl.Int64) < rows)
    # The upper end of Clopper and Pearson is 1 − 0.025^(1/rows); half of it is the least an honest interval says.
    assert scores["high"][0] > (1 - 0.025 ** (1 / rows)) / 2
    assert scorer.summary()["p_value"].fill_nan(1).min() > 1e-6


def test_intervals_cover_levels_of_any_size():
    sizes = {"a": 1500, "b": 300, "c": 60, "d": 25}
    level = np.repeat(list(sizes), list(sizes.values()))
    covered, seen = dict.fromkeys(sizes, 0), 120
    for seed in range(seen):
        rng = np.random.default_rng(seed)
        truth = {name: float(1 / (1 + np.exp(1.5 - rng.normal(0, 0.7)))) for name in sizes}
        y = rng.random(len(level)) < np.array([truth[v] for v in level])
        train = snapshot(level=level, y=y.astype(int))
        scores = ll.LeadScorer(intervals=True).fit(train).score(train).to_polars()
        rows = dict(zip(scores["lead_id"].cast(pl.Int64), scores.select("low", "high").iter_rows(), strict=True))
        for name in sizes:
            low, high = rows[int(np.flatnonzero(level == name)[0])]
            covered[name] += low <= truth[name] <= high
    assert all(count / seen > 0.88 for count in covered.values()), covered


def test_odds_ratios_are_against_a_named_level():
    rng = np.random.default_rng(8)
    n = 4000
    plan = rng.choice(["free", "pro", "team"], n, p=[0.6, 0.3, 0.1])
    odds = {"free": -1.0, "pro": 0.0, "team": 0.5}
    y = (rng.random(n) < 1 / (1 + np.exp(-np.array([odds[p] for p in plan])))).astype(int)
    train = snapshot(plan=plan, y=y)
    scorer = ll.LeadScorer(C=1e4, intervals=True).fit(train)
    table = scorer.summary()
    assert set(table["against"]) == {"free"}
    by_level = {r["level"]: r for r in table.iter_rows(named=True)}
    rate = {p: y[plan == p].mean() for p in odds}
    ratio = rate["pro"] / (1 - rate["pro"]) / (rate["free"] / (1 - rate["free"]))
    assert by_level["pro"]["odds_ratio"] == pytest.approx(ratio, rel=1e-3)
    # Woolf's error of a log odds ratio.
    error = np.sqrt(sum(1 / (y[plan == p] == v).sum() for p in ("pro", "free") for v in (0, 1)))
    assert by_level["pro"]["standard_error"] == pytest.approx(error, rel=0.01)
    assert by_level["free"]["odds_ratio"] == 1
    assert by_level["free"]["standard_error"] is None
    other = scorer.summary(reference={"plan": "pro"}).filter(pl.col("level") == "free")
    assert other["odds_ratio"][0] == pytest.approx(1 / ratio, rel=1e-3)
    assert other["standard_error"][0] == pytest.approx(error, rel=0.01)
    # Without the covariance only differences to the default are known.
    small = ll.LeadScorer(C=1e4).fit(train)
    assert small.summary()["standard_error"].to_list()[1:] == pytest.approx(table["standard_error"].to_list()[1:])
    assert small.summary(reference={"plan": "pro"})["standard_error"].is_null().all()
    effect = scorer.effect("plan", reference="team")
    assert effect.filter(pl.col("value") == "team")["contribution"][0] == 0
    assert "plan = pro against 'free'" in str(scorer)
    with pytest.raises(ll.UnknownNameError, match="level 'pra'"):
        scorer.summary(reference={"plan": "pra"})
    with pytest.raises(ll.UnknownNameError, match="feature with levels 'plam'"):
        scorer.summary(reference={"plam": "pro"})
    unpenalised = ll.LeadScorer(C=np.inf).fit(train).summary()
    assert unpenalised.filter(pl.col("level") == "pro")["odds_ratio"][0] == pytest.approx(ratio, rel=1e-6)
