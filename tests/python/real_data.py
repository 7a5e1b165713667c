"""How the public data sets are declared; used by the tests and by the accuracy table of the benches."""

from pathlib import Path

import polars as pl

import leadlens as ll


def bpic(folder: Path) -> ll.Journeys:
    """BPI Challenge 2012: 13,087 loan applications; one event log in four roles."""
    log = folder / "bpic2012_events.csv.gz"
    return ll.Journeys(
        leads=ll.Leads(log, id="case_id", created="reg_date", fields=["amount_req"], rows="first"),
        events=[
            ll.Events(
                log,
                lead="case_id",
                at="timestamp",
                kind="activity",
                name=name,
                side="sales",
                where={"activity": pattern},
            )
            for name, pattern in [("work", "W_*"), ("offers", "O_*")]
        ],
        stages=ll.Stages(log, lead="case_id", at="timestamp", stage="activity", where={"activity": "A_*"}),
        pipeline=["A_SUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_APPROVED"],
        won="A_APPROVED",
        lost=["A_DECLINED", "A_CANCELLED"],
    )


def olist(folder: Path, **options) -> ll.Journeys:
    """Olist's marketing funnel: 8,000 leads, 842 won."""
    return ll.Journeys(
        leads=ll.Leads(
            folder / "olist_marketing_qualified_leads_dataset.csv", id="mql_id", created="first_contact_date"
        ),
        stages=ll.Stages(
            folder / "olist_closed_deals_dataset.csv",
            lead="mql_id",
            at={"won": "won_date"},
            deal="seller_id",
            rep="sr_id",
        ),
        pipeline=["created", "won"],
        won="won",
        **options,
    )


LEAKS = [
    "Tags",
    "Lead Quality",
    "Lead Profile",
    "Last Activity",
    "Last Notable Activity",
    "Asymmetrique Activity Index",
    "Asymmetrique Profile Index",
    "Asymmetrique Activity Score",
    "Asymmetrique Profile Score",
]


def x_education(table: Path, *, leaks: bool) -> ll.Journeys:
    """X Education: 9,240 leads with an outcome and no times; 'Select' means not chosen."""
    return ll.Journeys(
        leads=ll.Leads(
            table,
            id="Prospect ID",
            outcome="Converted",
            order="Lead Number",
            nulls=["Select"],
            ignore=["Lead Number", *([] if leaks else LEAKS)],
        )
    )


def maven(folder: Path) -> ll.Journeys:
    """Maven's CRM sales: 8,800 opportunities, 500 without an engage date."""
    deals = folder / "sales_pipeline.csv"
    return ll.Journeys(
        leads=ll.Leads(deals, id="opportunity_id", created="engage_date", fields=["sales_agent", "product"]),
        stages=[
            ll.Stages(deals, lead="opportunity_id", at={"Engaging": "engage_date"}, day="start"),
            ll.Stages(
                deals,
                lead="opportunity_id",
                at="close_date",
                stage="deal_stage",
                amount="close_value",
                rep="sales_agent",
            ),
        ],
        pipeline=["Engaging", "Won"],
        won="Won",
        lost="Lost",
    )


def bank(*, duration: bool = False) -> ll.Journeys:
    """UCI bank marketing: 45,211 contacts with an outcome; duration is known only after the call."""
    return ll.Journeys(
        leads=ll.Leads(
            ll.datasets.bank_marketing(),
            id="contact_id",
            outcome="y",
            ignore=[] if duration else ["duration"],
            nulls=["unknown"],
        )
    )


def sellers_with_revenue(folder: Path) -> tuple[int, int]:
    """Sellers of won Olist leads, and how many of them have revenue."""
    won = pl.read_csv(folder / "olist_closed_deals_dataset.csv")
    revenue = pl.read_csv(folder / "derived_seller_performance_sumitup2003.csv", null_values=["NULL"])
    return won.height, won.join(revenue, on="seller_id", how="inner").height
