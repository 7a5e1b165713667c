"""Bundled data: a synthetic B2B world with all its tables, and a real table of phone contacts."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from .journeys import Journeys

__all__ = ["b2b_saas", "bank_marketing", "folder"]


def folder(name: str) -> Path:
    """Return the folder of a bundled data set; its README says where the data comes from.

    Parameters
    ----------
    name : {"b2b_saas", "bank_marketing"}
        The data set.

    Examples
    --------
    >>> import leadlens as ll
    >>> (ll.datasets.folder("b2b_saas") / "README.md").exists()
    True
    """
    return Path(__file__).parent / "data" / name


def b2b_saas() -> Journeys:
    """Return the journeys of a synthetic B2B SaaS world: 5,000 leads of January 2024, followed until 28 April.

    Made with leadforge 1.0.0 (MIT), recipe ``b2b_saas_procurement_v1``; declared in ``leadlens.toml`` of its folder.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.datasets.b2b_saas()
    Journeys: 5000 leads, 130107 events, 6858 stage entries, 15 kinds, observed until 2024-04-29T00:00:00Z
    """
    return Journeys.from_config(folder("b2b_saas") / "leadlens.toml")


def bank_marketing() -> pl.DataFrame:
    """Return 45,211 phone contacts of a bank with their outcome ``y``: a real table of leads without times.

    S. Moro, P. Cortez, P. Rita, "A data-driven approach to predict the success of bank telemarketing", Decision
    Support Systems, 2014; UCI Machine Learning Repository, CC BY 4.0. ``duration`` is known only after the call, so it
    is no field; rows are in order of date; ``contact_id`` is the row number.

    Examples
    --------
    >>> import leadlens as ll
    >>> ll.datasets.bank_marketing().shape
    (45211, 18)
    """
    table = pl.read_csv(folder("bank_marketing") / "bank-full.csv.gz", separator=";")
    return table.with_row_index("contact_id")
