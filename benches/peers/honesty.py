"""Error rates and coverage in simulated worlds with a known truth, with their Monte Carlo errors.

    python benches/peers/honesty.py [--worlds 0.25] [claim ...]

One function per claim; each prints a table. It takes minutes, and fewer with a share of the worlds of the later claims;
small versions are among the tests.
"""

import argparse
import warnings
from collections.abc import Callable

import numpy as np
import polars as pl
from audited_worlds import shares
from known_outcomes import covered_by_scores, leads_with_outcomes
from small_designs import profiles

import leadlens as ll

CLAIMS: dict[str, Callable[[], pl.DataFrame]] = {}


SHARE = 1.0


def some(worlds: int) -> range:
    """Return the seeds of so many worlds, or of the share that was asked for."""
    return range(max(10, round(SHARE * worlds)))


def chance_error(hits: list[bool]) -> float:
    """Return the Monte Carlo error of a share."""
    share = float(np.mean(hits))
    return float(np.sqrt(share * (1 - share) / len(hits)))


def claim(function: Callable[[], pl.DataFrame]) -> Callable[[], pl.DataFrame]:
    """Register a claim under its name."""
    CLAIMS[function.__name__] = function
    return function


START = np.datetime64("2022-01-03T00:00:00", "us")


def moments(days: np.ndarray) -> np.ndarray:
    """Return times so many days after the start."""
    return START + np.round(days * 86_400e6).astype("int64").astype("timedelta64[us]")


def entering_leads(
    seed: int, n: int, length: float, growth: bool
) -> tuple[ll.Journeys, Callable[[pl.DataFrame], np.ndarray]]:
    """Return leads of two kinds that are won, and lost, at constant rates, and their chance to be won in 28 days."""
    rng = np.random.default_rng(seed)
    kind, rates, lost_rate = rng.integers(0, 2, n), np.array([0.004, 0.012]), 0.01
    entry = rng.random(n) ** (0.4 if growth else 1.0) * length
    won, lost = rng.exponential(1 / rates[kind]), rng.exponential(1 / lost_rate, n)
    end = entry + np.minimum(won, lost)
    seen = end < length
    leads = pl.DataFrame({"id": np.arange(n), "created": moments(entry), "kind": np.array(["a", "b"])[kind]})
    stages = pl.DataFrame({"lead": np.arange(n)[seen], "at": moments(end[seen])})
    stages = stages.with_columns(stage=pl.Series(np.where(won < lost, "won", "lost")[seen]))
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created", fields=["kind"]),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        won="won",
        lost="lost",
        observed_until=f"{moments(np.array(length))}Z",
    )

    def truth(frame: pl.DataFrame) -> np.ndarray:
        rate = np.where(frame["kind"] == "b", rates[1], rates[0])
        return rate / (rate + lost_rate) * (1 - np.exp(-(rate + lost_rate) * 28))

    return journeys, truth


AGES = np.array([0, 14, 42, 84, 1e9])


@claim
def repeated_rows() -> pl.DataFrame:
    """Weekly rows: predicted less true by age, and coverage of 95 % intervals of scores, by weight of the rows."""
    out = []
    for weight in ("row", "lead"):
        for growth in (False, True):
            off, held = [], []
            for seed in range(200):
                journeys, truth = entering_leads(seed, 1500, 364.0, growth)
                snapshot = journeys.snapshot(every="7d", horizon="28d", weight=weight)
                scores = ll.LeadScorer(C=10.0, intervals=True).fit(snapshot).score(snapshot).to_polars()
                frame = snapshot.to_polars()
                true, age = truth(frame), np.digitize(frame["age_days"].to_numpy(), AGES) - 1
                error = scores["probability"].to_numpy() - true
                inside = (scores["low"].to_numpy() <= true) & (true <= scores["high"].to_numpy())
                off.append([error[age == b].mean() for b in range(4)])
                held.append([inside.mean(), *(inside[age == b].mean() for b in range(4))])
            mean, spread = np.mean(off, axis=0), np.std(off, axis=0) / len(off) ** 0.5
            cover, wide = np.mean(held, axis=0), np.std(held, axis=0) / len(held) ** 0.5
            for b, name in enumerate(("0-14 d", "14-42 d", "42-84 d", "84 d and more")):
                out.append({
                    "weight": weight, "intake": "growing" if growth else "even", "age": name, "off": mean[b],
                    "±": spread[b], "coverage": cover[b + 1], "± ": wide[b + 1], "all ages": cover[0],
                })  # fmt: skip
    return pl.DataFrame(out)


@claim
def immature_rows() -> pl.DataFrame:
    """Weights of maturity="ipcw": rate less truth by age and length of the history."""
    out = []
    for length in (112.0, 182.0, 364.0):
        for growth in (False, True):
            off = []
            for seed in range(100):
                journeys, truth = entering_leads(seed, 6000, length, growth)
                frame = journeys.snapshot(every="7d", horizon="28d", maturity="ipcw").to_polars()
                error = (frame["label"].cast(float).to_numpy() - truth(frame)) * frame["weight"].to_numpy()
                age, w = np.digitize(frame["age_days"].to_numpy(), AGES) - 1, frame["weight"].to_numpy()
                off.append(
                    [error[age == b].sum() / w[age == b].sum() if (age == b).any() else np.nan for b in range(4)]
                )
            mean, spread = np.nanmean(off, axis=0), np.nanstd(off, axis=0) / np.isfinite(off).sum(axis=0) ** 0.5
            for b, name in enumerate(("0-14 d", "14-42 d", "42-84 d", "84 d and more")):
                row = {"history": length, "intake": "growing" if growth else "even", "age": name}
                out.append({**row, "off": mean[b], "±": spread[b]})
    return pl.DataFrame(out)


def scored_rows(
    rng: np.random.Generator, n: int, accounts: int, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, scores and accounts, which differ by more than the scores know."""
    account = rng.integers(0, accounts, n) if accounts else np.arange(n)
    known, unknown = rng.normal(size=(2, accounts or n)) * (1.0 if accounts else 0.0)
    eta = rate + 0.8 * rng.normal(size=n) + 0.6 * known[account]
    return rng.random(n) < 1 / (1 + np.exp(-eta - unknown[account])), 1 / (1 + np.exp(-eta)), account


@claim
def intervals_of_measures() -> pl.DataFrame:
    """Coverage of 95 % intervals of the measures of an evaluation, by rows, accounts and share of positives."""
    out = []
    for n, accounts, rate in (
        (300, 0, -1.5), (1000, 0, -1.5), (1000, 0, -4.0), (4000, 0, -3.0),
        (600, 20, -1.5), (600, 60, -1.5), (3000, 200, -1.5), (3000, 200, -4.0),
    ):  # fmt: skip
        y, p, _ = scored_rows(np.random.default_rng(0), 1_000_000, 250_000 if accounts else 0, rate)
        top = len(y) * 15 // 100
        exact = ll.metrics.evaluate(y, p, precision_at=[top]).to_polars()
        truth = dict(zip(exact["measure"], exact["value"], strict=True))
        k = n * 15 // 100
        truth[f"precision_at_{k}"] = truth.pop(f"precision_at_{top}")
        names = [m for m in truth if exact.filter(pl.col("measure") == m)["low"].is_not_null().any()]
        names.append(f"precision_at_{k}")
        held: dict[str, list[bool]] = {name: [] for name in names}
        for seed in range(1000):
            y, p, account = scored_rows(np.random.default_rng([seed, n]), n, accounts, rate)
            if min(y.sum(), (~y).sum()) < 5:
                continue
            found = ll.metrics.evaluate(y, p, precision_at=[k], clusters=account).to_polars()
            for row in found.filter(pl.col("measure").is_in(names)).iter_rows(named=True):
                held[row["measure"]].append((row["low"] or -np.inf) <= truth[row["measure"]] <= (row["high"] or np.inf))
        out.append({
            "rows": n, "accounts": accounts or n, "positives": f"{truth['base_rate']:.1%}",
            **{("precision at 15 %" if m.startswith("precision") else m): np.mean(v) for m, v in held.items()},
            "±": 0.007,
        })  # fmt: skip
    return pl.DataFrame(out)


@claim
def scorers_that_are_equally_good() -> pl.DataFrame:
    """How often the difference of two scorers that are equally far from the truth has p < 0.05."""
    out = []
    for n, accounts in ((500, 0), (2000, 0), (500, 40), (500, 80), (3000, 200)):
        found: dict[str, list[bool]] = {}
        for seed in range(1000):
            rng = np.random.default_rng([seed, n])
            account = rng.integers(0, accounts, n) if accounts else np.arange(n)
            eta = -1 + rng.normal(size=account.max() + 1)[account] * (accounts > 0) + rng.normal(size=n)
            y = rng.random(n) < 1 / (1 + np.exp(-eta))
            off = [
                rng.normal(size=account.max() + 1)[account] * (accounts > 0) + 0.5 * rng.normal(size=n) for _ in "ab"
            ]
            p, q = (1 / (1 + np.exp(-eta - o)) for o in off)
            for row in ll.metrics.compare(y, p, q, clusters=account).to_polars().iter_rows(named=True):
                found.setdefault(row["measure"], []).append(row["p_value"] < 0.05)
        out.append({"rows": n, "accounts": accounts or n, **{m: np.mean(v) for m, v in found.items()}, "±": 0.007})
    return pl.DataFrame(out)


@claim
def intervals_of_scores() -> pl.DataFrame:
    """Coverage of 95 % intervals, of all leads and of the best 5 %, by strength of the penalty and number of leads."""
    out = []
    for rare in (False, True):
        for n in (600, 1000, 4000):
            for C in (0.01, 1.0, "cv", np.inf):
                held = []
                for seed in range(100):
                    rng = np.random.default_rng([seed, n])
                    numbers, levels = rng.normal(size=(n, 3)), rng.integers(0, 4, (n, 3))
                    eta = -1.4 + 0.5 * numbers[:, 0] + 0.5 * (levels[:, 0] == 1)
                    columns = {f"n{k}": numbers[:, k] for k in range(3)}
                    columns |= {f"c{k}": np.array(list("pqrs"))[levels[:, k]] for k in range(3)}
                    if rare:
                        level = rng.choice(6, n, p=[0.5, 0.25, 0.12, 0.07, 0.04, 0.02])
                        eta = eta + rng.normal(0, 0.8, 6)[level]
                        columns["level"] = np.array(list("uvwxyz"))[level]
                    held.append(covered_by_scores(columns, 1 / (1 + np.exp(-eta)), rng, C))
                refused, held = held.count(None), [shares for shares in held if shares]
                mean, error = np.mean(held, axis=0), np.std(held, axis=0) / np.sqrt(len(held))
                out.append({
                    "levels": "2 % and more" if rare else "25 %", "leads": n, "C": str(C),
                    "all": mean[0], "±": error[0], "best 5 %": mean[1], "± ": error[1], "refused of 100": refused,
                })  # fmt: skip
    return pl.DataFrame(out)


@claim
def interactions_that_are_not_there() -> pl.DataFrame:
    """Worlds in which no pair, or one pair, has an effect: how often "auto" keeps one, in the order of time."""
    out = []
    for strength in (0.0, 0.15, 0.25, 0.35, 0.5):
        kept = true = 0
        worlds = len(some(1000 if strength == 0 else 100))
        for seed in range(worlds):
            rng = np.random.default_rng([seed, int(100 * strength)])
            n = 3000
            levels, numbers = rng.integers(0, 4, (n, 4)), rng.normal(size=(n, 4))
            eta = -1 + 0.4 * numbers[:, 0] + 0.3 * (levels[:, 1] == 2)
            eta = eta + strength * np.where((levels[:, 0] < 2) == (levels[:, 1] < 2), 0.5, -0.5) * 2
            columns = {f"n{k}": numbers[:, k] for k in range(4)}
            columns |= {f"c{k}": np.array(list("pqrs"))[levels[:, k]] for k in range(4)}
            journeys = leads_with_outcomes(columns, rng.random(n) < 1 / (1 + np.exp(-eta)))
            train, _ = journeys.snapshot().split(0.2, by="order")
            names = ll.LeadScorer(interactions="auto").fit(train).summary()["feature"].unique().to_list()
            pairs = [name for name in names if " × " in name]
            kept += bool(pairs)
            true += "c0 × c1" in pairs
        out.append({
            "strength": strength, "worlds": worlds, "keep a pair": kept / worlds, "the true one": true / worlds,
            "±": float(np.sqrt(kept / worlds * (1 - kept / worlds) / worlds)),
        })  # fmt: skip
    return pl.DataFrame(out)


def closed_leads(leads: dict[str, np.ndarray], ends: np.ndarray, won: np.ndarray, **roles: object) -> ll.Journeys:
    """Return journeys of leads that are won or lost some days after their creation, all of it observed."""
    n = len(ends)
    frame = pl.DataFrame({"id": np.arange(n), **leads})
    stages = pl.DataFrame({
        "lead": np.arange(n), "at": leads["created"] + (moments(ends) - START), "stage": np.where(won, "won", "lost"),
    })  # fmt: skip
    return ll.Journeys(
        leads=ll.Leads(frame, id="id", created="created", **roles),  # type: ignore[arg-type]
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
        pipeline=["created", "won"],
        won="won",
        lost="lost",
        observed_until=f"{moments(np.array(2000.0))}Z",
    )


def sizes_of_accounts(rng: np.random.Generator, accounts: int, kind: str) -> np.ndarray:
    """Return the account of each lead: 10 leads each, or the largest with a tenth and more of all."""
    if kind == "equal":
        return np.repeat(np.arange(accounts), 10)
    return rng.choice(accounts, 10 * accounts, p=(w := rng.lognormal(0, 1.2, accounts)) / w.sum())


@claim
def leads_of_accounts() -> pl.DataFrame:
    """Accounts differ in rate and pace: coverage of 95 % intervals, and how often equal groups have p < 0.05."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    rate = float((weights / weights.sum() / (1 + np.exp(0.5 - nodes))).sum())
    many = np.random.default_rng(0).random(1_000_000), np.random.default_rng(1).normal(size=1_000_000)
    days = 2 + 20 * many[0] ** np.exp(0.7 * many[1])
    by_15, median = rate * float((days <= 15).mean()), float(np.median(days))
    out = []
    for kind in ("equal", "skewed"):
        for accounts in (15, 30, 80, 200):
            found: dict[str, list[bool]] = {}

            def note(name: str, held: object, found: dict[str, list[bool]] = found) -> None:
                found.setdefault(name, []).append(bool(held))

            for seed in some(400):
                rng = np.random.default_rng([seed, accounts, kind == "equal"])
                account = sizes_of_accounts(rng, accounts, kind)
                n, effect, pace = len(account), rng.normal(size=accounts), rng.normal(size=accounts)
                won = rng.random(n) < 1 / (1 + np.exp(0.5 - effect[account]))
                ends = 2 + 20 * rng.random(n) ** np.exp(0.7 * pace[account])
                journeys = closed_leads({
                    "created": moments(100 * rng.random(n)), "acc": np.array([f"a{a}" for a in account]),
                    "group": np.array(["x", "y"])[rng.integers(0, 2, accounts)[account]],
                    "other": np.array(["x", "y"])[rng.integers(0, 2, n)],
                }, ends, won, fields=["group", "other"], account="acc")  # fmt: skip
                funnel = journeys.funnel(["created", "won"], window="60d", by="group")
                row = funnel.to_polars().filter(pl.col("group") == "(all)").row(-1, named=True)
                note("funnel", row["of_first_low"] <= rate <= row["of_first_high"])
                row = journeys.stage_funnel().summary().row(0, named=True)
                note("win rate", row["win_rate_low"] <= rate <= row["win_rate_high"])
                time_to = journeys.time_to("won", by="group", at=["15d"])
                row = time_to.at().row(0, named=True)
                note("by 15 d", row["incidence_low"] <= by_15 <= row["incidence_high"])
                row = journeys.time_to(["won", "lost"]).to_polars().row(0, named=True)
                note("median", (row["median_days_low"] or -np.inf) <= median <= (row["median_days_high"] or np.inf))
                row = journeys.stage_funnel().times().row(0, named=True)
                note("in stage", (row["median_days_low"] or -np.inf) <= median <= (row["median_days_high"] or np.inf))
                for by in ("group", "other"):
                    compared = journeys.funnel(["created", "won"], window="60d", by=by)
                    if len(compared.to_polars()["group"].unique()) < 3:
                        continue
                    row = compared.compare("x", "y").row(-1, named=True)
                    note(f"compare {by}", row["difference_low"] <= 0 <= row["difference_high"])
                    note(f"p {by}", row["p_value"] < 0.05)
                if time_to.test is not None:
                    note("p Gray", time_to.test["p_value"] < 0.05)
                drivers = journeys.drivers(["created", "won"], window="60d").to_polars()
                for name in ("group", "other"):
                    row = drivers.filter((pl.col("name") == name) & (pl.col("value") == "x"))
                    if row.height:
                        note(f"odds {name}", row["odds_ratio_low"][0] <= 1 <= row["odds_ratio_high"][0])
                        note(f"p driver {name}", row["p_value"][0] < 0.05)
            out.append(
                {
                    "sizes": kind,
                    "accounts": accounts,
                    **{k: np.mean(v) for k, v in found.items()},
                    "±": 0.011 / SHARE**0.5,
                }
            )
    return pl.DataFrame(out)


def behaving_leads(seed: int, n: int, ratio: float, reopened: bool) -> ll.Journeys:
    """Return leads with a constant hazard to be won that an early call multiplies, and noise that does nothing."""
    rng = np.random.default_rng([seed, n, int(10 * ratio)])
    call, created = rng.exponential(30, n), 100 * rng.random(n)
    stages, events = [], []
    at = np.zeros(n)
    alive = np.arange(n)
    while len(alive):
        now = at[alive]
        win = now + rng.exponential(100, len(alive))
        after = np.maximum(now, call[alive])
        win = np.where(win > after, after + rng.exponential(100 / ratio, len(alive)), win)
        lose = now + rng.exponential(60, len(alive))
        end, won = np.minimum(win, lose), win < lose
        stages += [(alive, end, np.where(won, "won", "lost"))]
        back = ~won & (rng.random(len(alive)) < 0.5) & reopened
        at[alive] = end
        stages += [(alive[back], (end + 5)[back], np.full(back.sum(), "open"))]
        at[alive[back]] = (end + 5)[back]
        alive = alive[back]
    for kind, times in (("call", call), *((f"noise {k}", rng.exponential(30, n)) for k in range(4))):
        events += [(np.flatnonzero(times < at), times[times < at], np.full((times < at).sum(), kind))]
    tables = []
    for name, parts in (("stage", stages), ("kind", events)):
        lead, day, what = (np.concatenate(column) for column in zip(*parts, strict=True))
        tables.append(pl.DataFrame({"lead": lead, "at": moments(created[lead] + day), name: what}))
    return ll.Journeys(
        leads=ll.Leads(pl.DataFrame({"id": np.arange(n), "created": moments(created)}), id="id", created="created"),
        stages=ll.Stages(tables[0], lead="lead", at="at", stage="stage"),
        events=ll.Events(tables[1], lead="lead", at="at", kind="kind"),
        pipeline=["open", "won"],
        won="won",
        lost="lost",
        observed_until=f"{moments(np.array(4000.0))}Z",
    )


@claim
def behaviour_after_a_step() -> pl.DataFrame:
    """A call with a hazard ratio, beside four kinds of noise: power, its interval, and the noise that is found."""
    out = []
    for reopened in (False, True):
        for ratio in (1.0, 2.0):
            for n in (100, 200, 400, 800, 1600):
                p, q, held, noise, ratios = [], [], [], [], []
                for seed in some(200):
                    found = behaving_leads(seed, n, ratio, reopened).drivers(["created", "won"]).to_polars()
                    after = found.filter(pl.col("factor") == "after")
                    noise += (after.filter(pl.col("name") != "call")["p_value"] < 0.05).to_list()
                    call = after.filter(pl.col("name") == "call").row(0, named=True)
                    p.append(call["p_value"] < 0.05)
                    q.append(call["q_value"] < 0.05)
                    held.append(call["hazard_ratio_low"] <= ratio <= call["hazard_ratio_high"])
                    ratios.append(np.log(call["hazard_ratio"]))
                out.append({
                    "re-opened": reopened, "hazard ratio": ratio, "leads": n, "estimate": np.exp(np.mean(ratios)),
                    "p < 0.05": np.mean(p), "q < 0.05": np.mean(q), "interval holds": np.mean(held),
                    "±": chance_error(p), "noise p < 0.05": np.mean(noise),
                })  # fmt: skip
    return pl.DataFrame(out)


@claim
def the_barrier_ranked_first() -> pl.DataFrame:
    """Segments whose rates are equal, or differ: how often the interval of the row ranked first holds its true loss."""
    out = []
    for spread in (0.0, 0.3, 0.8):
        for segments in (10, 40, 150):
            held, named, real = [], [], []
            for seed in some(200):
                rng = np.random.default_rng([seed, segments, int(10 * spread)])
                n = 75 * segments
                segment = rng.integers(0, segments, n)
                rates = 1 / (1 + np.exp(0.85 - spread * rng.normal(size=segments)))
                won = rng.random(n) < rates[segment]
                leads = {"created": moments(50 * rng.random(n)), "seg": np.array([f"s{k}" for k in segment])}
                journeys = closed_leads(leads, np.full(n, 3.0), won, fields=["seg"])
                barriers = journeys.barriers(["created", "won"], by="seg", window="30d")
                top = barriers.to_polars().row(0, named=True)
                k = int(top["group"][1:])
                own = segment == k
                truth = own.sum() * (rates[segment[~own]].mean() - rates[k])
                held.append(top["leads_lost_low"] <= truth <= top["leads_lost_high"])
                named.append("may be chance" in repr(barriers))
                real.append(truth > 1e-9)
            out.append({
                "spread of log-odds": spread, "segments": segments, "interval of the first holds": np.mean(held),
                "±": chance_error(held), "named chance": np.mean(named),
                "loses in truth": np.mean(real),
            })  # fmt: skip
    return pl.DataFrame(out)


@claim
def ties_in_grays_test() -> pl.DataFrame:
    """Equal groups whose ends are tied on a grid: how often Gray's test has p < 0.05, and says that it is coarse."""
    out = []
    for grid in (0.01, 1, 2, 5, 10, 20):
        rejected, coarse = [], []
        for seed in some(600):
            rng = np.random.default_rng([seed, int(100 * grid)])
            event, other = rng.exponential(20, 200), rng.exponential(25, 200)
            ends = np.ceil(np.minimum(event, other) / grid) * grid
            leads = {"created": np.full(200, START), "half": np.array(["x", "y"])[np.arange(200) % 2]}
            test = closed_leads(leads, ends, event < other, fields=["half"]).time_to("won", by="half").test
            assert test is not None
            rejected.append(test["p_value"] < 0.05)
            coarse.append(test["coarse"])
        out.append(
            {
                "grid of days": grid,
                "mean days": 11.1,
                "p < 0.05": np.mean(rejected),
                "±": chance_error(rejected),
                "coarse": np.mean(coarse),
            }
        )
    return pl.DataFrame(out)


@claim
def leads_that_count_more_than_once() -> pl.DataFrame:
    """Attempts of leads that differ: coverage of a funnel's rate and win rate of cycles, and false differences."""
    out = []
    for n, most in ((60, 8), (250, 8), (250, 40), (1000, 3)):
        held, different, barriers, cycles = [], [], [], []
        for seed in some(300):
            rng = np.random.default_rng([seed, n, most])
            each = rng.integers(1, most + 1, n)
            lead = np.repeat(np.arange(n), each)
            number = np.concatenate([np.arange(k) for k in each])
            chance = np.repeat(rng.beta(0.5, 1.0, n), each)
            at, good = 1.0 + 10.0 * number + rng.random(len(lead)), rng.random(len(lead)) < chance
            events = pl.concat(
                [
                    pl.DataFrame({"lead": lead, "at": moments(at), "kind": "visit"}),
                    pl.DataFrame({"lead": lead[good], "at": moments(at[good] + 0.5), "kind": "book"}),
                ]
            )
            stages = pl.concat(
                [
                    pl.DataFrame({"lead": lead, "at": moments(at), "stage": "mql"}),
                    pl.DataFrame({"lead": lead, "at": moments(at + 0.5)}).with_columns(
                        stage=pl.Series(np.where(good, "won", "lost"))
                    ),
                ]
            )
            half = np.array(["x", "y"])[rng.integers(0, 2, n)]
            leads = pl.DataFrame({"id": np.arange(n), "created": np.full(n, START), "half": half})
            journeys = ll.Journeys(
                leads=ll.Leads(leads, id="id", created="created", fields=["half"]),
                events=ll.Events(events, lead="lead", at="at", kind="kind"),
                stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
                pipeline=["mql", "won"],
                won="won",
                lost="lost",
                observed_until=f"{moments(np.array(500.0))}Z",
            )
            ways = {"window": "1d", "entry": "totals", "by": "half"}
            funnel = journeys.funnel(["visit", "book"], times=False, **ways)
            row = funnel.to_polars().row(1, named=True)
            held.append(row["of_first_low"] <= 1 / 3 <= row["of_first_high"])
            different.append(funnel.compare("x", "y")["p_value"][0] < 0.05)
            barriers.append(journeys.barriers(["visit", "book"], **ways).to_polars()["p_value"][0] < 0.05)
            row = journeys.stage_funnel(recycle_after="5d").summary().row(0, named=True)
            cycles.append(row["win_rate_low"] <= 1 / 3 <= row["win_rate_high"])
        out.append({
            "leads": n, "attempts up to": most, "rate held": np.mean(held), "±": chance_error(held),
            "compare p < 0.05": np.mean(different), "barrier p < 0.05": np.mean(barriers), "± ": chance_error(barriers),
            "win rate held": np.mean(cycles), "±  ": chance_error(cycles),
        })  # fmt: skip
    return pl.DataFrame(out)


@claim
def choices_under_censoring() -> pl.DataFrame:
    """Log loss on the later quarter with C = 1 less that with C as chosen, by what is done with immature rows."""
    out = []
    for drift in (False, True):
        for length in (180.0, 360.0):
            gains = {"ipcw": [], "drop": []}
            for seed in some(40):
                rng = np.random.default_rng([seed, int(length)])
                n = 3000
                entry = np.sort(rng.random(n)) * length
                kind, gone, noise = rng.integers(0, 2, n), rng.integers(0, 2, n), rng.integers(0, 12, (n, 12))
                early = (entry < 2 / 3 * length) | (not drift)
                won = rng.exponential(np.exp(5.4 - 1.2 * kind - 1.5 * gone * early))
                lost = rng.exponential(100.0, n)
                end = entry + np.minimum(won, lost)
                seen = end < length
                fields = {"kind": np.array(["a", "b"])[kind], "gone": np.array(["x", "y"])[gone]}
                fields |= {f"noise{k}": np.array(list("abcdefghijkl"))[noise[:, k]] for k in range(12)}
                stages = pl.DataFrame({"lead": np.arange(n)[seen], "at": moments(end[seen])})
                stages = stages.with_columns(stage=pl.Series(np.where(won < lost, "won", "lost")[seen]))
                journeys = ll.Journeys(
                    leads=ll.Leads(
                        pl.DataFrame({"id": np.arange(n), "created": moments(entry), **fields}),
                        id="id",
                        created="created",
                        fields=list(fields),
                    ),
                    stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
                    won="won",
                    lost="lost",
                    observed_until=f"{moments(np.array(length))}Z",
                )
                for maturity, gain in gains.items():
                    train, test = journeys.snapshot(every="14d", horizon="28d", maturity=maturity).split(0.25)
                    losses = []
                    for c in (1.0, "cv"):
                        found = ll.LeadScorer(C=c).fit(train).evaluate(test).to_polars()
                        losses.append(found.filter(pl.col("measure") == "log_loss")["value"][0])
                    gain.append(losses[0] - losses[1])
            for maturity, gain in gains.items():
                out.append({
                    "drift": drift, "days": length, "maturity": maturity, "gain": np.mean(gain),
                    "±": np.std(gain) / len(gain) ** 0.5, "worst": min(gain),
                })  # fmt: skip
    return pl.DataFrame(out)


@claim
def firth_and_profiles() -> pl.DataFrame:
    """Small designs: fits and profiles that fail, and how far their ends are from those of brute force, in widths."""
    return profiles(some(1000), compared=len(some(40)))


@claim
def findings_of_audits() -> pl.DataFrame:
    """Audits of clean worlds find anything by test in at most 5 %; beside it, how often planted leaks are found."""
    clean, leaky = shares(some(1000)), shares(some(200), leaks=True)
    return pl.concat([clean.with_columns(leaks=False), leaky.with_columns(leaks=True)])


def main() -> None:
    """Print the tables of all claims, or of those named."""
    global SHARE
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=float, default=1.0)
    parser.add_argument("claims", nargs="*", choices=[*CLAIMS, []])
    asked = parser.parse_args()
    SHARE = asked.worlds
    for name in asked.claims or CLAIMS:
        print(name, (CLAIMS[name].__doc__ or "").strip(), sep="\n")
        wide = {"tbl_rows": -1, "tbl_cols": -1, "float_precision": 3, "tbl_width_chars": 160}
        with pl.Config(**wide, tbl_hide_column_data_types=True):  # type: ignore[arg-type]
            print(CLAIMS[name](), flush=True)


if __name__ == "__main__":
    main()
