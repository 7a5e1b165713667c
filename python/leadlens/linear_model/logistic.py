"""Logistic regression with scikit-learn's contract, on arrays, data frames and sparse matrices."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from .. import _core
from .._charts import validation_chart
from .._frames import cluster_numbers
from .._progress import progress
from ..errors import ColumnTypeError, OptionError
from .columns import Frame, as_frame, code_type, frame_of, narrowest_codes, odd_array, used_levels
from .inference import Inference

__all__ = ["LogisticRegression"]

_Parts = tuple[Any, list[tuple[Any, int]], Any, list[str]]


class LogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression for two classes: exact, fast, with statistics.

    Minimises Σ wᵢ·log loss + [(1 − l1_ratio)/2·‖coef‖² + l1_ratio·‖coef‖₁] / C, the intercept free: the objective of
    scikit-learn's class of the same name. Dense arrays are read where they lie, text columns of data frames stay one
    code per row, sparse matrices stay sparse.

    Parameters
    ----------
    C : float or "cv", default 1.0
        Inverse strength of the penalty; ``math.inf`` is no penalty, ``"cv"`` chooses among ``Cs`` by log loss on ``cv``
        folds.
    l1_ratio : float, default 0.0
        Share of the penalty that is L1: 0 is ridge, 1 is lasso.
    penalty : {"elasticnet", "firth"}, default "elasticnet"
        ``"firth"`` is Firth's correction in the place of ``C``: for small samples and separated classes. A ``C`` or
        ``l1_ratio`` beside it is refused.
    fit_intercept : bool, default True
        Whether there is an intercept.
    class_weight : dict or "balanced", optional
        Weights by class, multiplied with those of rows.
    signs : sequence of {-1, 0, 1}, optional
        Signs that coefficients may have, by column: 1 is not negative, -1 not positive, 0 free.
    collinear : {"error", "drop"}, default "error"
        What to do, without a penalty, about columns that are constant or combinations of others.
    flic : bool, default True
        With Firth's correction: refit the intercept so that the mean probability equals the rate.
    solver : {"newton", "linfa"}, default "newton"
        Newton's method, or linfa-logistic's L-BFGS as a baseline.
    tol : float, default 1e-8
        Largest gradient of the mean loss, and largest step relative to 1 + the largest coefficient.
    max_iter : int, default 100
        Most iterations; a fit that needs more warns (``ConvergenceWarning``) and has ``converged_ = False``.
    warm_start : bool, default False
        Start at the coefficients of the last fit.
    Cs : sequence of float, optional
        Values for ``C="cv"``; 20 values from 1e-4 to 1e4 by default.
    cv : int, default 5
        Folds for ``C="cv"``.
    choice : {"lowest", "one_standard_error"}, default "lowest"
        Which C is taken; one standard error shrinks probabilities to the mean.

    Attributes
    ----------
    coef_ : ndarray of float64, shape (1, n_columns)
        Coefficients, log-odds per unit; of text columns one per level.
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
    C_ : float
        C of the fit.
    validation_ : dict
        Losses by C and fold, with ``C="cv"``.
    column_names_ : list of str
        Names of the coefficients.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2009, §4.4.

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, offset: ArrayLike | None = None
    ) -> LogisticRegression:
        """Fit and return the estimator.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            Numbers; in data frames also booleans, which count as 0 and 1, and text or categorical columns, which have
            one 0/1 column per level. Frames of pandas (NumPy or Arrow types), polars, and any other table with
            ``__arrow_c_stream__``. No missing values.
        y : array, shape (n,)
            Two classes of any type.
        sample_weight : array of float64, shape (n,), optional
            Weights ≥ 0. A row of weight 3 counts as three rows, in AIC and BIC as well.
        offset : array of float64, shape (n,), optional
            Log-odds known beforehand.

        Raises
        ------
        OptionError
            A parameter out of range, or numbers that are not finite (also a ValueError).
        NotEnoughDataError
            One class only.
        SeparationError
            Without a penalty: columns tell the classes apart without error.
        FitError
            Without a penalty: collinear columns.
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
            intercept, coefficients, text = _core.fit_logistic(
                parts, labels, weight, shift, start, json.dumps(options), show
            )
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
            raise OptionError('penalty="firth" takes the place of C and l1_ratio: leave them out')
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

    def _choose(self, c: str, parts: _Parts, labels: Any, weight: Any, shift: Any, show: Any) -> float:
        if c != "cv":
            raise OptionError(f'C must be a positive number, math.inf for no penalty, or "cv", not {c!r}')
        cs = [] if self.Cs is None else [float(v) for v in np.asarray(self.Cs)]
        rows = np.arange(len(labels), dtype=np.uint32)
        text = _core.validate_logistic(
            parts,
            labels,
            weight,
            shift,
            rows,
            self.cv,
            cs,
            json.dumps(self.choice),
            json.dumps(self._options(1.0)),
            show,
        )
        self.validation_: dict[str, Any] = json.loads(text)
        return float(self.validation_["c"])

    def _labels(self, labels: ArrayLike, rows: int) -> NDArray[np.bool_]:
        if labels is None:
            raise OptionError("requires y to be passed, but the target y is None")
        try:
            y: NDArray[Any] = column_or_1d(labels, warn=True)
        except (ValueError, TypeError) as e:
            raise OptionError(f"y: {e}") from e
        if len(y) != rows:
            raise OptionError(f"X has {rows} rows and y has {len(y)}: inconsistent numbers of samples")
        fast = y.dtype.kind in "bui" and len(y) > 0
        if fast:
            # Sorting a million labels costs as much as a pass of the fit.
            low, high = y.min(), y.max()
            positive = y == high
            fast = bool((positive | (y == low)).all()) and low != high
        if fast:
            self.classes_ = np.array([low, high])
            return np.ascontiguousarray(positive)
        try:
            kind = type_of_target(y, input_name="y", raise_unknown=True)
        except (ValueError, TypeError) as e:
            raise OptionError(str(e)) from e
        if kind not in ("binary", "multiclass"):
            raise OptionError(f"Unknown label type: {kind}. y must hold two classes.")
        self.classes_ = np.unique(y)
        if len(self.classes_) > 2:
            raise OptionError(
                "Only binary classification is supported. The type of the target is "
                f"{kind}: {len(self.classes_)} classes."
            )
        return (
            np.ascontiguousarray(y == self.classes_[-1]) if len(self.classes_) == 2 else np.ones(rows, dtype=np.bool_)
        )

    def _weights(self, sample_weight: Any, labels: NDArray[np.bool_], rows: int) -> NDArray[np.float64] | None:
        weight = None
        if sample_weight is not None:
            shape_only = np.empty((rows, 0))
            try:
                weight = np.ascontiguousarray(_check_sample_weight(sample_weight, shape_only, dtype=np.float64))
            except (ValueError, TypeError) as e:
                raise OptionError(f"sample_weight: {e}") from e
        if self.class_weight is not None and len(self.classes_) == 2:
            y = self.classes_[labels.astype(np.intp)]
            if weight is not None and (empty := [c for c in self.classes_ if not weight[y == c].any()]):
                raise OptionError(f"all rows of the classes {empty} have sample_weight 0")
            by_class = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight)
            weight = (1.0 if weight is None else weight) * by_class[labels.astype(np.intp)]
        return weight

    def _read(self, X: Any, *, first: bool) -> tuple[_Parts, int]:
        """Arrays of the core: dense numbers, codes of text columns, sparse columns, and names."""
        X = as_frame(X)
        frame = frame_of(X, None if first else getattr(self, "_levels", {}))
        if frame is not None:
            if not first and not self._levels:
                raise OptionError(
                    f"the model was fitted on numbers only; {list(frame.texts)} hold texts: leave them out"
                )
            return self._read_frame(frame, first=first)
        if not first and getattr(self, "_levels", None):
            raise OptionError("the model was fitted on a data frame with text columns; X has none")
        if first:
            self._numeric: list[str] = []
            self._levels: dict[str, list[str]] = {}
        # The core finds numbers that are not finite by itself, without a pass of its own.
        try:
            X = validate_data(
                self, X, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_all_finite=False, reset=first
            )
        except (ValueError, TypeError) as e:
            raise ColumnTypeError(odd_array(X) or str(e)) from e
        names = [str(n) for n in getattr(self, "feature_names_in_", [])]
        if first:
            self.column_names_ = names or [f"x{i}" for i in range(X.shape[1])]
        if hasattr(X, "indptr"):
            if not X.has_canonical_format:
                X = X.copy()
                X.sum_duplicates()
            arrays = (X.indptr.astype(np.int64), X.indices.astype(np.uint32), X.data.astype(np.float64), X.shape[1])
            return (None, [], arrays, names), X.shape[0]
        if not ((X.flags.c_contiguous or X.flags.f_contiguous) and X.flags.aligned):
            X = X.copy(order="C")
        return (X, [], None, names), X.shape[0]

    def _read_frame(self, frame: Frame, *, first: bool) -> tuple[_Parts, int]:
        used = {name: used_levels(*column) for name, column in frame.texts.items()}
        if first:
            self._numeric = frame.numeric
            self._levels = {name: levels for name, (levels, _) in used.items()}
            self.n_features_in_ = len(frame.names)
            self.feature_names_in_ = np.array(frame.names, dtype=object)
            levels = [f"{name}={level}" for name, own in self._levels.items() for level in own]
            self.column_names_ = [*self._numeric, *levels]
        for names, here, there, kind in (
            (self._numeric, frame.numeric, frame.texts, "numbers"),
            (self._levels, frame.texts, frame.numeric, "texts"),
        ):
            for name in names:
                if name in there:
                    other = "texts" if kind == "numbers" else "numbers"
                    raise OptionError(f"column '{name}' held {kind} in training, and holds {other} here")
                if name not in here:
                    raise OptionError(f"X lacks the columns ['{name}'] that the model was fitted on")
        if nulls := {n: used[n][1] for n in self._levels if used[n][1] > 0}:
            raise OptionError(f"Input X contains NaN: missing values in text columns {nulls}; fill them first")
        dense = frame.numbers(self._numeric) if self._numeric else None
        codes = []
        for name, known in self._levels.items():
            own, places = frame.texts[name]
            if first and len(known) == len(own):
                # Every level occurs: codes are places as they are.
                codes.append((narrowest_codes(places, len(known)), len(known)))
                continue
            none = len(known)
            position = {level: i for i, level in enumerate(known)}
            to_known = np.array([position.get(level, none) for level in own], dtype=code_type(none))
            codes.append((to_known[places], none))
        return (dense, codes, None, self.column_names_), frame.rows

    def decision_function(self, X: Any, offset: ArrayLike | None = None) -> NDArray[np.float64]:
        """Log-odds of the second class.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            As in training; a level not seen there counts as 0.
        offset : array of float64, shape (n,), optional
            Log-odds known beforehand.
        """
        return self._predict(X, offset, log_odds=True)

    def _predict(self, X: Any, offset: ArrayLike | None, *, log_odds: bool) -> NDArray[np.float64]:
        check_is_fitted(self)
        parts, _ = self._read(X, first=False)
        beta = np.concatenate([self.intercept_, self.coef_[0]])
        shift = None if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
        return _core.predict_logistic(parts, beta, shift, log_odds)

    def predict_proba(self, X: Any, offset: ArrayLike | None = None) -> NDArray[np.float64]:
        """Probabilities of both classes, shape (n, 2).

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            As in training.
        offset : array of float64, shape (n,), optional
            Log-odds known beforehand.
        """
        p = self._predict(X, offset, log_odds=False)
        out = np.empty((len(p), 2))
        out[:, 1] = p
        np.subtract(1.0, p, out=out[:, 0])
        return out

    def predict_log_proba(self, X: Any, offset: ArrayLike | None = None) -> NDArray[np.float64]:
        """Logarithms of the probabilities of both classes, accurate where they are tiny.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            As in training.
        offset : array of float64, shape (n,), optional
            Log-odds known beforehand.
        """
        eta = self._predict(X, offset, log_odds=True)
        return np.column_stack([-np.logaddexp(0.0, eta), -np.logaddexp(0.0, -eta)])

    def predict(self, X: Any, offset: ArrayLike | None = None) -> NDArray[Any]:
        """Class of the larger probability.

        Parameters
        ----------
        X : array, data frame or sparse matrix, shape (n, n_features)
            As in training.
        offset : array of float64, shape (n,), optional
            Log-odds known beforehand.
        """
        eta = self._predict(X, offset, log_odds=True)
        labels: NDArray[Any] = self.classes_[(eta > 0).astype(np.intp)]
        return labels

    def plot_validation(self) -> Any:
        """Return an Altair chart of held-out log loss by C, with the standard error, for ``C="cv"``.

        Raises
        ------
        OptionError
            C was not chosen on held-out rows.
        """
        check_is_fitted(self)
        if not hasattr(self, "validation_"):
            raise OptionError('there is no path to plot: C was given; use C="cv"')
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
        """Return standard errors, tests and intervals of the fit on the data it was fitted on.

        Parameters
        ----------
        X, y, sample_weight, offset
            As given to :meth:`fit`.
        covariance : {"model", "robust", "clustered"}
            Model-based, robust (HC1), or clustered by ``clusters``.
        clusters : array, shape (n,), optional
            Cluster of each row, of any type; missing ids are refused.
        confidence : float, default 0.95
            Confidence of intervals.
        profile : bool, optional
            Profile-likelihood intervals and likelihood-ratio p-values; by default with Firth's correction only.

        Raises
        ------
        OptionError
            With L1 or signs, for which there is no such theory; bad options.
        """
        check_is_fitted(self)
        parts, rows = self._read(X, first=False)
        classes = self.classes_
        try:
            labels = self._labels(y, rows)
            if not np.array_equal(self.classes_, classes):
                raise OptionError(f"y holds {list(self.classes_)}, and the model was fitted on {list(classes)}")
        finally:
            self.classes_ = classes
        weight = self._weights(sample_weight, labels, rows)
        shift = None if offset is None else np.ascontiguousarray(offset, dtype=np.float64)
        if clusters is not None and covariance != "clustered":
            raise OptionError('clusters are for covariance="clustered"')
        groups = None
        if clusters is not None:
            groups = cluster_numbers(clusters)
        asked = {k: self._facts[k] for k in ("dropped", "firth_intercept", "objective", "loss")}
        asked |= {
            "covariance": covariance,
            "confidence": confidence,
            "profile": self.penalty == "firth" if profile is None else profile,
        }
        options = self._options(self.C_)
        beta = np.concatenate([self.intercept_, self.coef_[0]])
        with progress() as show:
            text, matrix = _core.infer_logistic(
                parts, labels, weight, shift, beta, groups, json.dumps(options), json.dumps(asked), show
            )
        return Inference(json.loads(text), matrix.reshape(len(beta), len(beta)), beta)
