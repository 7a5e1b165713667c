"""Journeys of small tables, for tests."""

import polars as pl

import leadlens as ll


def table(**columns):
    return pl.DataFrame(columns)


LEADS = table(id=["1", "2", "3"], created=["2024-01-01", "2024-01-02", "2024-01-03"], source=["ads", "mail", "ads"])
EVENTS = table(lead=["1", "1", "2"], at=["2024-01-05T10:00:00Z", "2024-01-06T10:00:00Z", "2024-01-07T10:00:00Z"])
STAGES = table(lead=["1", "2"], at=["2024-01-09", "2024-01-20"], stage=["won", "lost"])


def build(leads=LEADS, events=EVENTS, stages=STAGES, **options):
    return ll.Journeys(
        leads=ll.Leads(leads, id="id", created="created"),
        events=[] if events is None else ll.Events(events, "lead", "at", ll.literal("visit")),
        stages=[] if stages is None else ll.Stages(stages, "lead", "at", stage="stage"),
        won="won",
        lost="lost",
        **options,
    )


def audit(journeys, role):
    (found,) = [t for t in journeys.check().tables if t["role"] == role]
    return found


def when(journeys, lead, what):
    return journeys.show(lead).filter(pl.col("what") == what)["at"].to_list()
