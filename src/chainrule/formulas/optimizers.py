"""Optimizers: one small class each. Its rule is written as in the paper: w the parameter, g its gradient."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from .schedules import Schedule


@dataclass(frozen=True)
class Optimizer:
    """How a parameter follows its gradient.

    slots       the letters of the state kept beside each parameter: `mW1` is slot m of W1; slots start at zero
    scalars     assignments made once per step, before the updates, in terms of t and the fields
    update      the assignments for one parameter w with gradient g, in order, each seeing the ones before

    The fields are numbers given at run time (`rate` under the name `learning_rate`). Changing one never derives anew.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    scalars: ClassVar[tuple[str, ...]] = ()
    update: ClassVar[tuple[str, ...]] = ()

    rate: float | Schedule = 0.01

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            value = value.rate if isinstance(value, Schedule) else value
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise ValueError(f"{type(self).__name__}: {field.name} must be a number of at least 0, not {value!r}")

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The fields by name; the rate is `learning_rate`, or `rate` where a schedule computes the learning rate."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "rate"}
        if isinstance(self.rate, Schedule):
            return {"rate": float(self.rate.rate), **values}
        return {"learning_rate": float(self.rate), **values}


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """Steepest descent."""

    update = ("w -= learning_rate * g",)


@dataclass(frozen=True)
class Momentum(Optimizer):
    """The heavy ball: Polyak (1964), in PyTorch's form (the rate outside the velocity)."""

    slots = ("v",)
    update = ("v = mu * v + g", "w -= learning_rate * v")

    mu: float = 0.9


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Momentum that looks ahead: Nesterov (1983), in the form of Sutskever et al. (2013) as PyTorch writes it."""

    slots = ("v",)
    update = ("v = mu * v + g", "w -= learning_rate * (g + mu * v)")

    mu: float = 0.9


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """The gradient over its running root mean square: Hinton, lecture 6e (2012)."""

    slots = ("s",)
    update = ("s = rho * s + (1 - rho) * g**2", "w -= learning_rate * g / (sqrt(s) + epsilon)")

    rho: float = 0.99
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """The gradient over the root of all its squares so far: Duchi, Hazan & Singer (2011)."""

    slots = ("s",)
    update = ("s += g**2", "w -= learning_rate * g / (sqrt(s) + epsilon)")

    epsilon: float = 1e-10


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moments: Kingma & Ba (2015), algorithm 1."""

    slots = ("m", "v")
    scalars = ("correction1 = 1 - rho1**t", "correction2 = 1 - rho2**t")
    update: ClassVar[tuple[str, ...]] = (
        "m = rho1 * m + (1 - rho1) * g",
        "v = rho2 * v + (1 - rho2) * g**2",
        "w -= learning_rate * (m / correction1) / (sqrt(v / correction2) + epsilon)",
    )

    rate: float | Schedule = 0.001
    rho1: float = 0.9
    rho2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with the weights decayed apart from the gradient: Loshchilov & Hutter (2019), algorithm 2."""

    update = ("w *= 1 - learning_rate * decay", *Adam.update)

    decay: float = 0.01


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "gradient_descent": GradientDescent,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamw": AdamW,
}


def optimizer(name: str) -> type[Optimizer]:
    """The optimizer of this name.  ValueError: an unknown name (the message lists the known ones)."""
    key = name.lower().replace("-", "_")
    if key not in OPTIMIZERS:
        raise ValueError(f"unknown optimizer '{name}'; known: {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[key]
