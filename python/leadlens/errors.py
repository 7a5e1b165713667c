"""Exceptions, one class per family with a stable slug in ``kind``, and warnings."""

from __future__ import annotations

import pickle


class LeadLensError(Exception):
    """Base of all errors of leadlens.

    Attributes
    ----------
    kind : str
        Stable identifier of the exact error; it does not change between releases.
    """

    kind: str = "leadlens"


class SchemaError(LeadLensError, ValueError):
    """Input tables do not have the declared shape.

    Attributes
    ----------
    violations : list of (str, str or None, str)
        Table, column and problem of every violation found.
    """

    kind = "schema"

    violations: list[tuple[str, str | None, str]]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.violations = []


class ReadError(LeadLensError, OSError):
    """A file cannot be read."""

    kind = "read"


class MissingFileError(ReadError, FileNotFoundError):
    """A file does not exist."""


class WriteError(LeadLensError, OSError):
    """A file cannot be written; nothing is left at the destination."""

    kind = "write"


class ConfigError(LeadLensError, ValueError):
    """A configuration has an unknown key or a wrong value."""

    kind = "config"


class OptionError(LeadLensError, ValueError):
    """An option has a value that is not allowed."""

    kind = "invalid_option"


class ColumnTypeError(OptionError, TypeError):
    """A column has a type that is not supported, such as lists, dicts or complex numbers."""


class UnknownNameError(LeadLensError, LookupError):
    """The data does not have a stage, event kind, field or feature of this name."""

    kind = "unknown_name"


class NotEnoughDataError(LeadLensError, ValueError):
    """The data has no rows left, only one class, or too few leads."""

    kind = "no_rows"


class FitError(LeadLensError):
    """The model cannot be fitted."""

    kind = "singular"


class NotFittedError(LeadLensError, ValueError, AttributeError):
    """An estimator is used before ``fit``."""

    kind = "not_fitted"


class ConvergenceError(FitError):
    """The solver stopped before the gradient was small enough."""

    kind = "not_converged"


class SeparationError(FitError):
    """Columns separate the classes without error, so the coefficients have no finite value."""

    kind = "separated"


class OutOfRangeError(LeadLensError, ValueError):
    """Too many leads lie outside the ages the model was trained on."""

    kind = "out_of_range"


class ModelFormatError(LeadLensError, ValueError):
    """A model file is damaged, or of another format version."""

    kind = "model_format"


class PicklingError(LeadLensError, pickle.PicklingError, TypeError):
    """Journeys, snapshots and results cannot be pickled; use ``Journeys.save`` and ``Journeys.open`` instead."""

    kind = "pickling"


class MissingPackageError(LeadLensError, ImportError):
    """An optional package is not installed; the message says how to install it."""

    kind = "missing_package"


class InternalError(LeadLensError, RuntimeError):
    """A defect of leadlens or of a library that it uses; please report it."""

    kind = "internal"


class LeakWarning(UserWarning):
    """A field looks as if it was recorded after the outcome, or has a misread type.

    The field is still used. :meth:`leadlens.Journeys.check` lists such fields with evidence and a remedy.
    """


class DataWarning(UserWarning):
    """A table is probably declared wrongly: few of its rows are used, or it ends before the others."""


class CalibrationWarning(UserWarning):
    """Probabilities are not calibrated, because higher scores do not convert more often on the calibration rows."""
