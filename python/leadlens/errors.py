"""Exceptions: one class per family, whose ``kind`` is a stable slug of the exact error; and warnings."""

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

    violations: list[tuple[str, str | None, str]]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.violations = []


class ReadError(LeadLensError, OSError):
    """A file cannot be read."""


class MissingFileError(ReadError, FileNotFoundError):
    """A file does not exist."""


class WriteError(LeadLensError, OSError):
    """A file cannot be written; nothing is left at the destination."""


class ConfigError(LeadLensError, ValueError):
    """A configuration has an unknown key or a wrong value."""


class OptionError(LeadLensError, ValueError):
    """An option has a value that is not allowed."""


class ColumnTypeError(OptionError, TypeError):
    """A column holds values of a type that cannot be used, such as lists, dicts or complex numbers."""


class UnknownNameError(LeadLensError, LookupError):
    """A stage, event kind, field or feature that the data does not have."""


class NotEnoughDataError(LeadLensError, ValueError):
    """No rows are left, or only one class, or too few leads."""


class FitError(LeadLensError):
    """The model cannot be fitted."""


class ConvergenceError(FitError):
    """The solver stopped before the gradient was small enough."""


class SeparationError(FitError):
    """Columns tell the classes apart without error, so that their coefficients have no finite value."""


class OutOfRangeError(LeadLensError, ValueError):
    """Too many leads lie outside the ages the model was trained on."""


class ModelFormatError(LeadLensError, ValueError):
    """A model file is damaged, or of another format version."""


class PicklingError(LeadLensError, pickle.PicklingError, TypeError):
    """Journeys and what holds them are not pickled; ``Journeys.save`` and ``Journeys.open`` bring them elsewhere."""


class InternalError(LeadLensError, RuntimeError):
    """A defect of leadlens or of a library it uses; please report it."""


class LeakWarning(UserWarning):
    """A field looks as if it were known only afterwards, or as if its type was misread.

    Nothing is left out for it. :meth:`leadlens.Journeys.check` lists the fields with evidence and what to do.
    """


class DataWarning(UserWarning):
    """Tables are probably not what was meant: few of their rows are used, or they end before others."""


class CalibrationWarning(UserWarning):
    """Probabilities are not calibrated: on the rows of the calibration higher scores do not convert more often."""
