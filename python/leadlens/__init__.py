"""Lead-scoring analytics: one history of marketing and sales, an explainable model, funnels.

A lead is a journey: what it did and what sales did with it lie on one time line. :class:`Journeys` builds an index
of all journeys; snapshots of it at cutoffs give features that never see the future, and labels; :class:`LeadScorer`
fits a logistic model whose scores come with reasons that add up.
"""

from typing import TYPE_CHECKING, Any

from . import datasets, errors, metrics
from ._core import __version__
from .attribution import Attribution, Rule, Spend
from .breakdown import Bins
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
from .evaluation import Comparison, Evaluation
from .features import FeatureSet
from .funnels import Barriers, Drivers, Exclusion, Funnel, Step
from .journeys import Journeys, Snapshot
from .paths import Paths
from .pipeline import StageFunnel
from .reports import report
from .scorer import LeadScorer, load
from .scores import Scores
from .survival import TimeTo
from .tables import Accounts, Cutoffs, Events, Fields, Leads, Stages, literal, lookup

if TYPE_CHECKING:
    from .linear import LogisticRegression as LogisticRegression


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import, and is needed for its contract only.
    if name == "LogisticRegression":
        from .linear import LogisticRegression

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
