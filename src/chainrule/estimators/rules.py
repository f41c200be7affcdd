"""scikit-learn's conventions as rows of the formula book: its optimizers, its penalties, its losses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..formulas.losses import LOSSES, Loss
from ..formulas.optimizers import GradientDescent, Optimizer
from ..formulas.penalties import Penalty
from ..formulas.schedules import Schedule

# --- optimizers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class VelocityMomentum(Optimizer):
    """The heavy ball with the rate inside the velocity. scikit-learn takes mu = 1, too: nothing of it is lost."""

    fractions = ()
    slots = ("v",)
    update = ("v = mu * v - learning_rate * g", "w += v")
    title = "Momentum"

    mu: float = 0.9


@dataclass(frozen=True)
class VelocityNesterov(VelocityMomentum):
    """Nesterov's momentum with the rate inside the velocity."""

    update = ("v = mu * v - learning_rate * g", "w += mu * v - learning_rate * g")
    title = "Nesterov"


@dataclass(frozen=True)
class FoldedAdam(Optimizer):
    """Adam with both corrections folded into the rate: Kingma & Ba (2015), the remark below algorithm 1.

    Its epsilon is added to the root before the correction, and is not the book's epsilon.
    """

    slots = ("m", "v")
    scalars = (
        "correction1 = 1 - rho1**t",
        "correction2 = 1 - rho2**t",
        "step_size = learning_rate * sqrt(correction2) / correction1",
    )
    update: ClassVar[tuple[str, ...]] = (
        "m = rho1 * m + (1 - rho1) * g",
        "v = rho2 * v + (1 - rho2) * g**2",
        "w -= step_size * m / (sqrt(v) + epsilon)",
    )
    title = "Adam"

    rate: float | Schedule = 0.001
    rho1: float = 0.9
    rho2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class KeepGradient(Optimizer):
    """No step at all: the gradient is kept for a solver outside, such as SciPy's L-BFGS."""

    slots = ("grad",)
    update = ("grad = g", "w = w")
    title = "LBFGS"


def sgd(rate: float, momentum: float, nesterov: bool) -> Optimizer:
    """What `solver="sgd"` stands for."""
    if momentum == 0:
        return GradientDescent(rate)
    return VelocityNesterov(rate, momentum) if nesterov else VelocityMomentum(rate, momentum)


# --- penalties -----------------------------------------------------------------------------------------------------

SQUARES, AMOUNTS = "(W**2).sum()", "abs(W).sum()"


@dataclass(frozen=True)
class SampleL2(Penalty):
    """0.5 * alpha * sum W**2, shared among the rows of the batch, as the mean loss is."""

    title = "L2"
    terms = (("0.5 * alpha / total_weight", SQUARES),)

    alpha: float


@dataclass(frozen=True)
class SampleElasticNet(Penalty):
    """The same with l1 * sum |W|."""

    title = "elastic net"
    terms = (("0.5 * alpha / total_weight", SQUARES), ("l1 / total_weight", AMOUNTS))

    alpha: float
    l1: float


@dataclass(frozen=True)
class SummedL2(Penalty):
    """For a loss that is summed over the batch."""

    title = "L2"
    terms = (("0.5 * alpha", SQUARES),)

    alpha: float


@dataclass(frozen=True)
class SummedElasticNet(Penalty):
    """The same with l1 * sum |W|."""

    title = "elastic net"
    terms = (("0.5 * alpha", SQUARES), ("l1", AMOUNTS))

    alpha: float
    l1: float


def penalty(alpha: float, l1: float, summed: bool) -> Penalty:
    """The penalty of strength alpha and, where it is above 0, l1."""
    if l1:
        return SummedElasticNet(alpha, l1) if summed else SampleElasticNet(alpha, l1)
    return SummedL2(alpha) if summed else SampleL2(alpha)


# --- losses --------------------------------------------------------------------------------------------------------

# Of several outputs the losses add up. scikit-learn's squared error reports their mean, but follows the gradient of
# their sum; here the loss is the one that is followed.
SQUARED_ERROR = replace(LOSSES["half_mean_squared_error"], name="squared_error", reduction="rows")
POISSON = replace(LOSSES["poisson"], reduction="rows")
BINARY_LOG_LOSS = replace(LOSSES["binary_cross_entropy"], name="log_loss", reduction="rows")
LOG_LOSS = replace(LOSSES["softmax_cross_entropy"], name="log_loss")

OWN_LOSSES: dict[str, Loss] = {"squared_error": SQUARED_ERROR, "poisson": POISSON}
ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names where ours differ
