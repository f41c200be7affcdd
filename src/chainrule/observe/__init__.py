"""Observe: what there is to see in a program and in a run."""

from .gradients import GradientCheck, check_gradients
from .observations import OBSERVATIONS, observation_names, observed
from .trace import Trace, trace

__all__ = [
    "OBSERVATIONS", "GradientCheck", "Trace", "check_gradients", "observation_names", "observed", "trace",
]  # fmt: skip
