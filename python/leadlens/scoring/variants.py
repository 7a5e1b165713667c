"""A fitted scorer with another base rate, or other grades."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from .. import _core
from .._arguments import number
from ..errors import OptionError

_Self = TypeVar("_Self", bound="Variants")


class Variants(ABC):
    """The methods of :class:`LeadScorer` that return a changed scorer."""

    @abstractmethod
    def _fitted(self) -> _core.Model:
        """Return the fitted model, or raise :class:`NotFittedError`."""

    @abstractmethod
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters."""

    def _with(self: _Self, model: _core.Model) -> _Self:
        """Return a scorer of the same parameters with this model."""
        other = type(self)(**self.get_params())
        other.model_ = model  # type: ignore[attr-defined]
        return other

    @property
    def grades_(self) -> dict[str, float]:
        """Lowest probability that earns each grade, best grade first; the last one has all the rest."""
        return dict(self._fitted().grades())

    def with_grades(
        self: _Self, grades: Mapping[str, float], *, by: Literal["score", "probability", "lift"] = "probability"
    ) -> _Self:
        """Return the scorer with other grades.

        Cut-offs by probability mean the same after the next training: pass ``grades_`` of the old scorer to keep them.
        Grades of a fresh scorer are quarters of its training rows.

        Parameters
        ----------
        grades : dict of str to float
            Names of the grades, best first, and the lowest value that earns each. The last grade has all the rest.
            Leads with the same score have the same grade.
        by : {"probability", "score", "lift"}, default "probability"
            What the values are: probabilities from 0 to 1; scores, which are percentiles of the training rows from 0 to
            100; or lifts, multiples of the base rate of training.

        Returns
        -------
        LeadScorer
            A new scorer. This one does not change.

        Raises
        ------
        OptionError
            Cut-offs do not descend or are out of range, or a name occurs twice.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        leadlens.metrics.break_even : The probability from which on a call pays.

        Examples
        --------
        >>> import leadlens as ll
        >>> scorer = ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d"))
        >>> list(scorer.grades_)
        ['A', 'B', 'C', 'D']
        >>> hot = scorer.with_grades({"hot": 3, "warm": 1, "cold": 0}, by="lift")
        >>> [round(p / hot.training_["base_rate"], 6) for p in hot.grades_.values()]
        [3.0, 1.0, 0.0]
        """
        if not isinstance(grades, Mapping):
            raise OptionError(f"grades must be a dict of names and cut-offs, best grade first, not {grades!r}")
        cuts = [(str(name), number(value, f"grades[{name!r}]")) for name, value in grades.items()]
        return self._with(self._fitted().with_grades(cuts, by))

    def with_base_rate(self: _Self, rate: float) -> _Self:
        """Return the scorer for a population with another share of positives.

        For a rate that has changed since training, or negatives that were sampled for it. The log-odds move by
        logit(rate) − logit(rate in training); contributions stay the same.

        Parameters
        ----------
        rate : float
            Share of positives, between 0 and 1.

        Returns
        -------
        LeadScorer
            A new scorer. This one does not change.

        Raises
        ------
        OptionError
            The rate is out of range, or the scorer has an isotonic or beta calibration, which belongs to the old rate.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        Evaluation.advice : Recommends a correction where one is needed.

        References
        ----------
        G. King, L. Zeng, "Logistic regression in rare events data", Political Analysis 9, 2001, eq. 7.

        Examples
        --------
        >>> import leadlens as ll
        >>> scorer = ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
        >>> scorer.with_base_rate(0.05).base_ < scorer.base_
        True
        """
        return self._with(self._fitted().with_base_rate(number(rate, "rate")))
