"""One file per analysis: the method of :class:`leadlens.Journeys`, its result, its charts."""

from .attribution import Attribution, Rule
from .barriers import Barriers
from .drivers import Drivers
from .funnel import Funnel
from .paths import Paths
from .stage_funnel import StageFunnel
from .time_to import TimeTo

__all__ = ["Attribution", "Barriers", "Drivers", "Funnel", "Paths", "Rule", "StageFunnel", "TimeTo"]
