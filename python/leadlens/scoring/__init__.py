"""The scorer, the scores of leads, and their evaluation."""

from .comparison import Comparison
from .evaluation import Evaluation
from .scorer import LeadScorer, load
from .scores import Scores

__all__ = ["Comparison", "Evaluation", "LeadScorer", "Scores", "load"]
