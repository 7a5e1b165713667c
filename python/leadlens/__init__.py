"""Lead-scoring analytics: one history of marketing and sales, an explainable model, funnels.

A lead is a journey: what it did and what sales did with it lie on one time line. :class:`Journeys` builds an index
of all journeys; snapshots of it at cutoffs give features that never see the future, and labels; :class:`LeadScorer`
fits a logistic model whose scores come with reasons that add up.
"""

from typing import TYPE_CHECKING, Any

from . import datasets, errors, metrics
from ._core import __version__
from .analyses import Attribution, Barriers, Drivers, Funnel, Paths, Rule, StageFunnel, TimeTo
from .audit import Check
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
    ModelFormatError,
    NotEnoughDataError,
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
from .scoring import Comparison, Evaluation, LeadScorer, Scores, load
from .snapshot import Snapshot
from .tables import Accounts, Cutoffs, Events, Fields, Leads, Spend, Stages, literal, lookup

if TYPE_CHECKING:
    from .linear_model import LogisticRegression as LogisticRegression


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import, and is needed for its contract only.
    if name == "LogisticRegression":
        from .linear_model import LogisticRegression

        return LogisticRegression
    raise AttributeError(f"module 'leadlens' has no attribute {name!r}")


__all__ = [
    "Accounts",
    "Attribution",
    "Barriers",
    "Bins",
    "CalibrationWarning",
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
    "MissingFileError",
    "ModelFormatError",
    "NotEnoughDataError",
    "OptionError",
    "OutOfRangeError",
    "Paths",
    "PicklingError",
    "ReadError",
    "Rule",
    "SchemaError",
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
    "datasets",
    "errors",
    "literal",
    "load",
    "lookup",
    "metrics",
    "report",
]
