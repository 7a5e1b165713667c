"""Metrics on arrays, with the argument names of scikit-learn; ties and weights are treated as there."""

from .evaluation import compare, compare_rates, evaluate
from .scalar import average_precision, brier, ks, log_loss, precision_at, roc_auc
from .tables import calibration_table, lift_table
from .thresholds import break_even, f1_threshold

__all__ = [
    "average_precision",
    "break_even",
    "brier",
    "calibration_table",
    "compare",
    "compare_rates",
    "evaluate",
    "f1_threshold",
    "ks",
    "lift_table",
    "log_loss",
    "precision_at",
    "roc_auc",
]
