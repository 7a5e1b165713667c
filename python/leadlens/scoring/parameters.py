"""Parameters of an estimator, with the interface of scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from ..errors import OptionError

_Self = TypeVar("_Self", bound="Parameters")


class Parameters:
    """Reads, sets and shows the parameters of a class, which are the arguments of ``__init__`` and attributes."""

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return {p.name: p.default for p in parameters if p.name != "self"}

    def _check_parameters(self) -> None:
        """Raise an error if a parameter has a wrong value."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default True
            Accepted for compatibility with scikit-learn. No parameter is an estimator.

        Returns
        -------
        dict of str to object
            Values by name of the parameter.

        See Also
        --------
        LeadScorer.set_params : Change parameters.

        Examples
        --------
        >>> import leadlens as ll
        >>> ll.LeadScorer(C=0.1).get_params()["C"]
        0.1
        """
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self: _Self, **params: Any) -> _Self:
        """Change parameters for the next fit. A model that is already fitted does not change.

        Parameters
        ----------
        **params
            Parameters of the class by name. If one is wrong, none is changed.

        Returns
        -------
        LeadScorer
            The estimator itself.

        Raises
        ------
        OptionError
            The class has no such parameter, or a value is wrong.

        See Also
        --------
        LeadScorer.get_params : Read parameters.

        Examples
        --------
        >>> import leadlens as ll
        >>> ll.LeadScorer().set_params(C="cv")
        LeadScorer(C='cv')
        """
        known = self._defaults()
        if unknown := sorted(set(params) - set(known)):
            raise OptionError(f"unknown parameters {unknown}; {type(self).__name__} has {sorted(known)}")
        changed = type(self)(**{**self.get_params(), **params})
        for name, value in changed.get_params().items():
            setattr(self, name, value)
        return self

    def _shown_parameters(self) -> str:
        """Return the class with the parameters that differ from their defaults."""
        defaults = self._defaults()
        given = {name: value for name, value in self.get_params().items() if repr(value) != repr(defaults[name])}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
