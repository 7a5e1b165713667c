"""Lead-scoring analytics: journeys of leads, funnels, and an explainable model.

A journey is the time line of a lead: its events and what sales did with it. :class:`Journeys` is the index of all
journeys, on which every analysis runs. Snapshots of it at cutoffs have features that never see the future, and labels.
:class:`LeadScorer` fits a logistic model on a snapshot whose scores are sums of contributions.
"""

from typing import TYPE_CHECKING, Any

from . import datasets, errors, metrics
from ._core import __version__
from .analyses import Attribution, Barriers, Drivers, Funnel, Paths, Rule, StageFunnel, TimeTo
from .audits import Audit, audit
from .check import Check
from .errors import (
    CalibrationWarning,
    ColumnTypeError,
    ConfigError,
    ConvergenceError,
    DataWarning,
    FitError,
    InternalError,
    LeadLensError,
    LeakWarning,
    MissingFileError,
    MissingPackageError,
    ModelFormatError,
    NotEnoughDataError,
    NotFittedError,
    OptionError,
    OutOfRangeError,
    PicklingError,
    ReadError,
    SchemaError,
    SeparationError,
    UnknownNameError,
    WriteError,
)
from .journeys import Journeys
from .query import Bins, Exclusion, FeatureSet, Step
from .reports import report
from .scoring import CallList, Comparison, Evaluation, LeadScorer, Scorecard, Scores, load
from .snapshot import Snapshot
from .tables import Accounts, Cutoffs, Events, Fields, Leads, Spend, Stages, literal, lookup

if TYPE_CHECKING:
    from .linear_model import LogisticRegression as LogisticRegression


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import, and only this class needs it.
    if name == "LogisticRegression":
        try:
            from .linear_model import LogisticRegression
        except ModuleNotFoundError as e:
            raise ImportError("LogisticRegression requires scikit-learn; install leadlens[sklearn]") from e
        return LogisticRegression
    raise AttributeError(f"module 'leadlens' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


__all__ = [
    "Accounts",
    "Attribution",
    "Audit",
    "Barriers",
    "Bins",
    "CalibrationWarning",
    "CallList",
    "Check",
    "ColumnTypeError",
    "Comparison",
    "ConfigError",
    "ConvergenceError",
    "Cutoffs",
    "DataWarning",
    "Drivers",
    "Evaluation",
    "Events",
    "Exclusion",
    "FeatureSet",
    "Fields",
    "FitError",
    "Funnel",
    "InternalError",
    "Journeys",
    "LeadLensError",
    "LeadScorer",
    "Leads",
    "LeakWarning",
    "LogisticRegression",
    "MissingFileError",
    "MissingPackageError",
    "ModelFormatError",
    "NotEnoughDataError",
    "NotFittedError",
    "OptionError",
    "OutOfRangeError",
    "Paths",
    "PicklingError",
    "ReadError",
    "Rule",
    "SchemaError",
    "Scorecard",
    "Scores",
    "SeparationError",
    "Snapshot",
    "Spend",
    "StageFunnel",
    "Stages",
    "Step",
    "TimeTo",
    "UnknownNameError",
    "WriteError",
    "__version__",
    "audit",
    "datasets",
    "errors",
    "literal",
    "load",
    "lookup",
    "metrics",
    "report",
]
