"""Tables and the roles of their columns: leads, events, stages, field histories, accounts."""

from .accounts import Accounts
from .events import Events
from .fields import Fields
from .keys import literal, lookup
from .leads import Leads
from .stages import Stages

__all__ = ["Accounts", "Events", "Fields", "Leads", "Stages", "literal", "lookup"]
