"""Observe: what there is to see in a program and in a run."""

from .comparison import Comparison, compare
from .diagnosis import Diagnosis, Verdict, diagnose
from .explain import Explanation, contributions, explain
from .gradients import GradientCheck, check_gradients
from .observations import OBSERVATIONS, observation_names, observed
from .observer import Observer
from .trace import Trace, trace

__all__ = [
    "OBSERVATIONS", "Comparison", "Diagnosis", "Explanation", "GradientCheck", "Observer", "Trace", "Verdict",
    "check_gradients", "compare", "contributions", "diagnose", "explain", "observation_names", "observed", "trace",
]  # fmt: skip
