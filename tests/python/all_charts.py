"""Every chart of the library, of ordinary data and of data at the edges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl

import leadlens as ll

UTC = dt.timezone.utc
START = dt.datetime(2024, 1, 1, tzinfo=UTC)
SCRIPT = "</script><script>alert(1)</script>"


def tables(*, n: int, groups: int, name: Callable[[str], str], seed: int = 3) -> tuple[pl.DataFrame, ...]:
    """Leads of so many groups with events and stages; ``name`` makes the names of groups, kinds, channels and stages."""
    rng = np.random.default_rng(seed)
    created = [START + dt.timedelta(hours=float(h)) for h in np.sort(rng.uniform(0, 24 * 150, n))]
    group = rng.integers(0, groups, n) if groups else np.zeros(n, dtype=int)
    leads = pl.DataFrame(
        {
            "id": [f"l{i}" for i in range(n)],
            "created": created,
            "group": [None if i % 17 == 5 else name(f"group {g}") for i, g in enumerate(group)],
            "size": [None if i % 13 == 4 else float(v) for i, v in enumerate(rng.integers(1, 300, n))],
        },
        schema={"id": pl.String, "created": pl.Datetime("us", "UTC"), "group": pl.String, "size": pl.Float64},
    )
    events, stages = [], []
    for i in range(n):
        at = created[i]
        for kind in rng.choice(["visit", "form", "demo"], int(rng.integers(1, 6))):
            at += dt.timedelta(hours=float(rng.exponential(40)))
            events.append((f"l{i}", at, name(str(kind)), name(str(rng.choice(["ads", "mail", "direct"])))))
        for stage, chance in (("mql", 0.8), ("sql", 0.6)):
            if rng.random() > chance:
                break
            at += dt.timedelta(hours=float(rng.exponential(60)))
            stages.append((f"l{i}", at, name(stage), None))
        if rng.random() < 0.7:
            at += dt.timedelta(hours=float(rng.exponential(200)))
            won = rng.random() < 0.25 + 0.4 * (group[i] % 2)
            stages.append((f"l{i}", at, name("won" if won else "lost"), 1000.0 + i if won else None))
    times = pl.Datetime("us", "UTC")
    events_schema = {"lead": pl.String, "at": times, "kind": pl.String, "channel": pl.String}
    stages_schema = {"lead": pl.String, "at": times, "stage": pl.String, "amount": pl.Float64}
    return (
        leads,
        pl.DataFrame(events, schema=events_schema, orient="row"),
        pl.DataFrame(stages, schema=stages_schema, orient="row"),
    )


def plain(text: str) -> str:
    return text


@cache
def journeys(n: int = 500, groups: int = 3, name: Callable[[str], str] = plain) -> ll.Journeys:
    leads, events, stages = tables(n=n, groups=groups, name=name)
    return ll.Journeys(
        leads=ll.Leads(leads, "id", created="created", fields=["group", "size"]),
        events=ll.Events(events, "lead", "at", "kind", channel="channel", name="web", side="buyer"),
        stages=ll.Stages(stages, "lead", "at", stage="stage", amount="amount"),
        pipeline=[name(s) for s in ("mql", "sql", "won")],
        won=name("won"),
        lost=name("lost"),
        observed_until="2024-07-15",
    )


def analyses(
    j: ll.Journeys, name: Callable[[str], str] = plain, where: dict[str, Any] | None = None
) -> dict[str, Callable[[], Any]]:
    """Charts of analyses, by the method that draws them."""
    steps = ["created", name("mql"), name("won")]
    won = name("won")
    only = {} if where is None else {"where": where}
    funnel = lambda **options: j.funnel(steps, window="60d", **options, **only)  # noqa: E731
    return {
        "Funnel.plot": lambda: funnel().plot(),
        "Funnel.plot by": lambda: funnel(by="group").plot(),
        "Funnel.plot totals": lambda: funnel(entry="totals", by=ll.Bins("size", edges=[5, 50])).plot(),
        "Funnel.plot_trend": lambda: funnel(period="month").plot_trend(),
        "Funnel.plot_trend by": lambda: funnel(period="week", by="group").plot_trend(),
        "StageFunnel.plot": lambda: j.stage_funnel(**only).plot(),
        "StageFunnel.plot by": lambda: j.stage_funnel(by="group", **only).plot(),
        "StageFunnel.plot flow": lambda: j.stage_funnel(view="flow", **only).plot(),
        "StageFunnel.plot flow by": lambda: j.stage_funnel(view="flow", by="group", period="week", **only).plot(),
        "TimeTo.plot": lambda: j.time_to(won, **only).plot(),
        "TimeTo.plot by": lambda: j.time_to(won, by="group", ceiling="weibull", **only).plot(),
        "Paths.plot": lambda: j.paths(**only).plot(),
        "Paths.plot_steps": lambda: j.paths(**only).plot_steps(),
        "Attribution.plot": lambda: j.attribution("linear", target=won, **only).plot(),
        "Attribution.plot several": lambda: j.attribution(["first", "markov"], target=won, bootstrap=20, **only).plot(),
        "Drivers.plot": lambda: j.drivers(steps, min_support=5, **only).plot(),
        "Barriers.plot": lambda: j.barriers(steps, by="group", min_support=1, **only).plot(),
    }


@cache
def scorers(j: ll.Journeys) -> tuple[ll.LeadScorer, ll.LeadScorer, ll.Snapshot]:
    train, test = j.snapshot(after="7d", horizon="60d").split(0.4, by="random")
    first = ll.LeadScorer(C=0.5, interactions=[("group", "size")], min_leads=10).fit(train)
    return first, ll.LeadScorer(C="cv", min_leads=10).fit(train), test


def models(j: ll.Journeys) -> dict[str, Callable[[], Any]]:
    """Charts of scorers and regressions, by the method that draws them."""
    first, second, test = scorers(j)
    rng = np.random.default_rng(1)
    X = pl.DataFrame({f"column {i}": rng.normal(size=400) for i in range(5)})
    y = (X["column 0"] + rng.logistic(size=400)).to_numpy() > 0
    return {
        "Scores.plot": lambda: first.score(test).plot(),
        "Audit.plot": lambda: ll.audit(j.snapshot(after="7d", horizon="60d")).plot(),
        "Scorecard.plot": lambda: first.scorecard().plot(),
        "CallList.plot": lambda: first.call_list(test, reps=["Ann", "Bob & Co <b>"], per_rep=5).plot(),
        "Evaluation.plot": lambda: first.evaluate(test).plot(),
        "Comparison.plot": lambda: first.compare(second, test).plot(),
        "LeadScorer.plot_effect text": lambda: first.plot_effect("group"),
        "LeadScorer.plot_effect number": lambda: first.plot_effect("size"),
        "LeadScorer.plot_effect joint": lambda: first.plot_effect("group × size"),
        "LeadScorer.plot_effect default": lambda: second.plot_effect("group"),
        "LeadScorer.plot_validation": lambda: second.plot_validation(),
        "LogisticRegression.plot_validation": lambda: ll.LogisticRegression(C="cv").fit(X, y).plot_validation(),
        "Inference.plot": lambda: ll.LogisticRegression(C=1.0).fit(X, y).inference(X, y).plot(),
    }


ANALYSES = tuple(analyses(None))  # type: ignore[arg-type]
MODELS = (
    "Scores.plot",
    "Audit.plot",
    "Scorecard.plot",
    "CallList.plot",
    "Evaluation.plot",
    "Comparison.plot",
    "LeadScorer.plot_effect text",
    "LeadScorer.plot_effect number",
    "LeadScorer.plot_effect joint",
    "LeadScorer.plot_effect default",
    "LeadScorer.plot_validation",
    "LogisticRegression.plot_validation",
    "Inference.plot",
)


@cache
def chart(which: str, n: int = 500, groups: int = 3, name: Callable[[str], str] = plain) -> Any:
    """The chart of a method, of journeys with so many leads and groups."""
    j = journeys(n, groups, name)
    return (analyses(j, name) if which in ANALYSES else models(j))[which]()


def script(text: str) -> str:
    """The name with the end of a script in it."""
    return f"{text} {SCRIPT}"


def broken(text: str) -> str:
    """The name on three lines, with a tab."""
    return f"{text}\nsecond\r\n\tline\u2028end"


def long(text: str) -> str:
    """The name with 80 characters."""
    return (f"{text} of a name that is so long that it does not fit into the margin of any chart").ljust(80, "W")[:80]


def missing_texts(text: str) -> str:
    """The name with signs of markup, as bins have them."""
    return f"< {text} & more"


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """All objects of a specification."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner)


def channels(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All encodings of a specification by channel, data aside."""
    for part in parts({k: v for k, v in spec.items() if k != "datasets"}):
        for name, encoding in part.get("encoding", {}).items():
            for one in encoding if isinstance(encoding, list) else [encoding]:
                yield name, one


def rows(spec: dict[str, Any], column: str) -> pl.DataFrame:
    """The largest data set of a specification with the column."""
    found = [data for data in spec["datasets"].values() if data and column in data[0]]
    return pl.DataFrame(max(found, key=len), infer_schema_length=None)


def title_of(spec: dict[str, Any]) -> str:
    """Title and the lines below it, as one text."""
    title = spec["title"]
    lines = [title["text"], title.get("subtitle", [])]
    return " ".join(" ".join(line) if isinstance(line, list) else line for line in lines)
