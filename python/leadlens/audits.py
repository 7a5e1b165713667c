"""The audit of a training set: what to look at before a model is trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from . import _core
from ._arguments import core_journeys, core_snapshot, number
from ._charts import GREY, INK, RED, describe, finished, inline, legend, name_axis, nothing, package, title
from ._progress import progress
from .analyses.result import Result
from .errors import OptionError
from .journeys import Journeys
from .snapshot import Snapshot
from .tables.encode import as_json, names

__all__ = ["Audit", "audit"]


class Audit(Result):
    """Findings about a training set; returned by :func:`leadlens.audit`.

    See Also
    --------
    leadlens.audit : Audit a training set.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> found = ll.audit(train, test=test).to_polars()
    >>> found.filter(severity="critical")["field"].unique().sort().to_list()
    ['conversion_timestamp', 'converted_within_90_days', 'is_sql']
    """

    def to_polars(self) -> pl.DataFrame:
        """Return the findings, the gravest first.

        Returns
        -------
        polars.DataFrame
            One row per finding.

            - ``field`` (String): the field; null for a finding on the training set as a whole.
            - ``check`` (String): ``name``, ``timestamp``, ``one_sided`` and ``separates`` are rules on fields;
              ``time_travel``, ``noise_ceiling``, ``cohort``, ``previous_export``, ``drift`` and ``base_rate`` are
              tests; ``sufficiency``, ``duplicates`` and ``maturity`` are counts.
            - ``severity`` (String): ``critical`` if a test shows that the field holds what came after the cutoff,
              ``suspect`` if a rule applies, ``warning`` otherwise.
            - ``leads`` (UInt64): leads that show it.
            - ``evidence`` (String): the evidence, with counts.
            - ``p_value`` (Float64): chance of such evidence without a leak; null for rules and counts.
            - ``q_value`` (Float64): the same after Holm's correction over all fields and checks.
            - ``remedy`` (String): what to do.

        See Also
        --------
        Audit.remarks : Checks that could not be made, and why.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> ll.audit(train).to_polars().columns
        ['field', 'check', 'severity', 'leads', 'evidence', 'p_value', 'q_value', 'remedy']
        """
        return self._table("findings")

    def plot(self) -> Any:
        """Return which checks found something in which field.

        Returns
        -------
        altair.Chart
            Fields by checks, with the severity as color.

        Raises
        ------
        ImportError
            altair is not installed.

        See Also
        --------
        Audit.to_polars : The findings as a table.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> chart = ll.audit(train).plot()
        """
        alt = package()
        data = self.to_polars().with_columns(pl.col("field").fill_null("training set"))
        if data.is_empty():
            return nothing("the audit found nothing")
        color = alt.Color(
            "severity:N",
            scale=alt.Scale(domain=["critical", "suspect", "warning"], range=[RED, INK, GREY]),
            legend=legend(),
            title=None,
        )
        tooltip = [alt.Tooltip(f"{name}:N") for name in ("field", "check", "severity", "evidence", "remedy")]
        chart = alt.Chart(inline(data)).encode(
            x=alt.X("check:N", title="check", axis=alt.Axis(labelAngle=-30, labelLimit=0, orient="top")),
            y=alt.Y("field:N", title="field", axis=name_axis()),
            color=color,
            tooltip=tooltip,
        )
        facts = self._facts
        about = describe(f"{facts['leads']:,} leads", f"{len(facts['fields'])} fields", f"{facts['tests']} tests")
        heads = title("Findings of the audit", about)
        return finished(chart.mark_point(filled=True, size=80).properties(height=alt.Step(18), title=heads))


def audit(
    train: Snapshot,
    *,
    test: Snapshot | None = None,
    dictionary: Mapping[str, str] | None = None,
    previous_export: Journeys | None = None,
    alpha: float = 0.05,
    allow: str | Sequence[str] = (),
) -> Audit:
    """Audit a training set: fields that may know the outcome, and data that may mislead.

    Rules look at names and meanings, at times after the cutoff, and at fields that are filled in for one class only.
    They say where to look (``suspect``) and claim no rate of false alarms. Tests use what happened after the cutoff:
    whether a field equals a later fact of the journey more often than the best cross-validated prediction, whether it
    explains more of a later count of buyers' events than chance leaves to explain, whether it differs among the leads
    created last before the export, and whether it changed since an earlier export (``critical``). Drift between train
    and test and a trend of the rate are tested too (``warning``). Tests are corrected over all fields and checks, so
    that clean data has any such finding with a chance of at most ``alpha``. At most 20,000 leads are looked at.

    Parameters
    ----------
    train : Snapshot
        Labelled snapshot. Its fields are audited, also those that are withheld from the features.
    test : Snapshot, optional
        The other side of its split, to compare with.
    dictionary : mapping of str to str, optional
        Meaning of fields in words, such as ``{"Tags": "current status of the lead"}``.
    previous_export : Journeys, optional
        An earlier export of the leads, such as ``ll.Journeys(leads=ll.Leads("leads_may.csv", id="lead_id"))``, to find
        values that changed since.
    alpha : float, default 0.05
        Largest chance that any test finds something in clean data.
    allow : str or sequence of str, default ()
        Fields whose findings are known. They are counted and not listed.

    Returns
    -------
    Audit
        Findings with evidence, severity and what to do.

    Raises
    ------
    NotEnoughDataError
        A class has fewer than 40 leads.
    OptionError
        The snapshot has no labels, ``test`` is of other journeys, or an option is out of range.
    UnknownNameError
        ``allow`` names an unknown field.

    See Also
    --------
    LeadScorer.audit : Audit the fields that a model reads.
    Journeys.check : Account of the input rows.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.

    Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 1947.

    Examples
    --------
    >>> import leadlens as ll
    >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> isinstance(ll.audit(train, test=test), ll.Audit)
    True
    """
    return audited(train, test, dictionary, previous_export, alpha, allow, [])


def audited(
    train: Snapshot,
    test: Snapshot | None,
    dictionary: Mapping[str, str] | None,
    previous_export: Journeys | None,
    alpha: float,
    allow: str | Sequence[str],
    features: list[str],
) -> Audit:
    """Return the audit of the fields that features read."""
    core = core_snapshot(train, "train")
    meanings = dict(dictionary or {})
    if any(not isinstance(text, str) for pair in meanings.items() for text in pair):
        raise OptionError("dictionary must map names of fields to texts")
    spec = {
        "alpha": number(alpha, "alpha"),
        "features": features,
        "dictionary": meanings,
        "allow": names(allow, "allow"),
    }
    with progress() as show:
        tables, facts, texts = _core.audit(
            core,
            None if test is None else core_snapshot(test, "test"),
            None if previous_export is None else core_journeys(previous_export, "previous_export"),
            as_json(spec),
            progress=show,
        )
    return Audit(core.journeys(), dict(tables), json.loads(facts), texts)
