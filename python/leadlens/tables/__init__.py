"""Declarations of tables, one file per role."""

from .accounts import Accounts
from .cutoffs import Cutoffs
from .events import Events
from .fields import Fields
from .keys import literal, lookup
from .leads import Leads
from .spend import Spend
from .stages import Stages

__all__ = ["Accounts", "Cutoffs", "Events", "Fields", "Leads", "Spend", "Stages", "literal", "lookup"]
