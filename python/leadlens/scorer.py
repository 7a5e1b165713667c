"""The lead scorer: fit, evaluate, score, explain, save."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from . import _core
from ._charts import effect_chart, validation_chart
from ._display import pre
from ._leaks import warn_of_leaks
from ._progress import progress
from .errors import CalibrationWarning, LeadLensError, OptionError
from .evaluation import Comparison, Evaluation
from .journeys import Snapshot
from .scores import Scores
from .tables.encode import one_name

__all__ = ["LeadScorer", "load"]


def _pairs(interactions: object) -> int | list[list[str]]:
    if isinstance(interactions, int) and not isinstance(interactions, bool) and interactions >= 0:
        return interactions
    if isinstance(interactions, Sequence) and not isinstance(interactions, str):
        pairs = [list(p) for p in interactions if isinstance(p, Sequence) and not isinstance(p, str)]
        if len(pairs) == len(interactions) and all(len(p) == 2 and all(isinstance(f, str) for f in p) for p in pairs):
            return pairs
    problem = 'must be "auto", a number of pairs, or a list of pairs of features'
    raise OptionError(f"interactions {problem}, not {interactions!r}")


class LeadScorer:
    """A logistic lead-quality model whose scores come with reasons that add up.

    It minimises Σ w·log loss + ‖coefficients‖²/(2C) over standardised numbers and 0/1 levels, the intercept free.
    The log-odds of a lead is ``base`` + Σ contributions, contribution = coefficient × (value − training mean).

    Parameters
    ----------
    C : float or "cv", default 1.0
        Inverse strength of the penalty; ``math.inf`` for none. ``"cv"`` chooses among 20 values by log loss on folds
        forward in time, with a gap of one label window; with fewer than three such folds, on folds of
        whole accounts (leads where there are none). With ``maturity="ipcw"`` each fold is trained on what was known at
        its start, with weights of that time; a history too short for three is refused.
        ``training["validation"]`` holds the losses.
    penalty : {"l2", "firth"}, default "l2"
        ``"firth"`` is Firth's correction in the place of ``C``, for few leads or separated classes; the intercept is
        refitted so that the mean probability is the rate.
    calibration : {"sigmoid", "isotonic", "beta"}, optional
        Calibrate probabilities on the last fifth of the period, a label window after the rows the coefficients are
        fitted on; not done, with the reason in ``training["calibration"]``, with fewer than 50 leads of a class there,
        or, with a warning, where higher scores do not convert more often. Isotonic probabilities are never 0 or 1:
        half an observation of each class stands at the wrong end. A sigmoid rescales the contributions, so that reasons
        still add up to the log-odds of the probability; with the others reasons add up to ``log_odds``, and the
        probability is mapped from it.
    l1_ratio : float, default 0
        Share of the penalty that is L1: 0 is ridge, 1 is lasso, between them elastic net. Above 0 there are no
        standard errors.
    nonlinear : {"auto", "log", "linear", "cubic"}, optional
        Shape of the effect of numbers. ``"log"``: counts as ln(1 + count); ``"linear"``: that, and straight lines
        between quantile knots; ``"cubic"``: that, with restricted cubic splines; both are flat beyond the outer knots,
        with at least 1 % of the rows, 30 rows, and 10 of the rarer class, at each end and between knots, and leave
        numbers of fewer than five values straight between these knots. The penalty takes a curve for one variable: its
        variance costs what that of a straight number does. ``"auto"``: the one of these with the lowest log
        loss on held-out rows, if its gain over straight lasts (see ``interactions``). Each number stays one term with
        one contribution.
    interactions : "auto", int, or list of pairs of str, optional
        Pairs of features, texts among them, with a table of log-odds over bins and levels: named pairs; at most the
        given number of pairs, each the one that explains most of what is left, and more than chance; or, with
        ``"auto"``, at most 5, as long as the gain of log loss on held-out rows lasts: most origins of folds forward in
        time gain, the later ones do, and the mean gain exceeds its standard error over leads (any gain will do where
        chance explains the pair with a probability below 0.001). Parts of the
        calendar (month, weekday) are in no pair then, unless named. Tables are purified: what a feature says alone is
        in its own term, and a pair is one term ``first × second`` with one contribution.
    monotone : dict of str to {"increasing", "decreasing"}, optional
        Numbers whose log-odds may not fall, or not rise, as they grow. Then there are no standard errors.
    intervals : bool, default False
        Keep the covariances of the coefficients in the model, so that :meth:`score` gives 95 % intervals of the
        probability; refused below three leads of the rarer class per effective coefficient.
    choice : {"lowest", "one_standard_error"}, default "lowest"
        Which C is taken with ``"cv"``; one standard error shrinks probabilities to the mean.
    solver : {"newton", "linfa"}, default "newton"
        Newton's method, or linfa-logistic's L-BFGS as a baseline, which knows no weights.
    min_leads : int, default 40
        Fewest converted, and fewest other leads.
    min_level_rows : int, default 20
        Levels of texts with fewer rows, those of one lead counted once, are grouped as ``(other)``.
    max_levels : int, default 1000
        At most this many levels of a text.

    Examples
    --------
    >>> import leadlens as ll
    >>> journeys = ll.datasets.b2b_saas()
    >>> train, test = journeys.snapshot(after="31d", horizon="59d").split(0.3, by="group")
    >>> scorer = ll.LeadScorer(C=0.01).fit(train)
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
        given = {name: value for name, value in locals().items() if name != "self"}
        if C != "cv" and (isinstance(C, bool) or not isinstance(C, int | float) or math.isnan(C)):
            raise OptionError(f'C must be a positive number, math.inf for no penalty, or "cv", not {C!r}')
        if penalty not in ("l2", "firth"):
            raise OptionError(f'penalty must be "l2" or "firth", not {penalty!r}')
        firth = penalty == "firth"
        if firth and C == "cv":
            raise OptionError('penalty="firth" has no C to choose')
        if firth and (C != 1.0 or l1_ratio != 0.0):
            raise OptionError('penalty="firth" takes the place of C and l1_ratio: leave them out')
        c = 1.0 if isinstance(C, str) else None if firth or (math.isinf(C) and C > 0) else C
        self._options = {
            "logistic": {"c": c, "l1_ratio": l1_ratio, "firth": firth, "collinear": "drop", "solver": solver},
            "choose_c": choice if C == "cv" else None,
            "calibration": calibration,
            "nonlinear": nonlinear,
            "interactions": interactions if interactions is None or interactions == "auto" else _pairs(interactions),
            "monotone": dict(monotone or {}),
            "intervals": bool(intervals),
            "min_leads": min_leads,
            "min_level_rows": min_level_rows,
            "max_levels": max_levels,
        }
        self._params: dict[str, Any] = given
        self._model: _core.Model | None = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, as scikit-learn's estimators do.

        Parameters
        ----------
        deep : bool, default True
            Without effect: no parameter is an estimator.

        Examples
        --------
        >>> import leadlens as ll
        >>> ll.LeadScorer(C=0.1).get_params()["C"]
        0.1
        """
        return dict(self._params)

    def set_params(self, **params: Any) -> LeadScorer:
        """Change parameters of the next fit and return the scorer; a fitted model stays as it is.

        Parameters
        ----------
        **params
            Parameters of the class, by name.

        Raises
        ------
        OptionError
            A parameter that the class does not have, or a value out of range.

        Examples
        --------
        >>> import leadlens as ll
        >>> ll.LeadScorer().set_params(C="cv").get_params()["C"]
        'cv'
        """
        if unknown := sorted(set(params) - set(self._params)):
            raise OptionError(f"unknown parameters {unknown}; LeadScorer has {sorted(self._params)}")
        changed = LeadScorer(**{**self._params, **params})
        self._params, self._options = changed._params, changed._options
        return self

    def _fitted(self) -> _core.Model:
        if self._model is None:
            raise LeadLensError("the scorer is not fitted: call fit(snapshot) first, or leadlens.load(path)")
        return self._model

    def fit(self, snapshot: Snapshot) -> LeadScorer:
        """Fit on a labelled snapshot and return the scorer.

        Parameters
        ----------
        snapshot : Snapshot
            Rows with labels.

        Raises
        ------
        NotEnoughDataError
            No rows, one class only, or fewer than ``min_leads`` converted or other leads.
        ConvergenceError
            The solver did not reach its tolerance.

        Warns
        -----
        LeakWarning
            Fields look as if they were known only afterwards, or misread.
        CalibrationWarning
            ``calibration`` was left out: on the later rows higher scores do not convert more often.
        """
        warn_of_leaks(snapshot._core)
        with progress() as show:
            self._model = _core.Model.train(snapshot._core, json.dumps(self._options), show)
        calibration = self.training["calibration"]
        if calibration is not None and calibration["method"] == "none" and calibration["rows"]:
            warnings.warn(calibration["remark"], CalibrationWarning, stacklevel=2)
        return self

    def score(self, snapshot: Snapshot, *, reasons: int = 5, allow_extrapolation: bool = False) -> Scores:
        """Score the rows of a snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            Leads at cutoffs; labels are not needed.
        reasons : int
            Number of contributions named, largest first.
        allow_extrapolation : bool
            Score even if more than a fifth of the leads are outside the ages the model was trained on.

        Returns
        -------
        Scores
            ``lead_id, as_of, probability, score`` (0–100, the percentile among training rows), ``grade, log_odds``, the
            parts ``fit, engagement, sales, time, joint``, ``out_of_range``, ``outside`` (the age, or the number fields,
            outside the values of training), ``reasons``; where the data has them, ``owner`` and ``value``, the amount
            of the lead's open deals as known then; with ``intervals=True`` also ``low`` and ``high``, the 95 % interval
            of the probability.

        Raises
        ------
        OutOfRangeError
            Too many leads are outside the trained ages.

        Notes
        -----
        Intervals are η ± 1.96·√(xᵀVx), mapped to probabilities, V the inverse Hessian, or the covariance robust to
        repeated rows where that is larger. A penalty shrinks coefficients by more than their standard errors, so that
        with C below 10 η and V are those of a fit of the same columns with C = 10; the interval is widened to hold the
        probability of the model where it does not. Below three leads of the rarer class per effective coefficient
        intervals hold less than 93 % of the true probabilities, and are refused. They leave out the errors of a
        calibration and of the choice of C, shapes and interactions; a level that training never saw adds none. The
        README has a table of the coverage measured.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.score(test).to_polars().columns[:3]
        ['lead_id', 'as_of', 'probability']
        """
        if reasons < 0:
            raise OptionError(f"reasons must not be negative, {reasons} is")
        with progress() as show:
            frame = pl.DataFrame(self._fitted().score(snapshot._core, reasons, allow_extrapolation, show))
        return Scores(frame, *self._fitted().scores_about(snapshot._core))

    def score_row(
        self, values: Sequence[float | str | bool | None], *, reasons: int = 5
    ) -> tuple[float, list[tuple[str, float]]]:
        """Score one lead by its feature values, in a few microseconds.

        Parameters
        ----------
        values : sequence of float, str, bool or None, length len(features)
            In the order of :attr:`features`; None or NaN is missing.
        reasons : int
            Number of contributions returned, largest first.

        Returns
        -------
        probability : float
            The same bits as :meth:`score` of the same row.
        reasons : list of (str, float)
            Feature, or interaction, and its contribution to the log-odds.

        Raises
        ------
        OptionError
            Another number of values, or infinite ones.
        SchemaError
            A text where training had numbers, or the reverse.

        Examples
        --------
        >>> import leadlens as ll
        >>> scorer = ll.LeadScorer(C=0.01).fit(ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d"))
        >>> probability, reasons = scorer.score_row([None] * len(scorer.features))
        >>> len(reasons)
        5
        """
        return self._fitted().score_row(values, reasons)

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of :meth:`score_row`."""
        return self._fitted().features()

    def explain(self, snapshot: Snapshot) -> pl.DataFrame:
        """Return every contribution of every row, long; per row they sum to the log-odds.

        Parameters
        ----------
        snapshot : Snapshot
            Leads at cutoffs.

        Returns
        -------
        polars.DataFrame
            ``lead_id, as_of, feature, part, value, contribution``; the feature ``(base)`` is the log-odds of the
            average training row.
        """
        with progress() as show:
            return pl.DataFrame(self._fitted().explain(snapshot._core, show))

    def evaluate(
        self, snapshot: Snapshot, *, by: str | None = None, precision_at: Sequence[int] = (50, 100, 200)
    ) -> Evaluation:
        """Evaluate on a labelled snapshot that the model was not fitted on.

        Parameters
        ----------
        snapshot : Snapshot
            Rows with labels.
        by : str, optional
            ``"age"`` or a lead field: the measures by group as well.
        precision_at : sequence of int
            Numbers of best rows for precision at k; those above the number of rows are left out.

        Returns
        -------
        Evaluation
            Measures with intervals over leads, or accounts where these are declared. Rows weigh what they do in the
            snapshot: 1 each, as in the population that will be scored, or the weights of ``maturity="ipcw"``. Remarks
            say how the rows were held out, and how many of the leads were trained on in the same period.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.evaluate(test).to_polars().columns
        ['measure', 'value', 'standard_error', 'low', 'high']
        """
        with progress() as show:
            return Evaluation(*self._fitted().evaluate(snapshot._core, by, list(precision_at), show))

    def compare(
        self, other: LeadScorer, snapshot: Snapshot, *, precision_at: Sequence[int] = (50, 100, 200)
    ) -> Comparison:
        """Compare with another scorer on the same labelled rows: the difference of each measure with a paired interval.

        Parameters
        ----------
        other : LeadScorer
            A fitted scorer; its features are computed from the same snapshot.
        snapshot : Snapshot
            Rows with labels that neither was fitted on.
        precision_at : sequence of int
            As in :meth:`evaluate`.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> first, second = ll.LeadScorer(C=0.01).fit(train), ll.LeadScorer(C=1.0).fit(train)
        >>> first.compare(second, test).to_polars().columns[:4]
        ['measure', 'first', 'second', 'difference']
        """
        with progress() as show:
            return Comparison(*self._fitted().compare(other._fitted(), snapshot._core, list(precision_at), show))

    def summary(self, *, reference: Mapping[str, str | float] | None = None) -> pl.DataFrame:
        """Return the coefficients with standard errors, p-values, 95 % intervals and odds ratios.

        Coefficients and odds ratios of the levels of a text are against the level in ``against``, by default the most
        frequent one, whose own row says 0 and 1. ``per`` is the unit of a number: one standard deviation, of ln(1 + it)
        where logs are taken. Standard errors are those of the inverse Hessian with the penalty, which hold for levels
        with hardly any positives as well, or the robust ones, clustered by account or lead, where these are larger.
        They, p-values and intervals are those of ``unshrunk``: with C below 10 the coefficient of a fit of the same
        columns with C = 10, since a stronger penalty shrinks coefficients by more than their standard errors;
        ``training["inference"]`` says so.

        Parameters
        ----------
        reference : dict of str to str, optional
            Level to compare with, by feature. Standard errors against another level than the most frequent need
            ``intervals=True``; they are NaN without.

        Raises
        ------
        UnknownNameError
            A feature without levels, or a level that the model does not have.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.summary().columns[:3]
        ['feature', 'level', 'against']
        """
        references = {name: str(one_name(level)) for name, level in (reference or {}).items()}
        return pl.DataFrame(self._fitted().terms(references))

    def effect(
        self, feature: str, values: Sequence[float] | None = None, *, reference: str | float | None = None
    ) -> pl.DataFrame:
        """Return the contribution of a feature over its values.

        Parameters
        ----------
        feature : str
            A feature of the model or an interaction ``first × second``, as in :meth:`summary`.
        values : sequence of float, optional
            Values of a number; by default 101 from three standard deviations below the mean to three above, within
            the values of training.
        reference : str, optional
            Level of a text that all others are compared with.

        Returns
        -------
        polars.DataFrame
            ``value, contribution``, one row per value of a number or level of a text: log-odds relative to the average
            training row, or to the reference. Of an interaction ``first, second, contribution, weight``, the weight
            that of training rows.

        Raises
        ------
        UnknownNameError
            A feature that the model does not have.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.effect("lead_source").columns
        ['value', 'contribution']
        """
        numbers = None if values is None else [float(v) for v in values]
        return pl.DataFrame(self._fitted().effect(feature, numbers, one_name(reference)))

    def plot_effect(self, feature: str) -> Any:
        """Return an Altair chart of :meth:`effect`: a curve, bars, or a heat map of an interaction.

        Parameters
        ----------
        feature : str
            As in :meth:`effect`.
        """
        return effect_chart(feature, self.effect(feature))

    def plot_validation(self) -> Any:
        """Return an Altair chart of held-out log loss by C, with the standard error, for ``C="cv"``.

        Raises
        ------
        OptionError
            C was not chosen on held-out rows.
        """
        validation = self.training["validation"]
        if validation is None:
            raise OptionError('there is no path to plot: C was given; use C="cv"')
        return validation_chart(validation)

    def with_base_rate(self, rate: float) -> LeadScorer:
        """Return the scorer for a population in which the share of positives is ``rate``.

        For a base rate that has changed since training, or negatives that were sampled for it: the log-odds move by
        logit(rate) − logit(rate in training); reasons stay as they are.

        Parameters
        ----------
        rate : float
            Share of positives, between 0 and 1.

        Raises
        ------
        OptionError
            A rate out of range, or an isotonic or beta calibration, which belongs to the old rate.

        References
        ----------
        G. King, L. Zeng, "Logistic regression in rare events data", Political Analysis 9, 2001, eq. 7.
        """
        other = LeadScorer()
        other._options, other._params = self._options, self._params
        other._model = self._fitted().with_base_rate(rate)
        return other

    @property
    def training(self) -> dict[str, Any]:
        """Facts of the training: rows, period, ages, solver, gradient, features left out."""
        facts: dict[str, Any] = json.loads(self._fitted().training())
        return facts

    @property
    def base(self) -> float:
        """Log-odds of the average training row."""
        return self._fitted().base

    def save(self, path: str | Path) -> None:
        """Write the model as JSON; a reader never sees half a file.

        Parameters
        ----------
        path : str or Path
            Destination.
        """
        self._fitted().save(str(path))

    def __getstate__(self) -> dict[str, Any]:
        model = None if self._model is None else self._model.to_json()
        return {"options": self._options, "params": self._params, "model": model}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._options, self._params = state["options"], state["params"]
        self._model = None if state["model"] is None else _core.Model.from_json(state["model"])

    def __repr__(self) -> str:
        return "LeadScorer (not fitted)" if self._model is None else self._model.text(15)

    def _repr_html_(self) -> str:
        return pre(repr(self))


def load(path: str | Path) -> LeadScorer:
    """Read a saved model.

    Parameters
    ----------
    path : str or Path
        File written by :meth:`LeadScorer.save` or by the command line.

    Raises
    ------
    ModelFormatError
        The file is no complete model, or of another format version.
    MissingFileError
        There is no such file.
    """
    scorer = LeadScorer()
    scorer._model = _core.Model.load(str(path))
    return scorer
