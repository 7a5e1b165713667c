"""How results are shown, and how they become frames of other libraries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import polars as pl

from . import _core

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Shown(ABC):
    """The text of an object, and its HTML in notebooks."""

    @abstractmethod
    def _shown(self) -> _core._Texts:
        """Return the text, the section of a page, and the HTML of a notebook."""

    def __repr__(self) -> str:
        return self._shown()[0]

    def _repr_html_(self) -> str:
        return self._shown()[2]


class Tabular(Shown):
    """An object with a main table, as polars, pandas and pyarrow have it.

    Notebooks show it as HTML tables without scripts and style sheets, which JupyterLab removes from outputs that it
    does not trust. To sort a table, use :meth:`to_pandas`.
    """

    @abstractmethod
    def to_polars(self) -> pl.DataFrame:
        """Return the main table."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the table of :meth:`to_polars` as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            The same rows and columns. Times keep their zone, dates are midnights of ``datetime64``, and integers and
            booleans with missing values have the nullable types of pandas, such as ``Int64``.

        Raises
        ------
        ImportError
            pandas or pyarrow is not installed.

        See Also
        --------
        leadlens.Journeys.funnel : A result with this method.

        Examples
        --------
        >>> import leadlens as ll
        >>> funnel = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> funnel.to_pandas()["leads"].to_list()
        [5000, 4629, 402]
        """
        return pandas_frame(self.to_polars())

    def to_arrow(self) -> pa.Table:
        """Return the table of :meth:`to_polars` as a pyarrow table.

        Returns
        -------
        pyarrow.Table
            The same rows, columns and types.

        Raises
        ------
        ImportError
            pyarrow is not installed.

        See Also
        --------
        leadlens.Journeys.funnel : A result with this method.

        Examples
        --------
        >>> import leadlens as ll
        >>> funnel = ll.datasets.b2b_saas().funnel(["created", "sql", "closed_won"], window="60d")
        >>> funnel.to_arrow().column("leads").to_pylist()
        [5000, 4629, 402]
        """
        require("to_arrow", "pyarrow")
        return self.to_polars().to_arrow()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_polars().__arrow_c_stream__(requested_schema)


def shown_number(x: float | None) -> str:
    """Return a number with four decimals, or two digits and an exponent where these are zeros; a dash for none."""
    if x is None or x != x:
        return "–"
    if abs(x) == float("inf"):
        return "∞" if x > 0 else "−∞"
    return f"{x:.4f}" if x == 0 or abs(x) >= 1e-4 else f"{x:.1e}"


def require(method: str, *modules: str) -> None:
    """Raise an error that says what to install if a module is missing."""
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ImportError(f"{method} requires {' and '.join(missing)}; install with: pip install {' '.join(missing)}")


def pandas_frame(table: pl.DataFrame) -> pd.DataFrame:
    """Return a frame of pandas; integers and booleans with missing values are nullable."""
    require("to_pandas", "pandas", "pyarrow")
    import pandas as pd

    arrow = table.to_arrow()
    nullable = [c.name for c in table if c.null_count() and (c.dtype.is_integer() or c.dtype == pl.Boolean)]
    if not nullable:
        frame: pd.DataFrame = arrow.to_pandas(date_as_object=False)
        return frame
    types = {"bool": pd.BooleanDtype()}
    for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"):
        types[name.lower()] = getattr(pd, f"{name}Dtype")()
    parts = [
        arrow.drop(nullable).to_pandas(date_as_object=False),
        arrow.select(nullable).to_pandas(types_mapper=lambda of: types.get(str(of))),
    ]
    return pd.concat(parts, axis=1)[table.columns]
