"""Coverage and error rates in unusual worlds: few or unequal accounts, tiny groups, ties, rare outcomes, growth.

    python benches/peers/unusual_worlds.py [--worlds 0.25] [claim ...]

Beside ``honesty.py``, whose worlds are ordinary. Where an interval or a test is refused or doubted, the table says so.
"""

import argparse
import warnings
from collections.abc import Callable

import numpy as np
import polars as pl
from honesty import closed_leads, moments
from known_outcomes import covered_by_scores

import leadlens as ll

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


def mean_rate(base: float, spread: float) -> float:
    """Return the mean of expit(base + spread * normal)."""
    return float((WEIGHTS / WEIGHTS.sum() / (1 + np.exp(-base - spread * NODES))).sum())


def row_of(rates: dict[str, list[float]]) -> dict[str, object]:
    """Return shares, and the largest of their Monte Carlo errors."""
    shares = {name: float(np.mean(hits)) for name, hits in rates.items()}
    errors = [(np.var(hits) / len(hits)) ** 0.5 for hits in rates.values()]
    return {**shares, "±": float(max(errors))}


def holds(low: float | None, truth: float, high: float | None) -> bool:
    """Return whether an interval, whose missing ends are infinite, holds the truth."""
    return (
        (-np.inf if low is None or np.isnan(low) else low)
        <= truth
        <= (np.inf if high is None or np.isnan(high) else high)
    )


def one_large_account(share: float) -> pl.DataFrame:
    """Accounts of which one holds 30 % of the leads, and few accounts: coverage, and the p-values of equal groups."""
    rate, out = mean_rate(-0.5, 1.0), []
    for accounts, largest in ((5, 0.2), (12, 0.3), (40, 0.3), (120, 0.3)):
        found: dict[str, list[float]] = {}
        for seed in range(max(20, round(300 * share))):
            rng = np.random.default_rng([seed, accounts])
            sizes = np.r_[largest, np.full(accounts - 1, (1 - largest) / (accounts - 1))]
            account = rng.choice(accounts, 600, p=sizes)
            won = rng.random(600) < 1 / (1 + np.exp(0.5 - rng.normal(size=accounts)[account]))
            journeys = closed_leads(
                {
                    "created": moments(100 * rng.random(600)),
                    "acc": np.array([f"a{a}" for a in account]),
                    "other": np.array(["x", "y"])[rng.integers(0, 2, 600)],
                },
                2 + 20 * rng.random(600), won, fields=["other"], account="acc",
            )  # fmt: skip
            funnel = journeys.funnel(["created", "won"], window="60d", by="other")
            row = funnel.to_polars().filter(pl.col("group") == "(all)").row(-1, named=True)
            found.setdefault("funnel", []).append(holds(row["of_first_low"], rate, row["of_first_high"]))
            row = journeys.stage_funnel().summary().row(0, named=True)
            found.setdefault("win rate", []).append(holds(row["win_rate_low"], rate, row["win_rate_high"]))
            row = journeys.time_to("won", at=["59d"]).at().row(0, named=True)
            found.setdefault("time to", []).append(holds(row["incidence_low"], rate, row["incidence_high"]))
            p = funnel.compare("x", "y").row(-1, named=True)["p_value"]
            found.setdefault("equal groups p < 0.05", []).append(p is not None and p < 0.05)
            found.setdefault("remark", []).append("accounts" in " ".join(funnel.remarks))
        out.append({"accounts": accounts, "largest": largest, **row_of(found)})
    return pl.DataFrame(out)


def large_accounts_in_evaluations(share: float) -> pl.DataFrame:
    """Few accounts, and one with 30 % of the rows: coverage of the intervals of an evaluation."""

    def draw(rng: np.random.Generator, account: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        known, unknown = rng.normal(size=(2, account.max() + 1))
        eta = 0.8 * rng.normal(size=len(account)) + 0.6 * known[account] - 1
        return rng.random(len(account)) < 1 / (1 + np.exp(-eta - 0.7 * unknown[account])), 1 / (1 + np.exp(-eta))

    exact = ll.metrics.evaluate(*draw(np.random.default_rng(0), np.arange(1_000_000)), precision_at=[150_000])
    truth = {row["measure"].split("_at_")[0]: row["value"] for row in exact.to_polars().iter_rows(named=True)}
    out = []
    for accounts, largest in ((5, 0.2), (5, 0.3), (12, 1 / 12), (12, 0.3), (30, 1 / 30), (30, 0.3), (120, 0.3)):
        found: dict[str, list[float]] = {}
        sizes = np.r_[largest, np.full(accounts - 1, (1 - largest) / (accounts - 1))]
        for seed in range(max(20, round(600 * share))):
            rng = np.random.default_rng([seed, accounts])
            account = rng.choice(accounts, 600, p=sizes)
            y, p = draw(rng, account)
            evaluation = ll.metrics.evaluate(y, p, clusters=account, precision_at=[90])
            for row in evaluation.to_polars().iter_rows(named=True):
                name = row["measure"].split("_at_")[0]
                if row["low"] is not None or row["high"] is not None:
                    found.setdefault(name, []).append(holds(row["low"], truth[name], row["high"]))
            found.setdefault("remark", []).append("below 40" in " ".join(evaluation.remarks))
        out.append({"accounts": accounts, "largest": largest, **row_of(found)})
    return pl.DataFrame(out)


def tiny_groups(share: float) -> pl.DataFrame:
    """Many groups of few leads that are equal: log-rank p < 0.05, whether it says it is sparse, the first barrier."""
    out = []
    for groups, each in ((100, 3), (100, 10), (50, 6), (20, 40)):
        found: dict[str, list[float]] = {}
        n = groups * each
        for seed in range(max(20, round(200 * share))):
            rng = np.random.default_rng([seed, groups, each])
            group = rng.permutation(np.repeat(np.arange(groups), each))
            won = rng.random(n) < 0.3
            leads = {"created": moments(50 * rng.random(n)), "seg": np.array([f"s{g}" for g in group])}
            journeys = closed_leads(leads, np.round(1 + rng.exponential(5, n)), won, fields=["seg"])
            time_to = journeys.time_to(["won", "lost"], by="seg")
            test = time_to.test
            found.setdefault("refused", []).append(test is None)
            if test is not None:
                found.setdefault("p < 0.05", []).append(test["p_value"] < 0.05)
                found.setdefault("sparse", []).append(test["sparse"])
            rows = journeys.funnel(["created", "won"], window="60d", by="seg").to_polars()
            rows = rows.filter((pl.col("group") != "(all)") & (pl.col("step") == rows["step"][-1]))
            inside = [(low <= 0.3 <= high) for low, high in rows.select("of_first_low", "of_first_high").rows()]
            found.setdefault("rates hold", []).append(float(np.mean(inside)))
            # Groups of fewer leads than a barrier needs are left out.
            ranked = journeys.barriers(["created", "won"], by="seg", window="60d").to_polars()
            found.setdefault("first barrier holds 0", []).append(not len(ranked) or ranked["leads_lost_low"][0] <= 0)
        out.append({"groups": groups, "leads each": each, **row_of(found)})
    return pl.DataFrame(out)


def equal_groups(share: float) -> pl.DataFrame:
    """Groups of equal pace, and one half as fast: p < 0.05 of the log-rank and Gray's test, by size and follow-up."""
    out = []
    for groups, each in ((2, 10), (10, 10), (30, 10), (100, 10), (2, 200), (10, 200), (30, 200), (100, 200)):
        for follow_up, unit, slower in (
            ("equal", 1e-3, 1.0), ("unequal", 1e-3, 1.0), ("unequal", 1.0, 1.0), ("unequal", 14.0, 1.0),
            ("equal", 1e-3, 2.0),
        ):  # fmt: skip
            found: dict[str, list[float]] = {}
            n, group = groups * each, np.repeat(np.arange(groups), each)
            for seed in range(max(20, round((400 if each == 10 else 100) * share))):
                rng = np.random.default_rng([seed, groups, each])
                days = np.where((group % 2 == 0) | (follow_up == "equal"), 200.0, 30.0)
                created = 200.0 - np.ceil(rng.random(n) * days / unit) * unit
                pace = np.where(group == 0, slower, 1.0)
                won, lost = np.ceil(rng.exponential(60 * pace) / unit) * unit, rng.exponential(120, n)
                end = created + np.minimum(won, np.ceil(lost / unit) * unit)
                seen = end < 200.0
                stages = pl.DataFrame({"lead": np.arange(n)[seen], "at": moments(end[seen])}).with_columns(
                    stage=pl.Series(np.where(won <= lost, "won", "lost")[seen])
                )
                leads = pl.DataFrame({"id": np.arange(n), "created": moments(created), "seg": group.astype(str)})
                journeys = ll.Journeys(
                    leads=ll.Leads(leads, id="id", created="created", fields=["seg"]),
                    stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
                    won="won", lost="lost", observed_until=f"{moments(np.array(200.0))}Z",
                )  # fmt: skip
                for name, competing in (("log-rank", "censored"), ("Gray", "event")):
                    test = journeys.time_to("won", by="seg", competing_as=competing).test
                    if test is not None:
                        found.setdefault(name, []).append(test["p_value"] < 0.05)
                        found.setdefault(f"{name} permuted", []).append(test["permutations"] > 0)
            out.append(
                {
                    "groups": groups,
                    "leads each": each,
                    "follow-up": follow_up,
                    "days": unit,
                    "slower": slower,
                    **row_of(found),
                }
            )
    return pl.concat([pl.DataFrame(row) for row in out], how="diagonal")


def ties_and_rare_outcomes(share: float) -> pl.DataFrame:
    """Scores of few different values, and rare positives: coverage of the intervals of an evaluation."""
    out = []
    for n, base, values in (
        (2000, -1.0, 4),
        (2000, -1.0, 1000),
        (8000, -6.0, 4),
        (8000, -6.0, 1000),
        (20000, -6.0, 1000),
    ):

        def draw(
            rng: np.random.Generator, rows: int, base: float = base, values: int = values
        ) -> tuple[np.ndarray, ...]:
            eta = base + rng.normal(size=rows)
            bins = np.clip(np.floor((eta - base + 3) / 6 * values), 0, values - 1)
            score = 1 / (1 + np.exp(-(base + (bins + 0.5) / values * 6 - 3)))
            return rng.random(rows) < 1 / (1 + np.exp(-eta)), score

        exact = ll.metrics.evaluate(*draw(np.random.default_rng(0), 1_000_000)).to_polars()
        truth = dict(zip(exact["measure"], exact["value"], strict=True))
        found: dict[str, list[float]] = {}
        for seed in range(max(20, round(400 * share))):
            y, score = draw(np.random.default_rng([seed, n, values]), n)
            if y.sum() < 2:
                continue
            for row in ll.metrics.evaluate(y, score).to_polars().iter_rows(named=True):
                if row["low"] is not None and row["measure"] in truth:
                    found.setdefault(row["measure"], []).append(holds(row["low"], truth[row["measure"]], row["high"]))
        out.append({"rows": n, "positives": f"{truth['base_rate']:.2%}", "scores": values, **row_of(found)})
    return pl.DataFrame(out)


def growing_and_rare(share: float) -> pl.DataFrame:
    """Weekly rows of short histories, intake that grows tenfold, drift: observed less true rate."""
    out = []
    for length, growth, rate, drift in (
        (60.0, False, 0.008, False), (60.0, True, 0.008, False), (200.0, True, 0.008, False),
        (200.0, False, 0.0001, False), (200.0, False, 0.008, True),
    ):  # fmt: skip
        for maturity in ("drop", "ipcw"):
            off, rows, refused = [], [], 0
            for seed in range(max(20, round(100 * share))):
                rng = np.random.default_rng([seed, int(length), growth, drift])
                n, u = 5000, rng.random(5000)
                # Ten times as many a day at the end as at the start.
                entry = ((np.sqrt(1 + 99 * u) - 1) / 9 if growth else u) * length
                hazard = rate * np.where(drift & (entry > length / 2), 0.5, 1.0)
                won, lost = rng.exponential(1 / hazard), rng.exponential(100.0, n)
                end = entry + np.minimum(won, lost)
                seen = end < length
                stages = pl.DataFrame({"lead": np.arange(n)[seen], "at": moments(end[seen])})
                stages = stages.with_columns(stage=pl.Series(np.where(won < lost, "won", "lost")[seen]))
                leads = pl.DataFrame({"id": np.arange(n), "created": moments(entry)})
                journeys = ll.Journeys(
                    leads=ll.Leads(leads, id="id", created="created"),
                    stages=ll.Stages(stages, lead="lead", at="at", stage="stage"),
                    won="won", lost="lost", observed_until=f"{moments(np.array(length))}Z",
                )  # fmt: skip
                try:
                    frame = journeys.snapshot(every="7d", horizon="28d", maturity=maturity).to_polars()
                except ll.errors.LeadLensError:
                    refused += 1
                    continue
                own = hazard[frame["lead_id"].cast(int).to_numpy()]
                true = own / (own + 0.01) * (1 - np.exp(-(own + 0.01) * 28))
                weight = frame["weight"].to_numpy()
                off.append(float(((frame["label"].cast(float).to_numpy() - true) * weight).sum() / weight.sum()))
                rows.append(len(frame))
            out.append({
                "days": length, "intake": "tenfold" if growth else "even", "hazard": rate, "drift": drift,
                "maturity": maturity, "rows": float(np.mean(rows)) if rows else 0.0,
                "off": float(np.mean(off)) if off else np.nan,
                "±": float(np.std(off) / len(off) ** 0.5) if off else np.nan, "refused": refused,
            })  # fmt: skip
    return pl.DataFrame(out)


def scores_of_rare_outcomes(share: float) -> pl.DataFrame:
    """Positives of 2 % and fewer: coverage of the 95 % intervals of scores, of all leads and of the best 5 %."""
    out = []
    for n, base in ((2000, -4.0), (8000, -4.0), (8000, -6.0)):
        for C in (0.01, 1.0, "cv", np.inf):
            found = []
            worlds = max(10, round(60 * share))
            for seed in range(worlds):
                rng = np.random.default_rng([seed, n, int(-base)])
                numbers, levels = rng.normal(size=(n, 2)), rng.integers(0, 3, n)
                eta = base + 0.6 * numbers[:, 0] + 0.5 * (levels == 1)
                columns = {"a": numbers[:, 0], "b": numbers[:, 1], "c": np.array(list("pqr"))[levels]}
                found.append(covered_by_scores(columns, 1 / (1 + np.exp(-eta)), rng, C))
            held = [shares for shares in found if shares]
            out.append({
                "leads": n, "positives": f"{mean_rate(base, 0.65):.2%}", "C": str(C),
                **(row_of(dict(zip(("all", "best 5 %"), zip(*held, strict=True), strict=True))) if held else {}),
                "refused": found.count(None) / worlds,
            })  # fmt: skip
    return pl.concat([pl.DataFrame(row) for row in out], how="diagonal")


CLAIMS: dict[str, Callable[[float], pl.DataFrame]] = {
    f.__name__: f
    for f in (
        one_large_account,
        large_accounts_in_evaluations,
        tiny_groups,
        equal_groups,
        ties_and_rare_outcomes,
        growing_and_rare,
        scores_of_rare_outcomes,
    )
}


def main() -> None:
    """Print the tables of all claims, or of those named."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=float, default=1.0)
    parser.add_argument("claims", nargs="*", choices=[*CLAIMS, []])
    asked = parser.parse_args()
    for name in asked.claims or CLAIMS:
        print(name, (CLAIMS[name].__doc__ or "").strip(), sep="\n")
        wide = {"tbl_rows": -1, "tbl_cols": -1, "float_precision": 3, "tbl_width_chars": 160}
        with pl.Config(**wide, tbl_hide_column_data_types=True):  # type: ignore[arg-type]
            print(CLAIMS[name](asked.worlds), flush=True)


if __name__ == "__main__":
    main()
