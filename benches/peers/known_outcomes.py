"""Leads whose probabilities are known, and how often intervals of scores hold them."""

from __future__ import annotations

import numpy as np
import polars as pl

import leadlens as ll


def leads_with_outcomes(columns: dict[str, np.ndarray], y: np.ndarray) -> ll.Journeys:
    """Return journeys of leads in the order of their rows, with fields and an outcome."""
    frame = pl.DataFrame({"id": np.arange(len(y)), "y": y.astype(int), **columns})
    return ll.Journeys(leads=ll.Leads(frame, id="id", outcome="y"))


def covered_by_scores(
    columns: dict[str, np.ndarray], p: np.ndarray, rng: np.random.Generator, C: float | str
) -> tuple[float, float] | None:
    """Return the shares of all leads and of the best 5 % whose probability lies in its interval; None if refused."""
    snapshot = leads_with_outcomes(columns, rng.random(len(p)) < p).snapshot()
    try:
        scores = ll.LeadScorer(C=C, intervals=True).fit(snapshot).score(snapshot).to_polars()
    except ll.errors.LeadLensError:
        # Without a penalty a level with one class only has no finite coefficient.
        return None
    truth = p[scores["lead_id"].cast(int).to_numpy()]
    inside = (scores["low"].to_numpy() <= truth) & (truth <= scores["high"].to_numpy())
    return inside.mean(), inside[truth >= np.quantile(truth, 0.95)].mean()
