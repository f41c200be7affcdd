"""Observe: what there is to see in a program and in a run."""

from .comparison import Comparison, compare
from .contributions import contributions
from .diagnosis import Diagnosis, Verdict, diagnose
from .explain import Explanation, explain
from .gradients import GradientCheck, check_gradients
from .observations import OBSERVATIONS, observation_names, observed
from .observer import Observer
from .stepping import Stepping, step_through
from .trace import Trace, trace

__all__ = [
    "OBSERVATIONS", "Comparison", "Diagnosis", "Explanation", "GradientCheck", "Observer", "Stepping", "Trace",
    "Verdict",
    "check_gradients", "compare", "contributions", "diagnose", "explain", "observation_names", "observed",
    "step_through", "trace",
]  # fmt: skip
