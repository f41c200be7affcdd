"""chainrule: declare a neural network; read, watch and run its backpropagation.

    import chainrule as cr

    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False)
    program = cr.derive(net, loss="half_squared_error", optimizer=cr.GradientDescent(1.0))
    print(program)

The public names are loaded when they are first asked for, so that `import chainrule` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

HOMES = {
    "network": ("Network",),
    "data": ("Preparation", "find_roles", "read_table"),
    "derivation": ("derive",),
    "estimators": ("MLPClassifier", "MLPRegressor", "TablePreparer"),
    "formulas.layers": ("Activation", "BatchNorm", "Dense", "Dropout", "Layer"),
    "formulas.formula": ("Formula", "formula"),
    "formulas.losses": ("Loss",),
    "formulas.optimizers": (
        "Adagrad", "Adam", "AdamW", "GradientDescent", "Momentum", "Nesterov", "Optimizer", "RMSprop",
    ),
    "formulas.penalties": ("L1", "L2", "ElasticNet", "Penalty"),
    "formulas.schedules": ("ConstantRate", "CosineDecay", "ExponentialDecay", "Schedule", "StepDecay"),
    "program.steps": ("Program", "Step", "Update"),
    "program.text": ("FormulaError",),
    "training": ("Callback", "Diverged", "EarlyStopping", "ReduceOnPlateau", "Training"),
    "observe": (
        "Observer", "check_gradients", "compare", "contributions", "diagnose", "explain", "observed", "step_through",
        "trace",
    ),
    "models": ("Checkpoints", "Predictor", "build", "load", "resume", "save"),
    "practice": ("practice",),
    "report": ("Report", "report_on", "write_report"),
    "observe.landscape": ("Landscape", "WeightHistory", "landscape"),
    "observe.descent": ("Descent", "Differences", "descend", "differences"),
}  # fmt: skip
HOME_OF = {name: module for module, names in HOMES.items() for name in names}
ROOMS = ("plot",)  # whose names are said with the room: cr.plot.history

if TYPE_CHECKING:
    from .data import Preparation as Preparation
    from .data import find_roles as find_roles
    from .data import read_table as read_table
    from .derivation import derive as derive
    from .estimators import MLPClassifier as MLPClassifier
    from .estimators import MLPRegressor as MLPRegressor
    from .estimators import TablePreparer as TablePreparer
    from .formulas.formula import Formula as Formula
    from .formulas.formula import formula as formula
    from .formulas.layers import Activation as Activation
    from .formulas.layers import BatchNorm as BatchNorm
    from .formulas.layers import Dense as Dense
    from .formulas.layers import Dropout as Dropout
    from .formulas.layers import Layer as Layer
    from .formulas.losses import Loss as Loss
    from .formulas.optimizers import Adagrad as Adagrad
    from .formulas.optimizers import Adam as Adam
    from .formulas.optimizers import AdamW as AdamW
    from .formulas.optimizers import GradientDescent as GradientDescent
    from .formulas.optimizers import Momentum as Momentum
    from .formulas.optimizers import Nesterov as Nesterov
    from .formulas.optimizers import Optimizer as Optimizer
    from .formulas.optimizers import RMSprop as RMSprop
    from .formulas.penalties import L1 as L1
    from .formulas.penalties import L2 as L2
    from .formulas.penalties import ElasticNet as ElasticNet
    from .formulas.penalties import Penalty as Penalty
    from .formulas.schedules import ConstantRate as ConstantRate
    from .formulas.schedules import CosineDecay as CosineDecay
    from .formulas.schedules import ExponentialDecay as ExponentialDecay
    from .formulas.schedules import Schedule as Schedule
    from .formulas.schedules import StepDecay as StepDecay
    from .models import Checkpoints as Checkpoints
    from .models import Predictor as Predictor
    from .models import build as build
    from .models import load as load
    from .models import resume as resume
    from .models import save as save
    from .network import Network as Network
    from .observe import Observer as Observer
    from .observe import check_gradients as check_gradients
    from .observe import compare as compare
    from .observe import contributions as contributions
    from .observe import diagnose as diagnose
    from .observe import explain as explain
    from .observe import observed as observed
    from .observe import step_through as step_through
    from .observe import trace as trace
    from .observe.descent import Descent as Descent
    from .observe.descent import Differences as Differences
    from .observe.descent import descend as descend
    from .observe.descent import differences as differences
    from .observe.landscape import Landscape as Landscape
    from .observe.landscape import WeightHistory as WeightHistory
    from .observe.landscape import landscape as landscape
    from .practice import practice as practice
    from .program.steps import Program as Program
    from .program.steps import Step as Step
    from .program.steps import Update as Update
    from .program.text import FormulaError as FormulaError
    from .report import Report as Report
    from .report import report_on as report_on
    from .report import write_report as write_report
    from .training import Callback as Callback
    from .training import Diverged as Diverged
    from .training import EarlyStopping as EarlyStopping
    from .training import ReduceOnPlateau as ReduceOnPlateau
    from .training import Training as Training


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in HOME_OF:
        value = getattr(import_module(f".{HOME_OF[name]}", __name__), name)
    elif name in ROOMS:
        value = import_module(f".{name}", __name__)
    elif name in _functions():
        from .program.expr import Function

        value = Function(name)
    else:
        raise AttributeError(f"module 'chainrule' has no attribute '{name}'")
    globals()[name] = value
    return value


def _functions() -> tuple[str, ...]:
    """The ops that formulas in Python may use: `cr.sigmoid`, `cr.exp`, ..."""
    from .program.text import FUNCTIONS

    return (*FUNCTIONS, "equal")  # to Python, == is a question of its own


def __dir__() -> list[str]:
    return sorted({*HOME_OF, *ROOMS, *_functions()})
