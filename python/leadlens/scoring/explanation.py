"""What a fitted scorer has learned: coefficients, effects, contributions, facts of the training."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .. import _core
from .._arguments import core_snapshot
from .._charts import describe, plural, validation_chart
from .._progress import progress
from ..audits import Audit, audited
from ..errors import OptionError
from ..journeys import Journeys
from ..snapshot import Snapshot
from ..tables.encode import one_name
from .effect_chart import effect_chart
from .scorecard import Scorecard, scorecard


class Explanation(ABC):
    """The methods of :class:`LeadScorer` that read the fitted model."""

    @abstractmethod
    def _fitted(self) -> _core.Model:
        """Return the fitted model, or raise :class:`NotFittedError`."""

    @property
    def features_(self) -> list[str]:
        """Names of the features, in the order of :meth:`score_row`."""
        return self._fitted().features()

    @property
    def n_features_in_(self) -> int:
        """Number of features."""
        return len(self.features_)

    @property
    def feature_names_in_(self) -> NDArray[np.object_]:
        """Names of the features, as scikit-learn has them."""
        return np.array(self.features_, dtype=object)

    @property
    def base_(self) -> float:
        """Log-odds of the average training row."""
        return self._fitted().base

    @property
    def training_(self) -> dict[str, Any]:
        """Facts of the training: rows, period, ages, solver, gradient, features left out."""
        facts: dict[str, Any] = json.loads(self._fitted().training())
        return facts

    def scorecard(self, *, points: float = 600, odds: float = 1 / 19, pdo: float = 50) -> Scorecard:
        """Return the model as a table of whole points, which people can add up by hand.

        The points of a lead are offset + factor · log-odds, with factor = ``pdo`` / ln 2 and offset = ``points`` −
        factor · ln(``odds``). Each contribution is rounded to whole points; numbers are cut into ranges, sixteenths of
        the training rows and finer at the ends, each with the points of the mean of its rows.

        Parameters
        ----------
        points : float, default 600
            Points of a lead whose odds are ``odds``.
        odds : float, default 1/19
            Odds of the target, probability / (1 − probability), that are worth ``points``.
        pdo : float, default 50
            Points that double the odds. With more of them, points are finer and rounding matters less.

        Returns
        -------
        Scorecard
            The lines; :meth:`Scorecard.points` has the points of rows.

        Raises
        ------
        OptionError
            An option is out of range.
        NotFittedError
            The scorer is not fitted.
        ModelFormatError
            The scorer was saved by a version that kept no ranges of numbers.

        See Also
        --------
        LeadScorer.score : Exact scores.
        LeadScorer.effect : Contribution of one feature over its values.

        Notes
        -----
        Points are of log-odds before an isotonic or beta calibration; the probabilities in :meth:`Scorecard.points`
        are calibrated.

        References
        ----------
        N. Siddiqi, "Intelligent Credit Scoring", 2nd ed., Wiley 2017, ch. 10.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(every="7d", horizon="14d")
        >>> card = ll.LeadScorer(C=0.01).fit(train).scorecard(pdo=20)
        >>> card.to_polars().select("term", "level", "from", "to", "points").height > 100
        True
        """
        return scorecard(self._fitted(), points, odds, pdo)

    def explain(self, snapshot: Snapshot) -> pl.DataFrame:
        """Return every contribution to every score of a snapshot.

        Parameters
        ----------
        snapshot : Snapshot
            Leads at cutoffs.

        Returns
        -------
        polars.DataFrame
            One row per row of the snapshot and feature or interaction, and one for the base. The contributions of a row
            of the snapshot add up to its log-odds.

            - ``lead_id`` (String): id of the lead.
            - ``as_of`` (Datetime): cutoff, UTC.
            - ``feature`` (String): feature or interaction; ``(base)`` is the log-odds of the average training row.
            - ``part`` (String): part of the score that it belongs to.
            - ``value`` (String): value of the feature.
            - ``contribution`` (Float64): contribution to the log-odds.

        Raises
        ------
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.score : The largest contributions of each row.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.explain(test).columns
        ['lead_id', 'as_of', 'feature', 'part', 'value', 'contribution']
        """
        model, core = self._fitted(), core_snapshot(snapshot, "snapshot")
        with progress() as show:
            return pl.DataFrame(model.explain(core, show))

    def summary(self, *, reference: Mapping[str, str | float] | None = None) -> pl.DataFrame:
        """Return the coefficients with standard errors, p-values and intervals.

        Parameters
        ----------
        reference : dict of str to str, optional
            Level to compare the other levels with, by feature. By default the most frequent one. Standard errors
            against another level require ``intervals=True``; they are null without.

        Returns
        -------
        polars.DataFrame
            One row per number, level and interaction cell.

            - ``feature``, ``level`` (String): feature or interaction, and level of a text.
            - ``against`` (String): level that it is compared with; its own row has coefficient 0.
            - ``part`` (String): part of the score that it belongs to.
            - ``coefficient`` (Float64): change of the log-odds, per ``per`` of a number.
            - ``unshrunk`` (Float64): with C below 10, the coefficient of a fit of the same columns with C = 10, else
              the coefficient. The next four columns belong to it.
            - ``standard_error`` (Float64): standard error.
            - ``p_value`` (Float64): two-sided p-value of the test against 0.
            - ``low``, ``high`` (Float64): 95 % interval.
            - ``odds_ratio`` (Float64): exp(``coefficient``).
            - ``mean`` (Float64): mean of the column in training.
            - ``per`` (Float64): one standard deviation of the number, or of ln(1 + number) where logs are taken.

        Raises
        ------
        UnknownNameError
            The feature has no levels, or the model does not have the level.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.effect : Contribution of a feature by its value.
        LogisticRegression.inference : Statistics of a fit on arrays.

        Notes
        -----
        Standard errors are those of the inverse Hessian with the penalty, or the robust ones, clustered by account or
        lead, if these are larger. A penalty stronger than C = 10 shrinks coefficients by more than their standard
        errors; therefore the statistics belong to ``unshrunk``. ``training_["inference"]`` states the method.

        References
        ----------
        P. Huber, "The behavior of maximum likelihood estimates under nonstandard conditions", Berkeley Symposium, 1967.

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

    def _question(self) -> str:
        """Return what the probability is of."""
        training = self.training_
        target, horizon = " or ".join(training["target"]), training["snapshot"]["horizon"]
        if not target:
            return "probability of the outcome"
        return f"probability of {target}" + (f" within {horizon}" if horizon else "")

    def effect(
        self, feature: str, values: Sequence[float] | None = None, *, reference: str | float | None = None
    ) -> pl.DataFrame:
        """Return the contribution of a feature by its value.

        Parameters
        ----------
        feature : str
            Feature of the model, or an interaction ``first × second``.
        values : sequence of float, optional
            Values of a number. By default 101 values from three standard deviations below the mean to three above,
            within the range of training.
        reference : str or float, optional
            Level of a text that the others are compared with. By default contributions are relative to the average
            training row.

        Returns
        -------
        polars.DataFrame
            One row per value or level.

            - ``value`` (Float64 or String): value of a number, or level of a text.
            - ``contribution`` (Float64): contribution to the log-odds.
            - ``unshrunk`` (Float64): with C below 10, the contribution by a fit of the same columns with C = 10, else
              the contribution.
            - ``low``, ``high`` (Float64): 95 % interval around ``unshrunk``. Null where the model does not hold the
              covariance of its coefficients (``intervals=True``), except for straight numbers, and for levels against
              the most frequent one.
            - ``share`` (Float64): share of the training rows with the level, by weight, from 0 to 1. Absent for
              numbers.

            For an interaction, ``first`` and ``second`` (String) take the place of ``value``, and ``weight`` (Float64),
            the weight of the training rows, that of ``share``.

        Raises
        ------
        UnknownNameError
            The model does not have the feature.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        LeadScorer.plot_effect : Chart of this table.
        LeadScorer.summary : Coefficients with standard errors.

        Notes
        -----
        With x the columns of the feature at a value and m their means in training, the contribution is (x − m)ᵀβ, and
        its variance (x − m)ᵀV(x − m), with V as in :meth:`summary`. Without covariances, that of a straight number
        with missing values is the square of the sum of both standard errors, which is an upper bound.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> scorer.effect("lead_source").columns
        ['value', 'contribution', 'unshrunk', 'low', 'high', 'share']
        """
        numbers = None if values is None else [float(v) for v in values]
        return pl.DataFrame(self._fitted().effect(feature, numbers, one_name(reference)))

    def plot_effect(self, feature: str, *, reference: str | float | None = None) -> Any:
        """Plot the contribution of a feature by its value, in log-odds, with its 95 % interval.

        Parameters
        ----------
        feature : str
            As in :meth:`effect`.
        reference : str or float, optional
            Level of a text that the others are compared with. By default the most frequent one.

        Returns
        -------
        altair.LayerChart
            A curve with a band, levels with intervals and the number of training rows, or a heat map of an interaction
            with numbers ascending and missing values last. Points and curve are the contributions in scores; intervals
            are around the coefficients of a weaker penalty, as in :meth:`summary`. Levels and cells with fewer than 30
            training rows are pale.

        Raises
        ------
        UnknownNameError
            The model does not have the feature or level.
        NotFittedError
            The scorer is not fitted.
        MissingPackageError
            altair is not installed.

        See Also
        --------
        LeadScorer.effect : Table behind the chart.

        Examples
        --------
        >>> import leadlens as ll
        >>> train, test = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d").split(0.3, by="group")
        >>> scorer = ll.LeadScorer(C=0.01).fit(train)
        >>> type(scorer.plot_effect("lead_source")).__name__
        'LayerChart'
        """
        table = self.effect(feature, reference=reference)
        if reference is None and "share" in table.columns and table.height:
            # The most frequent level, against which standard errors exist without covariances as well.
            levels = table.filter(~pl.col("value").is_in(["(other)", "(missing)"]))
            reference = (levels if levels.height else table).sort("share", descending=True, maintain_order=True)[
                "value"
            ][0]
            table = self.effect(feature, reference=reference)
        against = None if reference is None else str(one_name(reference))
        return effect_chart(feature, table, against, self.training_, self._question())

    def audit(
        self,
        train: Snapshot,
        *,
        test: Snapshot | None = None,
        dictionary: Mapping[str, str] | None = None,
        previous_export: Journeys | None = None,
        alpha: float = 0.05,
        allow: str | Sequence[str] = (),
    ) -> Audit:
        """Audit the fields that the model reads: :func:`leadlens.audit` without the others.

        Parameters
        ----------
        train : Snapshot
            Labelled snapshot, such as the one that the scorer was fitted on.
        test : Snapshot, optional
            The other side of its split, to compare with.
        dictionary : mapping of str to str, optional
            Meaning of fields in words.
        previous_export : Journeys, optional
            An earlier export of the leads, to find values that changed since.
        alpha : float, default 0.05
            Largest chance that any test finds something in clean data.
        allow : str or sequence of str, default ()
            Fields whose findings are known. They are counted and not listed.

        Returns
        -------
        Audit
            Findings with evidence, severity and what to do.

        Raises
        ------
        NotEnoughDataError
            A class has fewer than 40 leads.
        NotFittedError
            The scorer is not fitted.

        See Also
        --------
        leadlens.audit : Audit all fields, with the methods and their references.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> audit = ll.LeadScorer(C=0.01).fit(train).audit(train)
        >>> audit.to_polars().filter(severity="critical").height
        0
        """
        return audited(train, test, dictionary, previous_export, alpha, allow, self.features_)

    def plot_validation(self) -> Any:
        """Plot the held-out log loss by C, for ``C="cv"``.

        Returns
        -------
        altair.LayerChart
            Mean loss with a band of one standard error, and the chosen C.

        Raises
        ------
        OptionError
            The scorer was fitted with a given C.
        NotFittedError
            The scorer is not fitted.
        MissingPackageError
            altair is not installed.

        See Also
        --------
        LeadScorer : Parameter ``C``.

        Examples
        --------
        >>> import leadlens as ll
        >>> train = ll.datasets.b2b_saas().snapshot(after="31d", horizon="59d")
        >>> type(ll.LeadScorer(C="cv").fit(train).plot_validation()).__name__
        'LayerChart'
        """
        validation = self.training_["validation"]
        if validation is None:
            raise OptionError('validation losses are available only with C="cv"')
        return validation_chart(validation, describe(self._question(), plural(self.training_["rows"], "training row")))
