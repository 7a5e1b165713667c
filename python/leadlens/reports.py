"""The report: one HTML file with the results."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from . import _core
from ._arguments import core_journeys, core_snapshot, file_path
from ._progress import progress
from .analyses.result import Result
from .errors import OptionError
from .journeys import Journeys
from .scoring import LeadScorer
from .snapshot import Snapshot

__all__ = ["report"]


def report(
    journeys: Journeys,
    scorer: LeadScorer,
    path: str | Path,
    *,
    test: Snapshot | None = None,
    by: str | None = None,
    leads: Snapshot | None = None,
    results: Result | Iterable[Result] = (),
    title: str = "Lead report",
) -> Path:
    """Write a report as one HTML file that needs no network.

    Parameters
    ----------
    journeys : Journeys
        The data. The report accounts for every input row.
    scorer : LeadScorer
        A fitted scorer. The report shows its strongest columns.
    path : str or Path
        File to write. A reader sees the old file or the whole new one.
    test : Snapshot, optional
        Labelled rows that the scorer was not fitted on, for evaluation, lift and calibration.
    by : str, optional
        ``"age"`` or a lead field, to evaluate ``test`` by group too. Requires ``test``.
    leads : Snapshot, optional
        Leads to score. The report lists the best with their reasons. Take a snapshot as of the end of observation for
        leads that are open now.
    results : Funnel, StageFunnel, TimeTo, Drivers, Barriers, Paths, Attribution, or list of them, optional
        Results of analyses to show, in this order.
    title : str, default "Lead report"
        Heading.

    Returns
    -------
    Path
        Path of the file.

    Raises
    ------
    OptionError
        ``results`` contains something else than results of analyses, or ``by`` is given without ``test``.
    NotFittedError
        The scorer is not fitted.
    WriteError
        The file cannot be written.

    See Also
    --------
    Journeys.check : Account of the input rows.
    LeadScorer.evaluate : Measures of the scorer.

    Examples
    --------
    >>> import tempfile
    >>> import leadlens as ll
    >>> journeys = ll.datasets.b2b_saas()
    >>> train, test = journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> results = [journeys.funnel(["created", "sql", "closed_won"]), journeys.time_to("closed_won")]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ll.report(journeys, scorer, f"{folder}/report.html", test=test, results=results).name
    'report.html'
    """
    if not isinstance(scorer, LeadScorer):
        raise OptionError(f"scorer must be a LeadScorer, not {type(scorer).__name__}")
    path = Path(file_path(path, "path"))
    listed = [results] if isinstance(results, Result) else list(results)
    wrong = [type(result).__name__ for result in listed if not isinstance(result, Result)]
    if wrong:
        raise OptionError(f"results: {', '.join(wrong)} cannot be shown; pass results of analyses, such as a funnel")
    if by is not None and test is None:
        raise OptionError("by: requires test rows to evaluate; pass test=snapshot")
    sections = [result._shown()[1] for result in listed]
    with progress() as show:
        page = _core.report_page(
            core_journeys(journeys, "journeys"),
            scorer._fitted(),
            (title, sections, by),
            None if test is None else core_snapshot(test, "test"),
            None if leads is None else core_snapshot(leads, "leads"),
            show,
        )
    _core.replace_file(str(path), page)
    return path
