"""The scorer, the scores of leads, and how good they are."""

from .comparison import Comparison
from .evaluation import Evaluation
from .scorer import LeadScorer, load
from .scores import Scores

__all__ = ["Comparison", "Evaluation", "LeadScorer", "Scores", "load"]
