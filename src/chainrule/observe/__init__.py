"""Observe: what there is to see in a program and in a run."""

from .gradients import GradientCheck, check_gradients
from .trace import Trace, trace

__all__ = ["GradientCheck", "Trace", "check_gradients", "trace"]
