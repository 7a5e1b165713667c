"""Arguments of the estimator as arrays of the core: X, y, weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_sample_weight, column_or_1d, validate_data

from ..errors import ColumnTypeError, OptionError
from .columns import Frame, as_frame, code_type, frame_of, narrowest_codes, odd_array, used_levels

Parts = tuple[Any, list[tuple[Any, int]], Any, list[str]]
"""Dense numbers, codes of text columns with their numbers of levels, sparse columns, names."""


class Reading:
    """Reads the arguments of :class:`LogisticRegression`, and learns the columns and classes of training."""

    class_weight: Any

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
            # Sorting a million labels would take as long as a pass of the fit.
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

    def _read(self, X: Any, *, first: bool) -> tuple[Parts, int]:
        """Return dense numbers, codes of text columns, sparse columns, and names, and the number of rows."""
        X = as_frame(X)
        frame = frame_of(X, None if first else getattr(self, "_levels", {}))
        if frame is not None:
            if not first and not self._levels:
                raise OptionError(
                    f"the model was fitted on numbers, but the columns {list(frame.texts)} are texts; drop them"
                )
            return self._read_frame(frame, first=first)
        if not first and getattr(self, "_levels", None):
            raise OptionError("the model was fitted on a data frame with text columns, but X has no text columns")
        if first:
            self._numeric: list[str] = []
            self._levels: dict[str, list[str]] = {}
        # The core detects numbers that are not finite during the fit.
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

    def _read_frame(self, frame: Frame, *, first: bool) -> tuple[Parts, int]:
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
                    raise OptionError(f"column '{name}' had {kind} in training, but has {other} here")
                if name not in here:
                    raise OptionError(f"X does not have the column '{name}' that the model was fitted on")
        if nulls := {n: used[n][1] for n in self._levels if used[n][1] > 0}:
            raise OptionError(f"Input X contains NaN: missing values in text columns {nulls}; fill them first")
        dense = frame.numbers(self._numeric) if self._numeric else None
        codes = []
        for name, known in self._levels.items():
            own, places = frame.texts[name]
            if first and len(known) == len(own):
                # Every level occurs, so the codes need no mapping.
                codes.append((narrowest_codes(places, len(known)), len(known)))
                continue
            none = len(known)
            position = {level: i for i, level in enumerate(known)}
            to_known = np.array([position.get(level, none) for level in own], dtype=code_type(none))
            codes.append((to_known[places], none))
        return (dense, codes, None, self.column_names_), frame.rows
