"""The audit flags fields that know the outcome, by rule and by test, and is quiet about honest ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadlens as ll

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches" / "peers"))

from audited_worlds import audited, world

# Taking a snapshot warns of some of the planted leaks.
pytestmark = pytest.mark.filterwarnings("ignore::leadlens.errors.LeakWarning")


def flagged(audit: ll.Audit, *checks: str) -> set[str]:
    found = audit.to_polars().filter(pl.col("field").is_not_null())
    return set((found.filter(pl.col("check").is_in(checks)) if checks else found)["field"])


def known(frame: pl.DataFrame, outcome: str = "won") -> ll.Snapshot:
    return ll.Journeys(leads=ll.Leads(frame, id="id", outcome=outcome)).snapshot(outcome="known")


def test_planted_leaks_are_found_by_test() -> None:
    train, test = world(3, 2000, leaks=True).snapshot(after="20d", horizon="60d").split(0.3, by="group")
    audit = ll.audit(train, test=test)
    copies = {"reached", "position", "contacts_made"}
    assert flagged(audit, "time_travel") == copies
    assert {"contacts_made", "contacts_roughly"} <= flagged(audit, "noise_ceiling") <= {*copies, "contacts_roughly"}
    assert "verified" in flagged(audit, "cohort")
    assert set(audit.to_polars().filter(check="time_travel")["severity"]) == {"critical"}
    # 'reached' holds for each lead that qualified later.
    evidence = audit.to_polars().filter(check="time_travel", field="reached")["evidence"][0]
    right, changed = evidence.split(" for ")[1].split(" leads")[0].split(" of ")
    assert right == changed


def test_clean_worlds_are_quiet() -> None:
    """The chance of any finding is at most 5 %; of 40 worlds more than 6 would show one with a chance below 1 %."""
    with_findings = sum(audited(seed, leads=600, accounts=bool(seed % 2)).height > 0 for seed in range(40))
    assert with_findings <= 6


def test_what_the_bundled_world_calls_leaks() -> None:
    audit = ll.audit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
    assert "is_sql" in flagged(audit, "time_travel")
    assert {"current_stage", "is_sql"} <= flagged(audit, "name")
    assert flagged(audit) == {"current_stage", "is_sql", "conversion_timestamp", "converted_within_90_days"}


def test_a_total_over_all_time_of_the_bundled_world() -> None:
    folder = ll.datasets.folder("b2b_saas")
    touches = pl.read_parquet(folder / "touches.parquet")
    totals = touches.group_by("lead_id").agg(total_touches_all=pl.len())
    leads = pl.read_parquet(folder / "leads.parquet").join(totals, on="lead_id", how="left")
    leads = leads.with_columns(pl.col("total_touches_all").fill_null(0))
    journeys = ll.Journeys(
        leads=ll.Leads(leads, id="lead_id", created="lead_created_at", account="account_id"),
        events=ll.Events(touches, lead="lead_id", at="touch_timestamp", kind="touch_type", name="touches"),
        stages=ll.Stages(
            folder / "opportunities.parquet",
            lead="lead_id",
            deal="opportunity_id",
            at="closed_at",
            stage="close_outcome",
        ),
        won=["closed_won"],
        lost=["closed_lost"],
        observed_until="2024-04-29",
    )
    audit = ll.audit(journeys.snapshot(after="31d", horizon="59d"))
    assert "total_touches_all" in flagged(audit, "time_travel") & flagged(audit, "name")


@pytest.mark.parametrize(
    ("file", "separator", "outcome", "wanted"),
    [
        (
            "x_education_leads/Leads.csv.gz",
            ",",
            "Converted",
            {"Tags", "Lead Quality", "Lead Profile", "Last Notable Activity"},
        ),
        ("uci_bank_marketing/bank-full.csv.gz", ";", "y", {"duration"}),
    ],
)
def test_public_tables(shared, file: str, separator: str, outcome: str, wanted: set[str]) -> None:
    folder, name = file.split("/")
    frame = pl.read_csv(shared(folder) / name, separator=separator, infer_schema_length=None)
    frame = frame.with_row_index("id").with_columns(pl.col(outcome).cast(pl.String).is_in(["1", "yes"]).alias(outcome))
    found = flagged(ll.audit(known(frame, outcome)))
    assert wanted <= found
    honest = {"Total Time Spent on Website", "TotalVisits", "Country", "age", "job", "balance", "campaign", "previous"}
    assert not found & honest


def test_deal_columns_of_closed_leads(shared) -> None:
    folder = shared("olist_marketing_funnel")
    leads = pl.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv")
    deals = pl.read_csv(folder / "olist_closed_deals_dataset.csv")
    both = leads.join(deals, on="mql_id", how="left").with_columns(won=pl.col("won_date").is_not_null())
    audit = ll.audit(known(both.rename({"mql_id": "id"})))
    assert flagged(audit, "one_sided") == set(deals.columns) - {"mql_id"}
    assert not flagged(audit) & set(leads.columns)


def small(n: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    return pl.DataFrame({
        "id": np.arange(n), "won": rng.random(n) < 0.4, "size": rng.integers(1, 500, n), "note": rng.choice(["a", "b"], n)
    })  # fmt: skip


def test_meanings_of_a_dictionary() -> None:
    train = known(small())
    assert flagged(ll.audit(train)) == set()
    audit = ll.audit(train, dictionary={"note": "current status of the lead", "size": "employees", "other": "x"})
    assert flagged(audit, "name") == {"note"}
    assert any("not fields: other" in remark for remark in audit.remarks)


def test_allowed_findings_are_counted_and_not_listed() -> None:
    train = known(small().with_columns(tags=pl.col("note")))
    assert flagged(ll.audit(train)) == {"tags"}
    allowed = ll.audit(train, allow="tags")
    assert flagged(allowed) == set()
    assert any("1 finding of allowed fields" in remark for remark in allowed.remarks)
    with pytest.raises(ll.UnknownNameError, match="tag"):
        ll.audit(train, allow=["tag"])


def test_values_that_changed_since_an_earlier_export() -> None:
    frame = small()
    before = ll.Journeys(leads=ll.Leads(frame, id="id", outcome="won"))
    rows = pl.int_range(pl.len())
    # One correction in 400 leads is normal; 40 are not.
    now = frame.with_columns(
        note=pl.when(rows % 10 == 0).then(pl.lit("c")).otherwise("note"),
        size=pl.when(rows == 7).then(pl.lit(1000)).otherwise("size"),
    )
    audit = ll.audit(known(now), previous_export=before)
    assert flagged(audit, "previous_export") == {"note"}
    finding = audit.to_polars().filter(check="previous_export")
    assert (finding["leads"].to_list(), finding["severity"].to_list()) == ([40], ["critical"])


def test_few_leads() -> None:
    frame = small().with_columns(won=pl.int_range(pl.len()) < 39)
    with pytest.raises(ll.NotEnoughDataError, match="39 converted"):
        ll.audit(known(frame))
    audit = ll.audit(known(frame.with_columns(won=pl.int_range(pl.len()) < 40)))
    assert audit.to_polars().filter(check="sufficiency", severity="warning").height >= 1


def test_drift_and_duplicates_between_train_and_test() -> None:
    frame = small(1000).with_columns(
        size=pl.int_range(pl.len()) % 97 + pl.when(pl.int_range(pl.len()) > 700).then(50).otherwise(0)
    )
    train, test = known(frame).split(0.3, by="order")
    assert flagged(ll.audit(train, test=test), "drift") == {"size"}
    # The same people once more, under other ids.
    people = frame.with_columns(**{f"x{i}": (pl.int_range(pl.len()) * (i + 3)) % 89 for i in range(6)})
    again = pl.concat([people, people.with_columns(id=pl.col("id") + 5000)])
    train, test = known(again).split(0.5, by="order")
    assert ll.audit(train, test=test).to_polars().filter(check="duplicates")["leads"].to_list() == [1000]


def test_errors_of_options() -> None:
    train = known(small())
    for alpha in (0.0, 1.0, float("nan")):
        with pytest.raises(ll.OptionError, match="alpha"):
            ll.audit(train, alpha=alpha)
    with pytest.raises(ll.OptionError, match="other journeys"):
        ll.audit(train, test=known(small()))
    with pytest.raises(ll.OptionError, match="labels"):
        ll.audit(ll.datasets.b2b_saas().snapshot(after="31d"))


def test_a_scorer_audits_the_fields_that_it_reads() -> None:
    train = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
    scorer = ll.LeadScorer(C=0.01).fit(train)
    assert not flagged(scorer.audit(train))


def test_the_command_and_the_report_find_the_same(tmp_path: Path) -> None:
    config = str(ll.datasets.folder("b2b_saas") / "leadlens.toml")
    command = [sys.executable, "-m", "leadlens", "audit", "--config", config, "--after", "31d", "--horizon", "59d"]
    said = json.loads(subprocess.run([*command, "--format", "json"], capture_output=True, check=True).stdout)
    train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    audit = ll.audit(train, test=test)
    assert said["findings"] == audit.facts["findings"]
    page = ll.report(ll.datasets.b2b_saas(), ll.LeadScorer(C=0.01).fit(train), tmp_path / "page.html", results=audit)
    assert "Audit of the training set" in page.read_text(encoding="utf-8")
    file = tmp_path / "audit.toml"
    file.write_text(
        Path(config).read_text().replace('table = "', f'table = "{Path(config).parent}/') + "[audit]\nalpha = 2\n"
    )
    done = subprocess.run([*command[:4], "--config", str(file)], capture_output=True, text=True)
    assert done.returncode != 0
    assert "alpha" in done.stderr


def test_an_audit_is_shown_with_all_findings() -> None:
    audit = ll.audit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
    for finding in audit.to_polars().iter_rows(named=True):
        assert (finding["field"] or "") in str(audit)
        assert (finding["field"] or "") in audit._repr_html_()
    assert audit.spec == {"alpha": 0.05, "features": [], "dictionary": {}, "allow": []}
    assert audit.plot().to_dict()["data"]
