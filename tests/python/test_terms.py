"""Shapes of effects: interactions, logs of counts, monotone numbers; intervals; all of them in a saved model."""

import json
import pickle
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import leadlens as ll


def leads(n, seed, *, joint):
    """Won by region, by size where the region is the south (with `joint`), and by a count."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["north", "south", "east"], n, p=[0.5, 0.3, 0.2])
    plan = rng.choice(["free", "pro"], n)
    size = rng.normal(50, 10, n)
    clicks = rng.poisson(np.exp(rng.normal(1, 1, n)))
    z = (size - 50) / 10
    eta = -0.5 + 0.4 * (region == "south") + 0.5 * np.log1p(clicks) - 0.5
    if joint:
        eta += np.where(region == "south", 1.2 * z, -0.6 * z) + 1.0 * np.where(
            (region == "east") == (plan == "pro"), 1, -1
        )
    won = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    size = np.where(rng.random(n) < 0.05, np.nan, size)
    table = {"id": np.arange(n), "region": region, "plan": plan, "size": size, "clicks": clicks, "won": won}
    return pl.DataFrame(table).with_columns(pl.col("size").fill_nan(None))


def snapshot(table):
    fields = ["region", "plan", "size", "clicks"]
    return ll.Journeys(leads=ll.Leads(table, id="id", fields=fields, outcome="won")).snapshot()


@pytest.fixture(scope="module")
def sides():
    return snapshot(leads(8000, 1, joint=True)).split(0.3, by="random")


@pytest.fixture(scope="module")
def joint(sides):
    return ll.LeadScorer(interactions="auto", intervals=True).fit(sides[0])


def test_planted_interactions_are_found_and_no_others(joint, sides):
    pairs = joint.summary().filter(pl.col("feature").str.contains(" × "))["feature"].unique(maintain_order=True)
    assert set(pairs) == {"region × size", "region × plan"}
    plain = ll.LeadScorer().fit(sides[0]).evaluate(sides[1])
    found = joint.evaluate(sides[1])
    assert found.roc_auc > plain.roc_auc + 0.05
    assert found.log_loss < plain.log_loss - 0.02
    assert any("same period" in r for r in found.remarks)
    assert "region × size" in joint.training_["interactions"]
    assert "by log loss on 5 folds" in joint.training_["interactions"]
    assert "lowest" in str(joint)


def test_noise_has_no_interactions():
    for seed in range(5):
        train = snapshot(leads(3000, 100 + seed, joint=False))
        for wanted in ("auto", 5):
            scorer = ll.LeadScorer(interactions=wanted).fit(train)
            assert scorer.training_["interactions"].startswith("none"), (seed, scorer.training_["interactions"])


def test_noise_of_many_rows_and_of_accounts_has_no_interactions():
    rng = np.random.default_rng(2)
    # More rows than the screen looks at.
    n = 250_000
    table = {k: rng.normal(size=n) for k in "abc"} | {"t": rng.choice(list("uvwxyz"), n)}
    table = pl.DataFrame({"id": np.arange(n), **table, "won": (rng.random(n) < 0.3).astype(int)})
    rows = ll.Journeys(leads=ll.Leads(table, id="id", fields=["a", "b", "c", "t"], outcome="won")).snapshot()
    assert ll.LeadScorer(interactions=3).fit(rows).training_["interactions"].startswith("none")
    # Leads of an account share its luck and its fields.
    for seed in range(3):
        rng = np.random.default_rng(seed)
        account = np.repeat(np.arange(200), 20)
        eta = np.repeat(rng.normal(size=200), 20)
        fields = {"ind": rng.choice(list("abcdef"), 200), "sz": rng.choice(list("klmno"), 200)}
        fields |= {"cty": rng.choice(list("uvwxyz"), 200)}
        won = (rng.random(4000) < 1 / (1 + np.exp(-eta))).astype(int)
        table = {
            "id": np.arange(4000),
            "account": account,
            **{k: np.repeat(v, 20) for k, v in fields.items()},
            "won": won,
        }
        leads = ll.Leads(pl.DataFrame(table), id="id", account="account", fields=list(fields), outcome="won")
        found = ll.LeadScorer(interactions=3).fit(ll.Journeys(leads=leads).snapshot()).training_["interactions"]
        assert found.startswith("none"), found


def test_a_small_strong_table_is_found_beside_wide_noise():
    rng = np.random.default_rng(4)
    n = 20_000
    a, b = rng.choice(["x", "y"], n), rng.choice(["x", "y"], n)
    eta = np.where(a == b, 0.09, -0.09)
    noise = {f"w{k}": [f"l{i}" for i in rng.integers(0, 40, n)] for k in range(5)}
    won = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int)
    table = pl.DataFrame({"id": np.arange(n), "a": a, "b": b, **noise, "won": won})
    rows = ll.Journeys(leads=ll.Leads(table, id="id", fields=["a", "b", *noise], outcome="won")).snapshot()
    assert ll.LeadScorer(interactions=1).fit(rows).training_["interactions"].startswith("a × b")


def test_tables_are_pure_and_add_up(joint, sides):
    train, test = sides
    for pair in ("region × size", "region × plan"):
        effect = joint.effect(pair)
        part = effect.with_columns(mass=pl.col("contribution") * pl.col("weight"))
        for margin in ("first", "second"):
            sums = part.group_by(margin).agg(pl.col("mass").sum(), pl.col("weight").sum()).filter(pl.col("weight") > 0)
            assert (sums["mass"] / sums["weight"]).abs().max() < 1e-9
    scores = joint.score(test).to_polars()
    explained = joint.explain(test)
    sums = explained.group_by("lead_id", maintain_order=True).agg(pl.col("contribution").sum())
    assert (sums["contribution"] - scores["log_odds"]).abs().max() < 1e-12
    assert (
        explained.filter(pl.col("feature") == "region × plan")["value"]
        .str.contains("^(north|south|east) × (free|pro)$")
        .all()
    )
    assert explained["part"].unique().sort().to_list() == ["base", "fit"]
    # Every contribution of training rows has the mean 0, so the base is their average.
    means = (
        joint.explain(train)
        .filter(pl.col("feature") != "(base)")
        .group_by("feature")
        .agg(pl.col("contribution").mean())
    )
    assert means["contribution"].abs().max() < 1e-9
    assert pickle.loads(pickle.dumps(joint)).score(test).to_polars().equals(scores)
    # A level that training never saw has no effect of its own, and takes nothing from its partner's.
    odd = leads(40, 7, joint=True).with_columns(region=pl.lit("moon"))
    unseen = joint.explain(snapshot(odd))
    own = unseen.filter(pl.col("feature").str.contains("region"))
    assert own["contribution"].abs().max() < 0.02
    assert (own.filter(pl.col("feature").str.contains(" × "))["contribution"] == 0).all()
    # Numbers far outside count as those at the edge; every score is one.
    wild = leads(4, 7, joint=True).with_columns(size=pl.Series([1e300, -1e300, None, 50.0]))
    assert joint.score(snapshot(wild)).to_polars()["probability"].is_between(0, 1).all()


def test_purifying_leaves_predictions_as_they_were(sides):
    # The same columns and cells through scikit-learn, as one indicator each.
    from sklearn.linear_model import LogisticRegression

    train, test = sides
    scorer = ll.LeadScorer(interactions=[("plan", "region")]).fit(train)
    a, b = train.to_polars(), test.to_polars()

    def design(frame):
        x = []
        for name in ("size", "clicks"):
            v = a[name].to_numpy()
            known = ~np.isnan(v)
            u = frame[name].to_numpy()
            x.append(np.where(np.isnan(u), 0, (u - v[known].mean()) / v[known].std()))
            if not known.all():
                x.append(np.isnan(u).astype(float))
        x += [(frame["region"] == r).to_numpy().astype(float) for r in ("north", "south", "east")]
        x += [(frame["plan"] == p).to_numpy().astype(float) for p in ("free", "pro")]
        cell = [
            (frame["region"] == r) & (frame["plan"] == p) for r in ("north", "south", "east") for p in ("free", "pro")
        ]
        x += [c.to_numpy().astype(float) for c in cell]
        return np.column_stack(x)

    peer = LogisticRegression(C=1.0, tol=1e-12, solver="newton-cholesky", max_iter=1000).fit(design(a), a["label"])
    ours = scorer.score(test).to_polars()["log_odds"].to_numpy()
    assert np.abs(ours - peer.decision_function(design(b))).max() < 1e-6


def test_intervals_of_probabilities(joint, sides):
    scores = joint.score(sides[1]).to_polars()
    assert (scores["low"] < scores["probability"]).all()
    assert (scores["probability"] < scores["high"]).all()
    # Without interactions: the delta method on the covariance of the same design, made by hand.
    train = sides[0]
    scorer = ll.LeadScorer(C=1e4, intervals=True).fit(train)
    s = scorer.score(train).to_polars()
    a = train.to_polars()
    size = a["size"].to_numpy()
    known = ~np.isnan(size)
    numbers = [np.where(known, (size - size[known].mean()) / size[known].std(), 0), (~known).astype(float)]
    clicks = a["clicks"].to_numpy()
    numbers.append((clicks - clicks.mean()) / clicks.std())
    x = np.column_stack([
        np.ones(len(a)),
        *numbers,
        *[(a["region"] == r).to_numpy().astype(float) for r in ("north", "south", "east")],
        *[(a["plan"] == p).to_numpy().astype(float) for p in ("free", "pro")],
    ])  # fmt: skip
    p, y = s["probability"].to_numpy(), a["label"].to_numpy().astype(float)
    ridge = np.diag([0.0] + [1e-4] * (x.shape[1] - 1))
    bread = np.linalg.inv(x.T @ (x * (p * (1 - p))[:, None]) + ridge)
    score = x * (p - y)[:, None]
    n, k = x.shape
    influence = score @ bread
    # A ridge of 1e-4 leaves the level sums all but free: through x first, where those directions cancel.
    robust = ((x @ influence.T) ** 2).sum(axis=1) * n / (n - k)
    # H = RᵀR by QR of the weighted rows above the root of the ridge, so that the condition of H counts once.
    root = np.linalg.qr(np.vstack([x * np.sqrt(p * (1 - p))[:, None], np.sqrt(ridge)]), mode="r")
    model_based = (np.linalg.solve(root.T, x.T) ** 2).sum(axis=0)
    error = np.sqrt(np.maximum(robust, model_based))
    low = 1 / (1 + np.exp(-(s["log_odds"].to_numpy() - 1.959963984540054 * error)))
    assert np.abs(low - s["low"].to_numpy()).max() < 1e-7
    assert "low" not in ll.LeadScorer().fit(train).score(train).to_polars().columns


def test_intervals_hold_what_they_promise():
    # The model is true: about 95 % of intervals hold the true probability.
    rng = np.random.default_rng(5)
    held = []
    for _ in range(60):
        x = rng.normal(size=(1500, 2))
        p = 1 / (1 + np.exp(-(-0.3 + x @ [0.8, -0.5])))
        won = (rng.random(1500) < p).astype(int)
        table = pl.DataFrame({"id": np.arange(1500), "a": x[:, 0], "b": x[:, 1], "won": won})
        rows = ll.Journeys(leads=ll.Leads(table, id="id", fields=["a", "b"], outcome="won")).snapshot()
        s = ll.LeadScorer(C=1e6, intervals=True).fit(rows).score(rows).to_polars()
        held.append(np.mean((s["low"].to_numpy() <= p) & (p <= s["high"].to_numpy())))
    # Sixty data sets, rows within one strongly dependent: a standard error of about two points.
    assert 0.90 < np.mean(held) < 0.985


def test_intervals_of_rows_that_share_an_account_are_wider():
    rng = np.random.default_rng(8)
    held = {True: [], False: []}
    for _ in range(40):
        accounts, each = 150, 8
        account = np.repeat(np.arange(accounts), each)
        size = np.repeat(rng.normal(size=accounts), each)
        eta = -0.3 + 0.6 * size + np.repeat(rng.normal(size=accounts), each)
        won = (rng.random(accounts * each) < 1 / (1 + np.exp(-eta))).astype(int)
        table = pl.DataFrame({"id": np.arange(accounts * each), "account": account, "size": size, "won": won})
        # The marginal probability: the logistic of normal effects, by quadrature.
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)
        p = (weights / weights.sum() / (1 + np.exp(-(-0.3 + 0.6 * size[:, None] + nodes)))).sum(axis=1)
        for clustered in held:
            key = {"account": "account"} if clustered else {}
            rows = ll.Journeys(leads=ll.Leads(table, id="id", fields=["size"], outcome="won", **key)).snapshot()
            s = ll.LeadScorer(C=1e6, intervals=True).fit(rows).score(rows).to_polars()
            held[clustered].append(np.mean((s["low"].to_numpy() <= p) & (p <= s["high"].to_numpy())))
    assert 0.86 < np.mean(held[True]) < 0.995
    assert np.mean(held[False]) < np.mean(held[True]) - 0.05


def test_calibration_rescales_everything():
    rng = np.random.default_rng(9)
    n = 9000
    day = np.sort(rng.integers(0, 400, n))
    plan, region = rng.choice(["free", "pro"], n), rng.choice(["north", "south"], n)
    size = rng.normal(size=n)
    eta = -1 + 0.8 * size + np.where((plan == "pro") == (region == "south"), 0.8, -0.8)
    # Later, everything says half as much.
    eta = np.where(day > 250, 0.5 * eta, eta)
    won = rng.random(n) < 1 / (1 + np.exp(-eta))
    created = pl.Series(np.datetime64("2024-01-01") + day.astype("timedelta64[D]"))
    table = pl.DataFrame({"id": np.arange(n), "created": created, "plan": plan, "region": region, "size": size})
    stages = table.filter(pl.Series(won)).select("id", at=pl.col("created") + pl.duration(days=5), stage=pl.lit("won"))
    journeys = ll.Journeys(
        leads=ll.Leads(table, id="id", created="created", fields=["plan", "region", "size"]),
        stages=ll.Stages(stages, lead="id", at="at", stage="stage"),
        won="won",
    )
    rows = journeys.snapshot(after="1d", horizon="20d")
    train, test = rows.split(0.2)
    options = {"interactions": "auto", "intervals": True, "nonlinear": "auto", "C": "cv"}
    plain = ll.LeadScorer(**options).fit(train)
    for method in ("sigmoid", "isotonic", "beta"):
        scorer = ll.LeadScorer(**options, calibration=method).fit(train)
        assert scorer.training_["calibration"]["method"] == method
        assert "plan × region" in scorer.summary()["feature"].to_list()
        # Isotonic steps end at 0 and 1, which the log loss does not forgive.
        measure = "ece" if method == "isotonic" else "log_loss"
        assert getattr(scorer.evaluate(test), measure) < getattr(plain.evaluate(test), measure)
        scores = scorer.score(test).to_polars()
        sums = scorer.explain(test).group_by("lead_id", maintain_order=True).agg(pl.col("contribution").sum())
        assert (sums["contribution"] - scores["log_odds"]).abs().max() < 1e-9
        assert (scores["low"] <= scores["probability"]).all()
        assert (scores["probability"] <= scores["high"]).all()
        if method == "sigmoid":
            # Half the effects, half the errors: intervals are those of the log-odds, scaled.
            logit = np.log(scores["probability"] / (1 - scores["probability"]))
            assert (logit - scores["log_odds"]).abs().max() < 1e-9
            assert scorer.summary()["standard_error"].max() < plain.summary()["standard_error"].max()


def test_model_files_that_would_misbehave_are_refused(joint, tmp_path):
    joint.save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text()

    def refused(change, match):
        envelope = json.loads(text)
        change(envelope["model"])
        (tmp_path / "bad.json").write_text(json.dumps(envelope))
        with pytest.raises(ll.ModelFormatError, match=match):
            ll.load(tmp_path / "bad.json")

    def term(model, kind):
        return next(t["encoder"] for t in model["terms"] if t["encoder"]["type"] == kind)

    def twice(model):
        term(model, "category")["levels"][1] = term(model, "category")["levels"][0]

    refused(twice, "a repeated level")
    refused(lambda m: term(m, "number").update(deviation=1e-310), "deviation")
    refused(lambda m: m["interactions"].append(m["interactions"][0]), "occurs twice|covariance")
    refused(lambda m: m["interactions"][0].update(second=0), "must join two terms")
    refused(lambda m: m["interactions"][0]["effects"].pop(), "effects for")
    refused(lambda m: m["covariance"]["lower"].__setitem__(0, -1.0), "a variance is negative")
    refused(lambda m: m["covariance"]["lower"].__setitem__(1, 1e9), "a correlation above 1")
    refused(lambda m: m["covariance"]["lower"].pop(), "the covariance has")


def test_monotone_numbers(sides):
    train, _test = sides
    free = ll.LeadScorer(nonlinear="linear").fit(train)
    assert np.diff(free.effect("clicks")["contribution"].to_numpy()).max() > 0
    falling = ll.LeadScorer(nonlinear="cubic", monotone={"clicks": "decreasing"}).fit(train)
    effect = falling.effect("clicks")["contribution"].to_numpy()
    assert np.diff(effect).max() <= 1e-12
    rising = ll.LeadScorer(nonlinear="cubic", monotone={"clicks": "increasing"}).fit(train)
    effect = rising.effect("clicks")["contribution"].to_numpy()
    assert np.diff(effect).min() >= -1e-12
    assert effect[-1] > effect[0] + 0.5
    assert rising.training_["inference"] is None
    assert rising.summary()["standard_error"].is_null().all()


def test_elastic_net_drops_what_says_nothing(sides):
    scorer = ll.LeadScorer(C=0.002, l1_ratio=1.0).fit(sides[0])
    zero = (scorer.summary()["coefficient"] == 0).sum()
    assert zero >= 3
    assert "L1 ratio 1" in str(scorer)


def test_options_that_do_not_go_together(sides):
    train = sides[0]
    with pytest.raises(ll.OptionError, match="need a penalty"):
        ll.LeadScorer(C=float("inf"), interactions="auto").fit(train)
    with pytest.raises(ll.OptionError, match="at most 5"):
        ll.LeadScorer(interactions=6).fit(train)
    with pytest.raises(ll.UnknownNameError, match="did you mean 'size'"):
        ll.LeadScorer(interactions=[("sise", "plan")]).fit(train)
    with pytest.raises(ll.OptionError, match="not a pair"):
        ll.LeadScorer(interactions=[("plan", "plan")]).fit(train)
    for wrong in ("plan", [("a", "b", "c")], -1, True, [1]):
        with pytest.raises(ll.OptionError, match="interactions must be"):
            ll.LeadScorer(interactions=wrong)
    with pytest.raises(ll.OptionError, match="is a text"):
        ll.LeadScorer(monotone={"plan": "increasing"}).fit(train)
    with pytest.raises(ll.UnknownNameError):
        ll.LeadScorer(monotone={"nothing": "increasing"}).fit(train)
    with pytest.raises(ll.OptionError, match="cannot take part"):
        ll.LeadScorer(monotone={"size": "increasing"}, interactions=[("size", "plan")]).fit(train)
    with pytest.raises(ll.OptionError, match="intervals"):
        ll.LeadScorer(l1_ratio=0.5, intervals=True).fit(train)
    with pytest.raises(ll.OptionError, match="cannot be combined with C or l1_ratio"):
        ll.LeadScorer(penalty="firth", l1_ratio=0.5)
    twin = leads(400, 2, joint=False).with_columns(copy=pl.col("plan"))
    fields = ["region", "plan", "size", "copy"]
    twins = ll.Journeys(leads=ll.Leads(twin, id="id", fields=fields, outcome="won")).snapshot()
    with pytest.raises(ll.OptionError, match="'copy' was dropped \\(equal to plan"):
        ll.LeadScorer(interactions=[("copy", "size")]).fit(twins)
    with pytest.raises(ll.OptionError, match="not numeric"):
        ll.LeadScorer(interactions=[("size", "plan")]).fit(train).effect("plan × size", [1.0])


def test_charts(joint):
    for chart in (joint.plot_effect("size"), joint.plot_effect("region"), joint.plot_effect("region × size")):
        assert chart.to_dict()["title"]
    with pytest.raises(ll.OptionError, match="available only with C="):
        joint.plot_validation()


def test_command_line_trains_the_same(tmp_path):
    table = leads(4000, 3, joint=True)
    table.write_parquet(tmp_path / "leads.parquet")
    (tmp_path / "leadlens.toml").write_text(
        """
[leads]
table = "leads.parquet"
id = "id"
fields = ["region", "plan", "size", "clicks"]
outcome = "won"

[split]
test = 0.3
by = "random"

[model]
C = "cv"
nonlinear = "auto"
interactions = "auto"
intervals = true
"""
    )
    run = [sys.executable, "-m", "leadlens"]
    config = ["--config", tmp_path / "leadlens.toml", "--model", tmp_path / "m.json"]
    subprocess.run([*run, "train", *config], check=True, capture_output=True)
    train, test = snapshot(table).split(0.3, by="random")
    scorer = ll.LeadScorer(C="cv", nonlinear="auto", interactions="auto", intervals=True).fit(train)
    scorer.save(tmp_path / "here.json")
    by_cli, here = (json.loads((tmp_path / n).read_text())["model"] for n in ("m.json", "here.json"))
    assert by_cli["interactions"]
    assert by_cli["terms"] == here["terms"]
    assert by_cli["interactions"] == here["interactions"]
    assert scorer.plot_validation().to_dict()["title"]["text"].startswith("C = ")
    wrong = (tmp_path / "leadlens.toml").read_text().replace('"auto"\nintervals', "9\nintervals")
    (tmp_path / "leadlens.toml").write_text(wrong)
    failed = subprocess.run([*run, "train", *config, "--overwrite"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "at most 5" in failed.stderr
    assert ll.load(tmp_path / "m.json").score(test).to_polars().equals(scorer.score(test).to_polars())


def test_one_row_has_the_bits_of_the_table(joint, sides):
    test = sides[1]
    table = test.to_polars().select(joint.features_)
    scores = joint.score(test).to_polars()
    explained = joint.explain(test).filter(pl.col("feature") != "(base)")
    for i in [*range(40), len(table) - 1]:
        p, reasons = joint.score_row(table.row(i), reasons=3)
        assert p == scores["probability"][i]
        own = explained.slice(i * len(explained) // len(table), len(explained) // len(table))
        best = own.sort(pl.col("contribution").abs(), descending=True, maintain_order=True).head(3)
        assert reasons == list(zip(best["feature"], best["contribution"], strict=True))
    row = list(table.row(0))
    with pytest.raises(ll.LeadLensError, match="values"):
        joint.score_row(row[:-1])
    at = joint.features_.index("plan")
    with pytest.raises(ll.SchemaError, match="trained on text"):
        joint.score_row([*row[:at], 3.0, *row[at + 1 :]])
    at = joint.features_.index("clicks")
    with pytest.raises(ll.SchemaError, match="trained on numbers"):
        joint.score_row([*row[:at], "many", *row[at + 1 :]])
    with pytest.raises(ll.OptionError, match="values"):
        joint.score_row([*row[:at], float("inf"), *row[at + 1 :]])
    assert joint.score_row([*row[:at], 3, *row[at + 1 :]])[0] == joint.score_row([*row[:at], 3.0, *row[at + 1 :]])[0]


def test_cells_that_are_determined_have_no_error():
    # A level that occurs with one level of the other only: its cell says nothing beside the two terms.
    for seed in range(10):
        rng = np.random.default_rng(seed)
        n = 3000
        a = rng.choice(list("uvwxyz"), n)
        b = np.where(np.isin(a, ["x", "y", "z"]), "k", rng.choice(["k", "l", "m"], n))
        won = (rng.random(n) < np.where(a == "u", 0.6, 0.3)).astype(int)
        table = pl.DataFrame({"id": np.arange(n), "a": a, "b": b, "won": won})
        rows = ll.Journeys(leads=ll.Leads(table, id="id", fields=["a", "b"], outcome="won")).snapshot()
        scorer = ll.LeadScorer(interactions=[("a", "b")], intervals=True).fit(rows)
        cell = scorer.summary().filter(pl.col("level") == "x × k")
        assert cell["coefficient"].abs()[0] < 1e-9
        assert cell["standard_error"][0] < 1e-6
        assert (scorer.score(rows).to_polars()["low"] < scorer.score(rows).to_polars()["high"]).all()
