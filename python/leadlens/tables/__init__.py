"""Declarations of tables, one file per role."""

from .accounts import Accounts
from .cutoffs import Cutoffs
from .events import Events
from .fields import Fields
from .keys import Attribute, Lead, Table, literal, lookup
from .leads import Leads
from .spend import Spend
from .stages import Stages

__all__ = [
    "Accounts",
    "Attribute",
    "Cutoffs",
    "Events",
    "Fields",
    "Lead",
    "Leads",
    "Spend",
    "Stages",
    "Table",
    "literal",
    "lookup",
]
