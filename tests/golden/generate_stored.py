"""Make the stored models and journeys of the formats that this version writes.

    python tests/golden/generate_stored.py FOLDER

It makes FOLDER/model-<version> and FOLDER/journeys-<version>. Files in `tests/golden/stored` are never made anew: they
are what a version wrote, and later versions must read them as that version did. A new format gets a new folder.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import polars as pl

import leadlens as ll

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from stored import answers, answers_of_days, answers_of_outcomes, bits, scored

DAY = np.timedelta64(1, "D")


def tables(rng: np.random.Generator, n: int) -> dict[str, pl.DataFrame]:
    """Leads, accounts, a history, events and stages; leads from good sources with many visits win more often."""
    ids = np.arange(n)
    created = np.datetime64("2024-01-01", "us") + rng.integers(0, 100 * 24, n) * np.timedelta64(1, "h")
    source = rng.choice(["ads", "seo", "fair", "partner"], n, p=[0.4, 0.3, 0.2, 0.1])
    staff = np.round(np.exp(rng.normal(4, 1, n)))
    visits = rng.poisson(3, n)
    logit = -2.2 + 0.35 * visits + 0.5 * (source == "fair") - 0.2 * np.log(staff)
    won = rng.random(n) < 1 / (1 + np.exp(-logit))
    lead = np.repeat(ids, visits)
    at = np.repeat(created, visits) + rng.integers(0, 30 * 24 * 60, lead.size) * np.timedelta64(1, "m")

    def some(values: list[str | None], n: int) -> list[str | None]:
        return [values[i] for i in rng.integers(0, len(values), n)]

    events = pl.DataFrame(
        {
            "event": np.arange(lead.size),
            "lead": np.where(rng.random(lead.size) < 0.01, n + 5, lead),  # some are of no lead
            "at": at,
            "kind": some(["visit", "visit", "mail", "form"], lead.size),
            "channel": some(["ads", "seo", None], lead.size),
            "campaign": some(["spring", "Köln, Messe", None], lead.size),
            "pages": np.where(rng.random(lead.size) < 0.1, np.nan, rng.integers(1, 9, lead.size)),
        }
    )
    sql = ids[won | (rng.random(n) < 0.4)]
    opened = pl.DataFrame({"lead": sql, "at": created[sql] + 20 * DAY, "stage": "sql", "amount": 900.0 + sql})
    closed = ids[won]
    raised = pl.DataFrame({"lead": sql[:60], "at": created[sql[:60]] + 23 * DAY, "stage": "sql", "amount": 1_500.0})
    ended = pl.DataFrame({"lead": closed, "at": created[closed] + 41 * DAY, "stage": "won", "amount": 1_000.0 + closed})
    lost = np.setdiff1d(sql, closed)[::2]
    gone = pl.DataFrame({"lead": lost, "at": created[lost] + 50 * DAY, "stage": "lost", "amount": 0.0})
    stages = pl.concat([opened, raised, ended, gone]).with_columns(
        deal=pl.format("deal {}", "lead"),
        rep=pl.Series(some(["Ann", "Bo"], opened.height + 60 + closed.size + lost.size)),
    )
    calls = pl.DataFrame({"lead": sql, "at": (created[sql] + 12 * DAY).astype("datetime64[D]"), "by": "call"})
    return {
        "leads": pl.DataFrame(
            {
                "id": ids,
                "created": created,
                "source": source,
                "country": some(["de", "fr", None], n),
                "staff": np.where(rng.random(n) < 0.1, np.nan, staff),
                "since": np.datetime64("2020-01-01") + rng.integers(0, 900, n).astype("timedelta64[D]"),
                "company": [f"c{i % 90}" for i in range(n)],
                "owner": some(["Ann", "Bo", "Cy"], n),
            }
        ),
        "accounts": pl.DataFrame({"id": [f"c{i}" for i in range(90)], "industry": some(["steel", "toys"], 90)}),
        "history": pl.DataFrame(
            {
                "lead": rng.integers(0, n, 300),
                "from": np.datetime64("2024-01-01", "us") + rng.integers(0, 120 * 24, 300) * np.timedelta64(1, "h"),
                "team": some(["north", "south"], 300),
                "rating": rng.random(300),
            }
        ),
        "events": events,
        "calls": calls,
        "stages": stages,
    }


def journeys_of(t: dict[str, pl.DataFrame]) -> ll.Journeys:
    """Journeys that use every file of the format."""
    return ll.Journeys(
        leads=ll.Leads(t["leads"], id="id", created="created", account="company", owner="owner"),
        events=[
            ll.Events(
                t["events"],
                lead="lead",
                at="at",
                kind="kind",
                id="event",
                channel="channel",
                campaign="campaign",
                values=["pages"],
                name="web",
            ),
            ll.Events(t["calls"], lead="lead", at="at", kind="by", side="sales", name="phone"),
        ],
        stages=ll.Stages(t["stages"], lead="lead", at="at", stage="stage", deal="deal", amount="amount", rep="rep"),
        fields=ll.Fields(t["history"], lead="lead", valid_from="from"),
        accounts=ll.Accounts(t["accounts"], id="id"),
        pipeline=["sql", "won"],
        won="won",
        lost="lost",
        observed_until="2024-06-15",
        timezone="Europe/Berlin",
        calendar_zone="Europe/Berlin",
    )


FEW = ["age_days", "source", "country", "staff", "days_since(since)", "count(*, 30d)", "count(visit)", "days_in_stage"]


def scorers(journeys: ll.Journeys) -> dict[str, ll.LeadScorer]:
    """One model for each thing that a model file can hold."""
    few = ll.FeatureSet(only=FEW)
    whole = journeys.snapshot(after="15d", horizon="40d", features=few)
    weekly = journeys.snapshot(every="14d", horizon="30d", features=few, maturity="ipcw")
    pairs = [("source", "count(visit)"), ("source", "country")]
    rising = {"count(visit)": "increasing"}
    return {
        "straight": ll.LeadScorer().fit(journeys.snapshot(after="15d", horizon="40d")),
        "no-penalty": ll.LeadScorer(C=float("inf"), intervals=True).fit(whole),
        "cubic": ll.LeadScorer(nonlinear="cubic").fit(whole),
        "linear-monotone": ll.LeadScorer(nonlinear="linear", monotone=rising).fit(whole),
        "logs": ll.LeadScorer(C="cv", nonlinear="log").fit(whole),
        "interactions": ll.LeadScorer(C=0.5, interactions=pairs).fit(whole),
        "sigmoid-weighted": ll.LeadScorer(C=0.1, calibration="sigmoid", intervals=True).fit(weekly),
        "isotonic": ll.LeadScorer(C=0.1, calibration="isotonic").fit(weekly),
        "beta": ll.LeadScorer(C=0.1, calibration="beta").fit(weekly),
        "firth": ll.LeadScorer(penalty="firth").fit(whole),
        "base-rate": ll.LeadScorer(C=0.1, l1_ratio=0.5).fit(whole).with_base_rate(0.02),
    }


def without_times(t: dict[str, pl.DataFrame]) -> ll.Snapshot:
    """Leads with an outcome and no times."""
    won = t["stages"].filter(pl.col("stage") == "won")["lead"]
    leads = t["leads"].select("id", "source", "country", "staff").with_columns(won=pl.col("id").is_in(won.implode()))
    return ll.Journeys(leads=ll.Leads(leads, id="id", outcome="won")).snapshot()


def outcomes(rng: np.random.Generator) -> ll.Journeys:
    """Leads with outcomes and no times, ids that are e-mail addresses, an order, and a column that knows the outcome."""
    n = 120
    won = rng.random(n) < 0.4
    leads = pl.DataFrame(
        {
            "mail": [f" Lead{i % 110}@Example.ORG" for i in range(n)],  # some are given twice
            "version": rng.permutation(n),
            "source": rng.choice(["ads", "seo"], n),
            "staff": rng.integers(1, 500, n).astype(float),
            "status": np.where(won, "converted", "open"),
            "won": [None if unknown else bool(w) for unknown, w in zip(rng.random(n) < 0.1, won, strict=True)],
        }
    )
    return ll.Journeys(leads=ll.Leads(leads, id="mail", outcome="won", order="version", rows="last", normalize="email"))


def days(rng: np.random.Generator) -> ll.Journeys:
    """Whole days, days beside times, an order of stages, and more than 254 deals and campaigns."""
    n = 150
    day = np.datetime64("2024-01-01") + rng.integers(0, 60, n).astype("timedelta64[D]")
    campaign = [f"c{i}" for i in rng.integers(0, 300, 4 * n)]
    at = np.tile(day, 4) + rng.integers(0, 30, 4 * n).astype("timedelta64[D]")
    visits = pl.DataFrame({"lead": np.tile(np.arange(n), 4), "at": at, "campaign": campaign})
    deals = pl.DataFrame(
        {
            "lead": np.repeat(np.arange(n), 2),
            "deal": [f"d{i}" for i in range(2 * n)],
            "opened": np.repeat(day, 2) + np.timedelta64(5, "D"),
        }
    )
    closed = deals["opened"].dt.offset_by("9d")
    timed = (closed.cast(pl.Datetime("us")) + pl.duration(hours=10)).dt.to_string()
    ended = pl.when(pl.int_range(pl.len()) % 2 == 0).then(timed).otherwise(closed.cast(pl.String))
    stages = pl.concat(
        [
            deals.with_columns(at=pl.col("opened").cast(pl.String), stage=pl.lit("offer"), step=pl.lit(1)),
            deals.with_columns(at=ended, stage=pl.lit("won"), step=pl.lit(2)).gather_every(3),
            deals.with_columns(at=pl.col("opened").cast(pl.String), stage=pl.lit("call"), step=pl.lit(3)).gather_every(
                5
            ),
        ]
    )
    return ll.Journeys(
        leads=ll.Leads(
            pl.DataFrame({"id": np.arange(n), "created": day, "n": rng.random(n)}), id="id", created="created"
        ),
        events=ll.Events(visits, lead="lead", at="at", kind=ll.literal("visit"), campaign="campaign"),
        stages=ll.Stages(stages, lead="lead", at="at", stage="stage", deal="deal", order="step"),
        pipeline=["offer", "call", "won"],
        won="won",
        observed_until="2024-05-01",
        outcomes_from="2024-01-05",
        calendar_zone="America/New_York",
    )


def rows_of(scorer: ll.LeadScorer, snapshot: ll.Snapshot, rng: np.random.Generator) -> list[list[float | str | None]]:
    """Feature values of leads as they occur, with values missing, unseen and far away among them."""
    explained = scorer.explain(snapshot)
    summary = scorer.summary()
    texts = set(summary.filter(pl.col("level").is_not_null() & (pl.col("against").is_not_null()))["feature"])
    rows: list[list[float | str | None]] = []
    features = scorer.features
    wide = explained.filter(pl.col("feature").is_in(features))
    for lead in wide["lead_id"].unique(maintain_order=True).to_list()[:12]:
        values = dict(wide.filter(pl.col("lead_id") == lead).select("feature", "value").iter_rows())
        rows.append([as_cell(values.get(f), f in texts) for f in features])
    for unusual in (None, "never seen"):
        rows.append([unusual if f in texts else None if unusual is None else 1e4 for f in features])
    rows.append([None if f in texts else float(-(10 ** rng.integers(0, 4))) for f in features])
    return rows


def as_cell(value: object, is_text: bool) -> float | str | None:
    """Return a value of `explain` as `score_row` takes it."""
    if value is None or value == "(missing)":
        return None
    return str(value) if is_text else float(str(value))


def main(folder: Path) -> None:
    """Write everything."""
    rng = np.random.default_rng(18)
    journeys = journeys_of(tables(rng, 400))
    saved = folder / "journeys-3"
    saved.mkdir(parents=True)
    journeys.save(saved / "saved")
    models = folder / "model-1"
    models.mkdir(parents=True)
    large = tables(rng, 3_000)
    untimed = without_times(large)
    scorer_of = scorers(journeys_of(large))
    of_journeys = {name: scored(scorer, journeys) for name, scorer in scorer_of.items()}
    of_rows = {}
    for name, scorer in {**scorer_of, "without-times": ll.LeadScorer().fit(untimed)}.items():
        scorer.save(models / f"{name}.json")
        snapshot = untimed if name == "without-times" else journeys.snapshot(as_of="2024-05-01")
        rows = rows_of(scorer, snapshot, rng)
        got = [scorer.score_row(row, reasons=99) for row in rows]
        of_rows[name] = [
            {"values": row, "probability": bits(p), "contributions": {f: bits(c) for f, c in reasons}}
            for row, (p, reasons) in zip(rows, got, strict=True)
        ]
    write(models / "rows" / "scores.json", of_rows)
    for name, make, ask in [("outcomes", outcomes, answers_of_outcomes), ("days", days, answers_of_days)]:
        made = make(np.random.default_rng(3))
        made.save(saved / name)
        write(saved / f"answers_{name}.json", ask(made))
    write(saved / "answers.json", answers(journeys))
    write(saved / "scores.json", of_journeys)


def write(path: Path, value: object) -> None:
    """Write JSON, one entry a line at the top."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
