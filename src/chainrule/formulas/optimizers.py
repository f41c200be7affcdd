"""Optimizers: one small class each. Its rule is written as in the paper: w the parameter, g its gradient."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from .numbers import is_finite
from .schedules import Schedule


@dataclass(frozen=True)
class Optimizer:
    """How a parameter follows its gradient.

    slots       the letters of the state kept beside each parameter: `mW1` is slot m of W1; slots start at zero
    scalars     assignments made once per step, before the updates, in terms of t and the fields
    update      the assignments for one parameter w with gradient g, in order, each seeing the ones before
    notes       for each of them what it is, a key of the message catalogue without its `note.`
    title       what it is called in words, where the name of the class is none
    fractions   fields below 1: how much of what was stays

    The fields are numbers given at run time (`rate` under the name `learning_rate`). Changing one never derives anew.

    Fields
        rate        the learning rate: a number of at least 0, or a schedule
    Raises
        ValueError: a field that is no finite number of at least 0; mu, rho, rho1 or rho2 that is not below 1.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    scalars: ClassVar[tuple[str, ...]] = ()
    update: ClassVar[tuple[str, ...]] = ()
    notes: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str] = ""
    fractions: ClassVar[tuple[str, ...]] = ("mu", "rho", "rho1", "rho2")

    rate: float | Schedule = 0.01

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            value = value.rate if isinstance(value, Schedule) else value
            called = f"{type(self).__name__}: {field.name}"
            if not is_finite(value) or value < 0:
                raise ValueError(f"{called} must be a number of at least 0, not {value!r:.40}")
            if field.name in self.fractions and value >= 1:
                raise ValueError(f"{called} must be at least 0 and below 1, not {value!r:.40}")

    @property
    def words(self) -> str:
        return self.title or type(self).__name__

    @property
    def notes_of_update(self) -> tuple[str, ...]:
        """A note for every assignment; the last one is the step itself."""
        return self.notes or ("slot",) * (len(self.update) - 1) + ("update",)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The fields by name; the rate is `learning_rate`, or `rate` where a schedule computes the learning rate."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "rate"}
        if isinstance(self.rate, Schedule):
            return {"rate": float(self.rate.rate), **values}
        return {"learning_rate": float(self.rate), **values}


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """Steepest descent: a step of the rate against the gradient.

    Source
        Cauchy, Comptes rendus 25 (1847), 536-538.
    """

    update = ("w -= learning_rate * g",)
    title = "gradient descent"


@dataclass(frozen=True)
class Momentum(Optimizer):
    """The heavy ball, in PyTorch's form (the rate outside the velocity).

    Fields
        mu          how much of the velocity stays from step to step, in [0, 1)
    Source
        Polyak, USSR Computational Mathematics and Mathematical Physics 4 (1964), 1-17.
    """

    slots = ("v",)
    update = ("v = mu * v + g", "w -= learning_rate * v")
    notes = ("velocity", "update_velocity")
    title = "momentum"

    mu: float = 0.9


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Momentum that looks ahead, as PyTorch writes it.

    Fields
        mu          how much of the velocity stays from step to step, in [0, 1)
    Source
        Nesterov, Soviet Mathematics Doklady 27 (1983), 372-376; in the form of Sutskever et al., ICML (2013).
    """

    slots = ("v",)
    update = ("v = mu * v + g", "w -= learning_rate * (g + mu * v)")
    notes = ("velocity", "update_ahead")
    title = "Nesterov momentum"

    mu: float = 0.9


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """The gradient over its running root mean square.

    Fields
        rho         how much of the mean square stays from step to step, in [0, 1)
        epsilon     added to the root, against a division by zero
    Source
        Hinton, Neural Networks for Machine Learning, lecture 6e (2012).
    """

    slots = ("s",)
    update = ("s = rho * s + (1 - rho) * g**2", "w -= learning_rate * g / (sqrt(s) + epsilon)")
    notes = ("mean_square", "update_scaled")

    rho: float = 0.99
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """The gradient over the root of all its squares so far.

    Fields
        epsilon     added to the root, against a division by zero
    Source
        Duchi, Hazan & Singer, JMLR 12 (2011), 2121-2159.
    """

    slots = ("s",)
    update = ("s += g**2", "w -= learning_rate * g / (sqrt(s) + epsilon)")
    notes = ("sum_square", "update_scaled")

    epsilon: float = 1e-10


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moments: the running mean of the gradient over the root of that of its square.

    Fields
        rho1, rho2  how much of either mean stays from step to step, in [0, 1): the paper's beta1 and beta2
        epsilon     added to the root, against a division by zero
    Source
        Kingma & Ba, ICLR (2015), algorithm 1.
    """

    slots = ("m", "v")
    scalars = ("correction1 = 1 - rho1**t", "correction2 = 1 - rho2**t")
    update: ClassVar[tuple[str, ...]] = (
        "m = rho1 * m + (1 - rho1) * g",
        "v = rho2 * v + (1 - rho2) * g**2",
        "w -= learning_rate * (m / correction1) / (sqrt(v / correction2) + epsilon)",
    )
    notes: ClassVar[tuple[str, ...]] = ("mean_gradient", "mean_square", "update_adam")

    rate: float | Schedule = 0.001
    rho1: float = 0.9
    rho2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with the parameters decayed apart from the gradient.

    Fields
        decay       what share of a parameter is taken away at each step, times the rate
    Source
        Loshchilov & Hutter, ICLR (2019), algorithm 2.
    """

    update = ("w *= 1 - learning_rate * decay", *Adam.update)
    notes = ("decay", *Adam.notes)

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
