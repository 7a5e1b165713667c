"""The analyses as methods of journeys."""

from .attribution import AttributionMethod
from .barriers import BarriersMethod
from .drivers import DriversMethod
from .funnel import FunnelMethod
from .paths import PathsMethod
from .stage_funnel import StageFunnelMethod
from .time_to import TimeToMethod

__all__ = ["Analyses"]


class Analyses(
    FunnelMethod,
    DriversMethod,
    BarriersMethod,
    PathsMethod,
    StageFunnelMethod,
    TimeToMethod,
    AttributionMethod,
):
    """Passes over the index of :class:`leadlens.Journeys`."""
