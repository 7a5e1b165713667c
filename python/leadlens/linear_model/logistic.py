"""Logistic regression with the interface of scikit-learn, on arrays, data frames and sparse matrices."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from .. import _core
from .._charts import validation_chart
from .._frames import cluster_numbers
from .._progress import progress
from ..errors import NotFittedError, OptionError
from .inference import Inference
from .reading import Parts, Reading

__all__ = ["LogisticRegression"]


class NotFitted(NotFittedError, SklearnNotFittedError):  # type: ignore[misc]
    """The error of leadlens, which scikit-learn knows as its own too."""


class LogisticRegression(ClassifierMixin, Reading, BaseEstimator):  # type: ignore[misc]
    """Logistic regression for two classes, with standard errors, tests and intervals.

    The objective is that of scikit-learn's class of the same name, Σ wᵢ·log loss + [(1 − l1_ratio)/2·‖coef‖² +
    l1_ratio·‖coef‖₁] / C with a free intercept. Dense arrays are not copied, text columns of data frames are kept as
    one code per row, and sparse matrices stay sparse.

    Parameters
    ----------
    C : float or "cv", default 1.0
        Inverse strength of the penalty; ``math.inf`` for none. ``"cv"`` chooses among ``Cs`` by log loss on ``cv``
        folds.
    l1_ratio : float, default 0.0
        Share of the penalty that is L1, from 0 (ridge) to 1 (lasso).
    penalty : {"elasticnet", "firth"}, default "elasticnet"
        ``"firth"`` is Firth's correction, for small samples and separated classes. It cannot be combined with ``C`` or
        ``l1_ratio``.
    fit_intercept : bool, default True
        Whether to fit an intercept.
    class_weight : dict or "balanced", optional
        Weights of the classes, multiplied by those of the rows.
    signs : sequence of {-1, 0, 1}, optional
        Constraint on the sign of each coefficient: 1 for not negative, -1 for not positive, 0 for none.
    collinear : {"error", "drop"}, default "error"
        Without a penalty: whether columns that are constant or combinations of others are an error or are dropped.
    flic : bool, default True
        With Firth's correction: whether to refit the intercept so that the mean probability equals the rate.
    solver : {"newton", "linfa"}, default "newton"
        Newton's method, or L-BFGS of linfa-logistic as a baseline.
    tol : float, default 1e-8
        Tolerance of the gradient of the mean loss, and of the step relative to 1 + the largest coefficient.
    max_iter : int, default 100
        Largest number of iterations. A fit that needs more raises a ``ConvergenceWarning`` and has
        ``converged_ = False``.
    warm_start : bool, default False
        Whether to start at the coefficients of the fit before.
    Cs : sequence of float, optional
        Values for ``C="cv"``. By default 20 values from 1e-4 to 1e4.
    cv : int, default 5
        Number of folds for ``C="cv"``.
    choice : {"lowest", "one_standard_error"}, default "lowest"
        Which C is taken with ``C="cv"``: that of the lowest loss, or the smallest within one standard error of it.

    Attributes
    ----------
    coef_ : ndarray of float64, shape (1, n_columns)
        Coefficients, in log-odds per unit; for text columns one per level.
    intercept_ : ndarray of float64, shape (1,)
        Intercept.
    classes_ : ndarray, shape (2,)
        Class labels; the second is the positive one.
    n_iter_ : ndarray of int, shape (1,)
        Iterations.
    converged_ : bool
        Whether the tolerance was reached.
    gradient_, objective_ : float
        Largest gradient of the mean loss, and objective, at the solution.
    dual_gap_ : float or None
        Duality gap relative to Σw, where there is L1.
    dropped_ : list of str
        Columns left out as collinear.
    remarks_ : list of str
        What could not be settled. Without a penalty, designs of more than 2,500 columns are searched for columns that
        separate the classes together as long as a bound of work allows; where neither separation nor overlap is proved
        by then, it says so.
    C_ : float
        C of the fit.
    validation_ : dict
        Losses by C and fold, with ``C="cv"``.
    column_names_ : list of str
        Names of the coefficients.

    See Also
    --------
    LeadScorer : The same model on snapshots of journeys.
    leadlens.linear_model.Inference : Standard errors, tests and intervals.

    References ---------- T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2009, §4.4. D.
    Firth, "Bias reduction of maximum likelihood estimates", Biometrika 80, 1993. R. Puhr et al., "Firth's logistic
    regression with rare events", Statistics in Medicine 36, 2017 intercept.

    Examples
    --------
    >>> import numpy as np
    >>> import leadlens as ll
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 2))
    >>> y = X[:, 0] + rng.logistic(size=500) > 0
    >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
    >>> model.coef_.shape, bool(model.coef_[0, 0] > 0.5)
    ((1, 2), True)
    """

    def __init__(
        self,
        C: float | Literal["cv"] = 1.0,
        *,
        l1_ratio: float = 0.0,
        penalty: Literal["elasticnet", "firth"] = "elasticnet",
        fit_intercept: bool = True,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        signs: ArrayLike | None = None,
        collinear: Literal["error", "drop"] = "error",
        flic: bool = True,
        solver: Literal["newton", "linfa"] = "newton",
        tol: float = 1e-8,
        max_iter: int = 100,
        warm_start: bool = False,
        Cs: ArrayLike | None = None,
        cv: int = 5,
        choice: Literal["lowest", "one_standard_error"] = "lowest",
    ) -> None:
        self.C = C
        self.l1_ratio = l1_ratio
        self.penalty = penalty
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.signs = signs
        self.collinear = collinear
        self.flic = flic
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.Cs = Cs
        self.cv = cv
        self.choice = choice

    def _check_fitted(self) -> None:
        if "coef_" not in vars(self):
            raise NotFitted("this LogisticRegression is not fitted yet; call fit(X, y)")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, offset: ArrayLike | None = None
    ) -> LogisticRegression:
        """Fit the model.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            Numbers without missing values. Data frames may also have booleans, which count as 0 and 1, and text or
            categorical columns, which become one 0/1 column per level. Frames can be of pandas, polars, or any library
            with ``__arrow_c_stream__``.
        y : array, shape (n,)
            Two classes of any type.
        sample_weight : array of float64, shape (n,), optional
            Weights ≥ 0. A row of weight 3 counts as three rows, also in AIC and BIC.
        offset : array of float64, shape (n,), optional
            Known part of the log-odds.

        Returns
        -------
        LogisticRegression
            The estimator itself.

        Raises
        ------
        OptionError
            A parameter has a wrong value, or X has values that are not finite (also a ValueError).
        NotEnoughDataError
            y has one class only.
        SeparationError
            Without a penalty: columns separate the classes without error.
        FitError
            Without a penalty: columns are collinear.

        Warns
        -----
        ConvergenceWarning
            The solver needs more than ``max_iter`` iterations.

        See Also
        --------
        LogisticRegression.inference : Standard errors, tests and intervals.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
        >>> model.converged_
        True
        """
        parts, rows = self._read(X, first=True)
        labels = self._labels(y, rows)
        weight = self._weights(sample_weight, labels, rows)
        shift = None if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
        start = None
        if self.warm_start and hasattr(self, "coef_") and self.coef_.shape[1] == len(self.column_names_):
            start = np.concatenate([self.intercept_, self.coef_[0]])
        with progress() as show:
            c = self.C
            if isinstance(c, str):
                c = self._choose(c, parts, labels, weight, shift, show)
            options = self._options(c)
            response = (labels, weight, shift, start)
            intercept, coefficients, text = _core.fit_logistic(parts, response, json.dumps(options), show)
        facts: dict[str, Any] = json.loads(text)
        self.C_ = c
        self.coef_: NDArray[np.float64] = coefficients.reshape(1, -1)
        self.intercept_: NDArray[np.float64] = np.array([intercept])
        self.n_iter_ = np.array([max(1, facts["iterations"])], dtype=np.int32)
        self.converged_: bool = facts["converged"]
        self.gradient_: float = facts["gradient"]
        self.objective_: float = facts["objective"]
        self.dual_gap_: float | None = facts["gap"]
        self.dropped_ = [self.column_names_[i] for i in facts["dropped"]]
        self.remarks_: list[str] = facts["remarks"]
        self._facts = facts
        if not self.converged_:
            warnings.warn(
                f"no convergence after {self.max_iter} iterations: gradient {self.gradient_:.1e}, "
                f"tolerance {self.tol}; raise max_iter or scale the columns",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _options(self, c: float) -> dict[str, Any]:
        if isinstance(c, bool) or not isinstance(c, (int, float, np.number)) or math.isnan(c):
            raise OptionError(f'C must be a positive number, math.inf for no penalty, or "cv", not {c!r}')
        if self.penalty not in ("elasticnet", "firth"):
            raise OptionError(f'penalty must be "elasticnet" or "firth", not {self.penalty!r}')
        if self.collinear not in ("error", "drop"):
            raise OptionError(f'collinear must be "error" or "drop", not {self.collinear!r}')
        firth = self.penalty == "firth"
        if firth and (self.C == "cv" or c != 1.0 or self.l1_ratio != 0.0):
            raise OptionError('penalty="firth" cannot be combined with C or l1_ratio')
        names = {1: "not_negative", -1: "not_positive", 0: "free"}
        signs = [] if self.signs is None else [int(s) for s in np.asarray(self.signs)]
        if not set(signs) <= set(names):
            raise OptionError("signs must be -1, 0 or 1")
        return {
            "c": None if firth or (math.isinf(c) and c > 0) else float(c),
            "l1_ratio": float(self.l1_ratio),
            "firth": firth,
            "flic": bool(self.flic),
            "signs": [names[s] for s in signs],
            "intercept": bool(self.fit_intercept),
            "collinear": {"error": "refuse", "drop": "drop"}[self.collinear],
            "solver": self.solver,
            "tolerance": float(self.tol),
            "max_iterations": int(self.max_iter),
            "partial": True,
        }

    def _choose(self, c: str, parts: Parts, labels: Any, weight: Any, shift: Any, show: Any) -> float:
        if c != "cv":
            raise OptionError(f'C must be a positive number, math.inf for no penalty, or "cv", not {c!r}')
        search = {
            "folds": self.cv,
            "cs": None if self.Cs is None else [float(v) for v in np.asarray(self.Cs)],
            "choice": self.choice,
        }
        rows = np.arange(len(labels), dtype=np.uint32)
        response = (labels, weight, shift, None)
        options = json.dumps(self._options(1.0))
        text = _core.validate_logistic(parts, response, rows, json.dumps(search), options, show)
        self.validation_: dict[str, Any] = json.loads(text)
        return float(self.validation_["c"])

    def decision_function(self, X: Any, offset: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the log-odds of the second class.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            Columns as in training. A level that training did not have counts as 0.
        offset : array of float64, shape (n,), optional
            Known part of the log-odds.

        Returns
        -------
        ndarray of float64, shape (n,)
            Log-odds.

        Raises
        ------
        NotFittedError
            The estimator is not fitted.

        See Also
        --------
        LogisticRegression.predict_proba : Probabilities.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
        >>> model.decision_function(X).shape
        (500,)
        """
        return self._predict(X, offset, log_odds=True)

    def _predict(self, X: Any, offset: ArrayLike | None, *, log_odds: bool) -> NDArray[np.float64]:
        self._check_fitted()
        parts, _ = self._read(X, first=False)
        beta = np.concatenate([self.intercept_, self.coef_[0]])
        shift = None if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
        return _core.predict_logistic(parts, beta, shift, log_odds)

    def predict_proba(self, X: Any, offset: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the probabilities of both classes.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            Columns as in training. A level that training did not have counts as 0.
        offset : array of float64, shape (n,), optional
            Known part of the log-odds.

        Returns
        -------
        ndarray of float64, shape (n, 2)
            Probabilities, in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            The estimator is not fitted.

        See Also
        --------
        LogisticRegression.decision_function : Log-odds.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
        >>> model.predict_proba(X).shape
        (500, 2)
        """
        p = self._predict(X, offset, log_odds=False)
        out = np.empty((len(p), 2))
        out[:, 1] = p
        np.subtract(1.0, p, out=out[:, 0])
        return out

    def predict_log_proba(self, X: Any, offset: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities of both classes, accurate for tiny probabilities too.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            Columns as in training. A level that training did not have counts as 0.
        offset : array of float64, shape (n,), optional
            Known part of the log-odds.

        Returns
        -------
        ndarray of float64, shape (n, 2)
            Natural logarithms of the probabilities, in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            The estimator is not fitted.

        See Also
        --------
        LogisticRegression.predict_proba : Probabilities.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
        >>> model.predict_log_proba(X).shape
        (500, 2)
        """
        eta = self._predict(X, offset, log_odds=True)
        return np.column_stack([-np.logaddexp(0.0, eta), -np.logaddexp(0.0, -eta)])

    def predict(self, X: Any, offset: ArrayLike | None = None) -> NDArray[Any]:
        """Return the class with the larger probability.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            Columns as in training. A level that training did not have counts as 0.
        offset : array of float64, shape (n,), optional
            Known part of the log-odds.

        Returns
        -------
        ndarray, shape (n,)
            Values of ``classes_``.

        Raises
        ------
        NotFittedError
            The estimator is not fitted.

        See Also
        --------
        LogisticRegression.predict_proba : Probabilities.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
        >>> bool((model.predict(X) == y).mean() > 0.6)
        True
        """
        eta = self._predict(X, offset, log_odds=True)
        labels: NDArray[Any] = self.classes_[(eta > 0).astype(np.intp)]
        return labels

    def plot_validation(self) -> Any:
        """Plot the held-out log loss by C, for ``C="cv"``.

        Returns
        -------
        altair.LayerChart
            Mean loss with a band of one standard error, and the chosen C.

        Raises
        ------
        OptionError
            The model was fitted with a given C.
        NotFittedError
            The estimator is not fitted.
        MissingPackageError
            altair is not installed.

        See Also
        --------
        LogisticRegression : Parameters ``C``, ``Cs`` and ``cv``.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C="cv").fit(X, y)
        >>> type(model.plot_validation()).__name__
        'LayerChart'
        """
        self._check_fitted()
        if not hasattr(self, "validation_"):
            raise OptionError('validation losses are available only with C="cv"')
        return validation_chart(self.validation_)

    def inference(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        *,
        covariance: Literal["model", "robust", "clustered"] = "model",
        clusters: ArrayLike | None = None,
        confidence: float = 0.95,
        profile: bool | None = None,
    ) -> Inference:
        """Return standard errors, tests and intervals of the fit.

        Parameters
        ----------
        X, y, sample_weight, offset
            The data that the model was fitted on.
        covariance : {"model", "robust", "clustered"}, default "model"
            Model-based covariance, robust covariance (HC1), or covariance clustered by ``clusters``.
        clusters : array, shape (n,), optional
            Cluster of each row, of any type, without missing values.
        confidence : float, default 0.95
            Confidence level of the intervals, between 0 and 1.
        profile : bool, optional
            Whether to compute profile-likelihood intervals and likelihood-ratio p-values. By default only with Firth's
            correction.

        Returns
        -------
        Inference
            Estimates, covariance and measures of fit.

        Raises
        ------
        OptionError
            The model has an L1 penalty or signs, the data is not that of the fit, or an option has a wrong value.
        NotFittedError
            The estimator is not fitted.

        See Also
        --------
        LeadScorer.summary : The same for a scorer.

        References
        ----------
        J. MacKinnon, H. White, "Some heteroskedasticity-consistent covariance matrix estimators", Journal of
        Econometrics 29, 1985 (HC1). D. Venzon, S. Moolgavkar, "A method for computing profile-likelihood-based
        confidence intervals", Applied Statistics 37, 1988.

        Examples
        --------
        >>> import numpy as np
        >>> import leadlens as ll
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(500, 2))
        >>> y = X[:, 0] + rng.logistic(size=500) > 0
        >>> model = ll.LogisticRegression(C=1.0).fit(X, y)
        >>> model.inference(X, y).to_polars()["name"].to_list()
        ['intercept', 'x0', 'x1']
        """
        self._check_fitted()
        parts, rows = self._read(X, first=False)
        classes = self.classes_
        try:
            labels = self._labels(y, rows)
            if not np.array_equal(self.classes_, classes):
                raise OptionError(
                    f"y has the classes {list(self.classes_)}, but the model was fitted on {list(classes)}"
                )
        finally:
            self.classes_ = classes
        weight = self._weights(sample_weight, labels, rows)
        shift = None if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
        if clusters is not None and covariance != "clustered":
            raise OptionError('clusters requires covariance="clustered"')
        groups = None
        if clusters is not None:
            groups = cluster_numbers(clusters)
        asked = {k: self._facts[k] for k in ("dropped", "firth_intercept", "objective", "loss", "separation_unknown")}
        asked |= {
            "covariance": covariance,
            "confidence": confidence,
            "profile": self.penalty == "firth" if profile is None else profile,
        }
        options = self._options(self.C_)
        beta = np.concatenate([self.intercept_, self.coef_[0]])
        with progress() as show:
            response = (labels, weight, shift, beta)
            text, matrix = _core.infer_logistic(parts, response, groups, json.dumps(options), json.dumps(asked), show)
        spec = {"covariance": covariance, "confidence": confidence, "profile": asked["profile"]}
        return Inference(json.loads(text), matrix.reshape(len(beta), len(beta)), beta, spec)
