"""Logistic regression with the interface of scikit-learn, which only this room imports."""

from .inference import Inference
from .logistic import LogisticRegression

__all__ = ["Inference", "LogisticRegression"]
