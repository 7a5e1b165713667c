"""The scorer, the scores of leads, and their evaluation."""

from .call_list import CallList
from .comparison import Comparison
from .evaluation import Evaluation
from .saved import load
from .scorecard import Scorecard
from .scorer import LeadScorer
from .scores import Scores

__all__ = ["CallList", "Comparison", "Evaluation", "LeadScorer", "Scorecard", "Scores", "load"]
