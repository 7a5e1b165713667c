"""Logistic regression with scikit-learn's contract; scikit-learn is needed here only."""

from .inference import Inference
from .logistic import LogisticRegression

__all__ = ["Inference", "LogisticRegression"]
