"""What several analyses ask in the same words: steps, breakdowns, conditions, features, times."""

from .breakdown import Bins, By
from .features import FeatureSet
from .step import Exclusion, Step
from .times import Time

__all__ = ["Bins", "By", "Exclusion", "FeatureSet", "Step", "Time"]
