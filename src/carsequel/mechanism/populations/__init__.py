"""Virtual patients by disease and product: an ensemble of parameter sets, and draws from it."""

from carsequel.mechanism.populations.draw import Drawn, draw_patients
from carsequel.mechanism.populations.ensemble import Member, ensemble, populations

__all__ = ["Drawn", "Member", "draw_patients", "ensemble", "populations"]
