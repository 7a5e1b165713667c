"""One self-contained HTML page with the results."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

from . import _core
from ._progress import progress
from .errors import WriteError
from .funnels import Funnel
from .journeys import Journeys, Snapshot
from .scorer import LeadScorer

__all__ = ["report"]


def report(
    journeys: Journeys,
    scorer: LeadScorer,
    path: str | Path,
    *,
    test: Snapshot | None = None,
    leads: Snapshot | None = None,
    funnel: Funnel | None = None,
    title: str = "Lead report",
) -> Path:
    """Write the results as one HTML page that needs no network.

    Parameters
    ----------
    journeys : Journeys
        The data; the page says what became of every input row.
    scorer : LeadScorer
        The model; the page shows its strongest columns.
    path : str or Path
        Destination; a reader never sees half a page.
    test : Snapshot, optional
        Labelled rows that the model was not fitted on: evaluation, lift and calibration.
    leads : Snapshot, optional
        Leads to score: the best of them with their reasons. Take a snapshot as of the end of observation for leads that
        are open now; the page says which leads they are, and what the probability is of.
    funnel : Funnel, optional
        A funnel to show.
    title : str
        Heading.

    Returns
    -------
    Path
        The destination.

    Raises
    ------
    WriteError
        The page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import leadlens as ll
    >>> journeys = ll.datasets.b2b_saas()
    >>> train, test = journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ll.report(journeys, scorer, f"{folder}/report.html", test=test).name
    'report.html'
    """
    with progress() as show:
        page = _core.report_page(
            journeys._core,
            scorer._fitted(),
            title,
            None if test is None else test._core,
            None if leads is None else leads._core,
            None if funnel is None else json.dumps(funnel._facts["spec"]),
            show,
        )
    path = Path(path)
    # Another process, or thread, may write to the same path.
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as e:
        beside.unlink(missing_ok=True)
        raise WriteError(f"cannot write '{path}': {e}") from e
    return path
