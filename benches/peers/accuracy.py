"""AUC, PR-AUC, log loss and Brier of leadlens beside scikit-learn and LightGBM, on the same features and rows.

    python benches/peers/accuracy.py [folder with the public data sets]

scikit-learn gets the rows of the training snapshot as leadlens computes them: numbers standardised by weighted mean and
deviation with an indicator of missing ones, texts as 0/1 columns with levels under 20 rows grouped; the same C and
weights. Features that only the training side can see (a kind that no test lead has) are left out for it. Differences in
the last digits come from the solvers' tolerances; data sets that are not there are left out.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

import leadlens as ll

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))
import real_data  # noqa: E402

MIN_LEVEL_ROWS = 20


def encode(
    train: pl.DataFrame, test: pl.DataFrame, names: list[str], left_out: set[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the design of both sides, learned on the training side."""
    w = train["weight"].to_numpy()
    columns: list[list[np.ndarray]] = [[], []]
    for name in names:
        if train[name].dtype.is_numeric():
            x = train[name].to_numpy()
            known = ~np.isnan(x)
            if not known.any():
                continue
            mean = np.average(x[known], weights=w[known])
            deviation = np.sqrt(np.average((x[known] - mean) ** 2, weights=w[known]))
            for side, frame in zip(columns, (train, test), strict=True):
                v = frame[name].to_numpy()
                if deviation > 1e-12 * abs(mean):
                    side.append(np.where(np.isnan(v), 0.0, (v - mean) / deviation))
                if not known.all() and f"{name} = (missing)" not in left_out:
                    side.append(np.isnan(v).astype(float))
        else:
            # Rows of one lead count once.
            once = train.unique(["lead_id", name], maintain_order=True)[name]
            levels = once.value_counts().filter(pl.col("count") >= MIN_LEVEL_ROWS)[name].drop_nulls().to_list()
            kept = set(levels)
            for side, frame in zip(columns, (train, test), strict=True):
                v = frame[name].to_list()
                side.extend(np.array([t == level for t in v], dtype=float) for level in levels)
                side.append(np.array([t is not None and t not in kept for t in v], dtype=float))
                side.append(np.array([t is None for t in v], dtype=float))
    return np.column_stack(columns[0]), np.column_stack(columns[1])


def compare(name: str, sides: tuple[ll.Snapshot, ll.Snapshot], C: float = 1.0) -> list[dict[str, object]]:
    """Fit both on the training side and measure both on the test side, by weight."""
    train, test = sides
    scorer = ll.LeadScorer(C=C, min_leads=20).fit(train)
    e = scorer.evaluate(test)
    left_out = {n for n, _ in scorer.training_["dropped"]}
    names = [n for n in train.feature_names if n not in left_out]
    a, b = train.to_polars(), test.to_polars()
    b = b.select(a.columns) if set(a.columns) <= set(b.columns) else b
    x, z = encode(a, b, [n for n in names if n in b.columns], left_out)
    peer = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    peer.fit(x, a["label"], sample_weight=a["weight"])
    p, y, w = peer.predict_proba(z)[:, 1], b["label"].to_numpy(), b["weight"].to_numpy()
    curved = ll.LeadScorer(C="cv", nonlinear="auto", interactions="auto", min_leads=20).fit(train)
    shape = str(curved.training_["nonlinear"]).split(" (")[0]
    pairs = len(curved.summary().filter(pl.col("feature").str.contains(" × "))["feature"].unique())
    boosted = boost(a, b, [n for n in names if n in b.columns])

    def measures(p: np.ndarray) -> tuple[float, float, float, float]:
        return (
            roc_auc_score(y, p, sample_weight=w),
            average_precision_score(y, p, sample_weight=w),
            log_loss(y, p, sample_weight=w),
            brier_score_loss(y, p, sample_weight=w),
        )

    c = curved.evaluate(test)
    models = {
        f"leadlens, C = {C}": (e.roc_auc, e.pr_auc, e.log_loss, e.brier),
        "scikit-learn, the same": measures(p),
        f"leadlens, cv, auto ({shape}, {pairs} pairs)": (
            c.roc_auc,
            c.pr_auc,
            c.log_loss,
            c.brier,
        ),
        "LightGBM": measures(boosted),
    }
    if a["cutoff"].null_count() == 0 and a["cutoff"].n_unique() > 5:
        # The latest fifth of the training rows is for calibration only, on both sides.
        again = ll.LeadScorer(C="cv", nonlinear="auto", interactions="auto", min_leads=20, calibration="sigmoid").fit(
            train
        )
        d = again.evaluate(test)
        models["leadlens, the same, calibrated"] = (d.roc_auc, d.pr_auc, d.log_loss, d.brier)
        shared = [n for n in names if n in b.columns]
        start = a["cutoff"].quantile(0.8)
        earlier, later = a.filter(pl.col("cutoff") < start), a.filter(pl.col("cutoff") >= start)
        p_later = boost(earlier, pl.concat([later, b], how="diagonal_relaxed"), shared)
        logit = np.log(p_later / (1 - p_later))
        sigmoid = LogisticRegression(C=1e6).fit(
            logit[: len(later), None], later["label"], sample_weight=later["weight"]
        )
        models["LightGBM, calibrated"] = measures(sigmoid.predict_proba(logit[len(later) :, None])[:, 1])
    head = {"data": name, "train": len(train), "test": len(test), "positive": e.positives}
    return [
        head
        | {
            "model": model,
            "AUC": round(m[0], 4),
            "PR-AUC": round(m[1], 4),
            "log loss": round(m[2], 4),
            "Brier": round(m[3], 5),
        }
        for model, m in models.items()
    ]


def boost(train: pl.DataFrame, test: pl.DataFrame, names: list[str]) -> np.ndarray:
    """Return the probabilities of LightGBM: 300 trees, rate 0.03, 15 leaves, texts as its own categories."""
    import lightgbm
    import pandas as pd

    both = pl.concat([train.select(names), test.select(names)], how="vertical_relaxed")
    table = pd.DataFrame(
        {
            f"x{i}": both[n].to_numpy() if both[n].dtype.is_numeric() else pd.Categorical(both[n].to_list())
            for i, n in enumerate(names)
        }
    )
    model = lightgbm.LGBMClassifier(n_estimators=300, learning_rate=0.03, num_leaves=15, verbose=-1, random_state=0)
    model.fit(table[: len(train)], train["label"].to_numpy(), sample_weight=train["weight"].to_numpy())
    return np.asarray(model.predict_proba(table[len(train) :]))[:, 1]


def bpic(folder: Path, **rule: str) -> tuple[ll.Snapshot, ll.Snapshot]:
    """Approval within 30 days; the latest fifth is the test."""
    return real_data.bpic(folder).snapshot(horizon="30d", **rule).split(0.2)


def olist(folder: Path, horizon: str) -> tuple[ll.Snapshot, ll.Snapshot]:
    """Wins after first contact, in the period in which wins were recorded."""
    journeys = real_data.olist(folder, outcomes_from="2018-01-01")
    return journeys.snapshot(after="0d", horizon=horizon).split(0.2)


def x_education(folder: Path, *, leaks: bool) -> tuple[ll.Snapshot, ll.Snapshot]:
    """Outcomes without times; lead numbers stand for time."""
    return real_data.x_education(folder / "Leads.csv.gz", leaks=leaks).snapshot().split(0.2, by="order")


def maven(folder: Path) -> tuple[ll.Snapshot, ll.Snapshot]:
    """Wins within 60 days of the engagement."""
    return real_data.maven(folder).snapshot(after="0d", horizon="60d").split(0.2)


DATA = [
    ("BPIC 2012 weekly, 30 days", "bpic2012_loan_applications", lambda p: bpic(p, every="7d")),
    ("BPIC 2012 at 5 days, 30 days", "bpic2012_loan_applications", lambda p: bpic(p, after="5d")),
    ("Olist, 90 days", "olist_marketing_funnel", lambda p: olist(p, "90d")),
    ("Olist, 30 days", "olist_marketing_funnel", lambda p: olist(p, "30d")),
    ("X Education, latest fifth", "x_education_leads", lambda p: x_education(p, leaks=False)),
    ("the same with leaks", "x_education_leads", lambda p: x_education(p, leaks=True)),
    ("Maven, 60 days", "maven_crm_sales", maven),
]


def by_age(journeys: ll.Journeys) -> None:
    """Print BPIC by age of the application, for weekly snapshots and for a model of one age."""
    train, test = journeys.snapshot(every="7d", horizon="30d").split(0.2)
    print(
        "weekly model on the latest fifth, by age",
        ll.LeadScorer().fit(train).evaluate(test, by="age").groups(),
        sep="\n",
    )
    now = "2012-01-16"
    known = {"horizon": "30d", "known_by": now}
    today = journeys.snapshot(as_of=now, horizon="30d")
    for name, rows in [
        ("weekly", journeys.snapshot(every="7d", **known)),
        ("at 5 days", journeys.snapshot(after="5d", **known)),
    ]:
        scorer = ll.LeadScorer().fit(rows)
        e = scorer.evaluate(today)
        print(
            f"trained {name} on what was known on {now} ({len(rows)} rows), all {e.rows} open applications: "
            f"predicted {e.mean_predicted:.3f}, observed {e.base_rate:.3f}, AUC {e.roc_auc:.3f}, Brier {e.brier:.3f}"
        )
    print("the model of one age on the latest fifth, by age", scorer.evaluate(test, by="age").groups(), sep="\n")


def main() -> None:
    """Print the table."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    saas = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
    bank = real_data.bank().snapshot()
    rows = [
        *compare("leadforge, by account", saas.split(0.3, by="group"), C=0.01),
        *compare("bank-full, random fifth", bank.split(0.2, by="random")),
        *compare("bank-full, last fifth", bank.split(0.2, by="order")),
    ]
    for name, folder, sides in DATA:
        if (data / folder).exists():
            rows.extend(compare(name, sides(data / folder)))
        else:
            print(f"{name}: {folder} is not there")
    applications = data / "bpic2012_loan_applications"
    with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=40, tbl_width_chars=170):
        print(pl.DataFrame(rows))
        if applications.exists():
            by_age(real_data.bpic(applications))


if __name__ == "__main__":
    main()
