"""The lead scorer: parameters, fit, scores, evaluation, files."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from .. import _core
from .._arguments import core_snapshot, file_path, whole_number, whole_numbers
from .._display import Shown
from .._leaks import warn_of_leaks
from .._progress import progress
from ..errors import CalibrationWarning, NotFittedError, OptionError
from ..snapshot import Snapshot
from .call_list import Calling
from .comparison import Comparison
from .evaluation import Evaluation
from .explanation import Explanation
from .parameters import Parameters
from .scores import Scores
from .variants import Variants
from .words import phrases_of

__all__ = ["LeadScorer"]


class LeadScorer(Shown, Parameters, Explanation, Variants, Calling):
    """Logistic regression on the rows of a snapshot, whose scores are sums of contributions of the features.

    The objective is Σ w·log loss + ‖coefficients‖² / (2C) over standardized numbers and 0/1 levels, with a free
    intercept. The log-odds of a lead are ``base_`` + Σ contributions, where a contribution is coefficient × (value −
    mean in training). The interface is that of scikit-learn: parameters are attributes and have :meth:`get_params`,
    ``sklearn.base.clone`` works, and attributes of the fitted model end in an underscore.

    Parameters
    ----------
    C : float or "cv", default 1.0
        Inverse strength of the penalty; ``math.inf`` for none. ``"cv"`` chooses among 20 values by log loss on folds
        forward in time, with a label window between training and validation. With fewer than three such folds, folds of
        whole accounts (or leads) are used. With ``maturity="ipcw"`` each fold is trained on what was known at its
        start, and a history too short for three folds is an error. ``training_["validation"]`` has the losses.
    penalty : {"l2", "firth"}, default "l2"
        ``"firth"`` is Firth's correction in the place of ``C``, for few leads or separated classes. The intercept is
        refitted so that the mean probability equals the rate.
    calibration : {"sigmoid", "isotonic", "beta"}, optional
        Calibrate probabilities on the last fifth of the period, a label window after the rows that the coefficients are
        fitted on. It is skipped, with the reason in ``training_["calibration"]``, if a class has fewer than 50 leads
        there; and with a warning if higher scores do not convert more often. A sigmoid rescales the contributions; with
        the others, contributions add up to ``log_odds``, and the probability is a function of it. Isotonic
        probabilities are never 0 or 1, because half an observation of the other class is added at each end.
    choice : {"lowest", "one_standard_error"}, default "lowest"
        Which C is taken with ``C="cv"``: that of the lowest loss, or the smallest within one standard error of it,
        which shrinks probabilities to the mean.
    l1_ratio : float, default 0.0
        Share of the penalty that is L1, from 0 (ridge) to 1 (lasso). Above 0, standard errors are unavailable.
    nonlinear : {"auto", "log", "linear", "cubic"}, optional
        Shape of the effect of numbers. By default straight; ``"log"`` takes counts as ln(1 + count); ``"linear"`` adds
        straight lines between quantile knots, ``"cubic"`` restricted cubic splines. Both are constant beyond the outer
        knots. At each end and between knots lie at least 1 % of the rows, 30 rows, and 10 rows of the rarer class, and
        numbers with fewer than five values stay straight. ``"auto"`` takes the shape with the lowest log loss on
        held-out rows if its gain is stable, as for ``interactions``. A number is one term in any case.
    interactions : "auto", int, or sequence of (str, str), optional
        Pairs of features that have a table of log-odds over bins and levels: the named pairs; at most this number of
        pairs, each the one that explains most of the rest, and more than chance; or, with ``"auto"``, at most five
        while the gain of log loss on held-out rows is stable. It is stable if most folds forward in time gain, the
        later ones do, and the mean gain exceeds its standard error over leads (or any gain, if chance explains the pair
        with a probability below 0.001). Parts of the calendar are in pairs only if named. A pair is one term
        ``first × second`` that contains what the two features do not explain alone.
    monotone : dict of str to {"increasing", "decreasing"}, optional
        Numbers whose log-odds must not fall, or must not rise, as they grow. Standard errors are then unavailable.
    intervals : bool, default False
        Whether to keep the covariance of the coefficients, so that :meth:`score` returns 95 % intervals. Requires three
        leads of the rarer class per effective coefficient.
    solver : {"newton", "linfa"}, default "newton"
        Newton's method, or L-BFGS of linfa-logistic as a baseline without weights.
    min_leads : int, default 40
        Smallest number of converted leads, and of other leads.
    min_level_rows : int, default 20
        Levels of texts with fewer rows, counting one per lead, are grouped as ``(other)``.
    max_levels : int, default 1000
        Largest number of levels of a text.

    Attributes
    ----------
    model_ : object
        The fitted model; :meth:`save` writes it.
    features_ : list of str
        Names of the features, in the order of :meth:`score_row`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        ``features_`` as scikit-learn has them.
    base_ : float
        Log-odds of the average training row.
    training_ : dict
        Facts of the training: rows, period, ages, solver, gradient, features left out.

    See Also
    --------
    Journeys.snapshot : Rows to fit on.
    LogisticRegression : The same model on arrays and data frames.
    load : Read a saved scorer.

    References
    ----------
    D. Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80, 1993. F. Harrell, "Regression Modeling
    Strategies", 2015, §2.4 (restricted cubic splines). B. Zadrozny, C. Elkan, "Transforming classifier scores into
    accurate multiclass probability estimates", KDD 2002 (isotonic). M. Kull, T. Silva Filho, P. Flach, "Beta
    calibration", AISTATS 2017. B. Lengerich et al., "Purifying interaction effects with the functional ANOVA", AISTATS
    2020.

    Examples
    --------
    >>> import leadlens as ll
    >>> journeys = ll.datasets.b2b_saas()
    >>> train, test = journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
    >>> scorer.C, scorer.n_features_in_ > 90
    (0.01, True)
    >>> scorer.evaluate(test).roc_auc > 0.5
    True
    """

    def __init__(
        self,
        *,
        C: float | Literal["cv"] = 1.0,
        penalty: Literal["l2", "firth"] = "l2",
        calibration: Literal["sigmoid", "isotonic", "beta"] | None = None,
        choice: Literal["lowest", "one_standard_error"] = "lowest",
        l1_ratio: float = 0.0,
        nonlinear: Literal["auto", "log", "linear", "cubic"] | None = None,
        interactions: Literal["auto"] | int | Sequence[tuple[str, str]] | None = None,
        monotone: Mapping[str, Literal["increasing", "decreasing"]] | None = None,
        intervals: bool = False,
        solver: Literal["newton", "linfa"] = "newton",
        min_leads: int = 40,
        min_level_rows: int = 20,
        max_levels: int = 1000,
    ) -> None:
        self.C = C
        self.penalty = penalty
        self.calibration = calibration
        self.choice = choice
        self.l1_ratio = l1_ratio
        self.nonlinear = nonlinear
        self.interactions = interactions
        self.monotone = monotone
        self.intervals = intervals
        self.solver = solver
        self.min_leads = min_leads
        self.min_level_rows = min_level_rows
        self.max_levels = max_levels
        # Wrong values are errors here; fit checks again, since attributes can be assigned.
        self._options()

    def _options(self) -> dict[str, Any]:
        """Return the parameters as the core reads them."""
        C, penalty = self.C, self.penalty
        if C != "cv" and (isinstance(C, bool) or not isinstance(C, int | float) or math.isnan(C)):
            raise OptionError(f'C must be a positive number, math.inf for no penalty, or "cv", not {C!r}')
        if penalty not in ("l2", "firth"):
            raise OptionError(f'penalty must be "l2" or "firth", not {penalty!r}')
        firth = penalty == "firth"
        if firth and (C != 1.0 or self.l1_ratio != 0.0):
            raise OptionError('penalty="firth" cannot be combined with C or l1_ratio')
        c = 1.0 if isinstance(C, str) else None if firth or (math.isinf(C) and C > 0) else C
        pairs = self.interactions
        return {
            "logistic": {
                "c": c,
                "l1_ratio": self.l1_ratio,
                "firth": firth,
                "collinear": "drop",
                "solver": self.solver,
            },
            "choose_c": self.choice if C == "cv" else None,
            "calibration": self.calibration,
            "nonlinear": self.nonlinear,
            "interactions": pairs if pairs is None or pairs == "auto" else _pairs(pairs),
            "monotone": dict(self.monotone or {}),
            "intervals": bool(self.intervals),
            "min_leads": self.min_leads,
            "min_level_rows": self.min_level_rows,
            "max_levels": self.max_levels,
        }

    def _fitted(self) -> _core.Model:
        model: _core.Model | None = self.__dict__.get("model_")
        if model is None:
            raise NotFittedError(
                "this LeadScorer is not fitted yet; call fit(snapshot), or read a saved model with leadlens.load(path)"
            )
        return model

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn calls this method, so the import succeeds.
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def fit(self, snapshot: Snapshot, y: None = None) -> LeadScorer:
        """Fit the model on a labelled snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            Rows with labels.
        y : None
            Not used: the snapshot has the labels.

        Returns
        -------
        LeadScorer
            The scorer itself.

        Raises
        ------
        NotEnoughDataError
            The snapshot has no rows, one class only, or fewer than ``min_leads`` leads of a class.
        ConvergenceError
            The solver did not reach its tolerance.
        SeparationError
            Without a penalty: columns separate the classes without error.
        OptionError
            A parameter has a wrong value.

        Warns
        -----
        LeakWarning
            Fields look as if they were recorded after the outcome, or have a misread type.
        CalibrationWarning
            ``calibration`` was skipped because higher scores do not convert more often on the later rows.

        See Also
        --------
        LeadScorer.evaluate : Evaluate on other rows.
        LeadScorer.summary : Coefficients with standard errors.

        Examples
        --------
        >>> import leadlens as ll
        >>> scorer = ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
        >>> scorer.training_["converged"]
        True
        """
        core = core_snapshot(snapshot, "snapshot")
        if y is not None:
            raise OptionError("y must be None: the snapshot has the labels")
        options = json.dumps(self._options())
        warn_of_leaks(core)
        with progress() as show:
            self.model_ = _core.Model.train(core, options, show)
        calibration = self.training_["calibration"]
        if calibration is not None and calibration["method"] == "none" and calibration["rows"]:
            warnings.warn(calibration["remark"], CalibrationWarning, stacklevel=2)
        return self

    def score(
        self,
        snapshot: Snapshot,
        *,
        reasons: int = 5,
        words: bool | Mapping[str, str] = False,
        allow_extrapolation: bool = False,
    ) -> Scores:
        """Score the rows of a snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            Leads at cutoffs. Labels are not needed.
        reasons : int, default 5
            Number of contributions to name, largest first.
        words : bool or dict of str to str, default False
            Whether to give reasons in words too: which share of the training leads with the same value reached the
            target, such as "64 % of leads with at least 1 demo request in the last 14 days reached won (312 of 488; all
            leads: 21 %)". A dict has phrases in the place of the English ones, in any language, such as ``{"outcome":
            "became customers"}``; a wrong key lists the known ones.
        allow_extrapolation : bool, default False
            Whether to score if more than a fifth of the leads are outside the ages of training.

        Returns
        -------
        Scores
            Probability, score, parts and reasons of each row; :meth:`Scores.to_polars` lists the columns.

        Raises
        ------
        OutOfRangeError
            More than a fifth of the leads are outside the ages of training.
        UnknownNameError
            ``words`` has a key that no phrase has.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.score_row : Score one lead by its feature values.
        LeadScorer.explain : All contributions of each row.

        Notes
        -----
        Intervals are η ± 1.96 √(xᵀVx), mapped to probabilities, where V is the inverse Hessian, or the covariance
        robust to repeated rows if that is larger. A penalty shrinks coefficients by more than their standard errors, so
        with C below 10, η and V are those of a fit of the same columns with C = 10, and the interval is widened to
        contain the probability of the model. With fewer than three leads of the rarer class per effective coefficient,
        intervals contain less than 93 % of the true probabilities and are refused. They do not include the errors of a
        calibration and of the choice of C, shapes and interactions. The README has a table of the measured coverage.

        Reasons in words are rates of one feature, in the ranges of its values that :meth:`scorecard` has too. They are
        given for the features with the largest contributions, first for those that explain why the score is above or
        below the average; for at least 20 leads, and only where the rate and the contribution are on the same side of
        the average: elsewhere other features explain the difference.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.score(test).to_polars().columns[:3]
        ['lead_id', 'as_of', 'probability']
        """
        reasons = whole_number(reasons, "reasons")
        model, core = self._fitted(), core_snapshot(snapshot, "snapshot")
        phrases = phrases_of(words)
        with progress() as show:
            frame = pl.DataFrame(model.score(core, reasons, allow_extrapolation, phrases, show))
        spec = {"reasons": reasons, "words": words, "allow_extrapolation": allow_extrapolation, "confidence": 0.95}
        return Scores(core, frame, *model.scores_about(core), spec)

    def score_row(
        self, values: Sequence[float | str | bool | None], *, reasons: int = 5
    ) -> tuple[float, list[tuple[str, float]]]:
        """Score one lead by its feature values, in microseconds.

        Parameters
        ----------
        values : sequence of float, str, bool or None, length n_features_in_
            Values in the order of ``features_``. None and NaN are missing values.
        reasons : int, default 5
            Number of contributions to return, largest first.

        Returns
        -------
        probability : float
            Probability, with the same bits as :meth:`score` returns for the same row.
        reasons : list of (str, float)
            Feature or interaction, and its contribution to the log-odds.

        Raises
        ------
        OptionError
            The number of values is wrong, or a value is infinite.
        SchemaError
            A value is a text where training had numbers, or the reverse.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.score : Score the rows of a snapshot.

        Examples
        --------
        >>> import leadlens as ll
        >>> scorer = ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
        >>> probability, reasons = scorer.score_row([None] * scorer.n_features_in_)
        >>> len(reasons)
        5
        """
        return self._fitted().score_row(values, whole_number(reasons, "reasons"))

    def evaluate(
        self, snapshot: Snapshot, *, by: str | None = None, precision_at: Sequence[int] = (50, 100, 200)
    ) -> Evaluation:
        """Evaluate on a labelled snapshot that the model was not fitted on.

        Parameters
        ----------
        snapshot : Snapshot
            Rows with labels. They weigh what they do in the snapshot.
        by : str, optional
            ``"age"`` or a lead field, for :meth:`Evaluation.groups`.
        precision_at : sequence of int, default (50, 100, 200)
            Numbers of best rows for precision at k. Those above the number of rows are left out.

        Returns
        -------
        Evaluation
            Measures with intervals over leads, or over accounts where the leads name them. Remarks state how the rows
            were held out, and how many of their leads were trained on in the same period.

        Raises
        ------
        NotEnoughDataError
            The snapshot has no labels or one class only.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.compare : Difference of two scorers on the same rows.
        leadlens.metrics.evaluate : The same on arrays.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.evaluate(test).to_polars()["measure"].to_list()[:3]
        ['roc_auc', 'pr_auc', 'log_loss']
        """
        model = self._fitted()
        best = whole_numbers(precision_at, "precision_at")
        with progress() as show:
            found = model.evaluate(core_snapshot(snapshot, "snapshot"), by, best, show)
        return Evaluation(*found, {"by": by, "precision_at": best, "confidence": 0.95}, self._question())

    def compare(
        self, other: LeadScorer, snapshot: Snapshot, *, precision_at: Sequence[int] = (50, 100, 200)
    ) -> Comparison:
        """Compare with another scorer on the same labelled rows.

        Parameters
        ----------
        other : LeadScorer
            A fitted scorer. Its features are computed from the same snapshot.
        snapshot : Snapshot
            Rows with labels that neither scorer was fitted on.
        precision_at : sequence of int, default (50, 100, 200)
            As in :meth:`evaluate`.

        Returns
        -------
        Comparison
            Difference of each measure with a paired interval and test.

        Raises
        ------
        NotFittedError
            One of the scorers is not fitted.

        See Also
        --------
        LeadScorer.evaluate : Measures of one scorer.
        leadlens.metrics.compare : The same on arrays.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> first, second = ll.LeadScorer(C=0.01).fit(train), ll.LeadScorer(C=1.0).fit(train)
        >>> first.compare(second, test).to_polars().columns[:4]
        ['measure', 'first', 'second', 'difference']
        """
        if not isinstance(other, LeadScorer):
            raise OptionError(f"other must be a LeadScorer, not {type(other).__name__}")
        model, best = self._fitted(), whole_numbers(precision_at, "precision_at")
        with progress() as show:
            found = model.compare(other._fitted(), core_snapshot(snapshot, "snapshot"), best, show)
        return Comparison(*found, {"precision_at": best, "confidence": 0.95}, self._question())

    def save(self, path: str | Path) -> None:
        """Write the model as a JSON file.

        Parameters
        ----------
        path : str or Path
            File to write. A reader sees the old file or the whole new one.

        Raises
        ------
        WriteError
            The file cannot be written.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        load : Read the file.

        Examples
        --------
        >>> import tempfile
        >>> import leadlens as ll
        >>> scorer = ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
        >>> path = tempfile.mkdtemp() + "/model.json"
        >>> scorer.save(path)
        >>> ll.load(path).base_ == scorer.base_
        True
        """
        self._fitted().save(file_path(path, "path"))

    def __getstate__(self) -> dict[str, Any]:
        return {"params": self.get_params(), "model": self.model_.to_json() if self.__sklearn_is_fitted__() else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state["params"].items():
            setattr(self, name, value)
        if state["model"] is not None:
            self.model_ = _core.Model.from_json(state["model"])

    def __repr__(self) -> str:
        if not self.__sklearn_is_fitted__():
            return self._shown_parameters()
        return "\n  ".join([self._shown_parameters(), *self.model_.trained_on()])

    def __str__(self) -> str:
        return self._shown()[0] if self.__sklearn_is_fitted__() else f"{self!r} (not fitted)"

    def _shown(self) -> _core._Texts:
        if not self.__sklearn_is_fitted__():
            return _core.shown_table(str(self), [], [], [])
        text, section, notebook = self.model_.shown(15)
        return text, section, _core.shown_table(self._shown_parameters(), [], [], [])[2] + notebook


def _pairs(interactions: object) -> int | list[list[str]]:
    if isinstance(interactions, int) and not isinstance(interactions, bool) and interactions >= 0:
        return interactions
    if isinstance(interactions, Sequence) and not isinstance(interactions, str):
        pairs = [list(p) for p in interactions if isinstance(p, Sequence) and not isinstance(p, str)]
        if len(pairs) == len(interactions) and all(len(p) == 2 and all(isinstance(f, str) for f in p) for p in pairs):
            return pairs
    raise OptionError(
        f'interactions must be "auto", a number of pairs, or a list of pairs of features, not {interactions!r}'
    )
