"""Plans: what an estimator's parameters declare, derived and made ready to run once for all who declare the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..derivation import Declaration
from ..engines import make_engine
from ..engines.engine import Engine
from ..formulas.activations import activation as find_activation
from ..formulas.layers import Dense, Dropout, Layer
from ..formulas.losses import Loss
from ..formulas.losses import loss as find_loss
from ..formulas.optimizers import Optimizer
from ..formulas.optimizers import optimizer as find_optimizer
from ..formulas.schedules import Schedule
from ..network import Network
from ..program.steps import Program
from .rules import ACTIVATIONS, BINARY_LOG_LOSS, LOG_LOSS, OWN_LOSSES, FoldedAdam, penalty, sgd

PREPARED = 64  # programs kept ready


class Plan:
    """A declaration, on an engine, in a dtype. Plans are equal where one compiled program serves both.

    Rates, strengths and the like are numbers given at run time; all else is the structure of the program.
    """

    def __init__(
        self, declaration: Declaration, engine: str, dtype: str, library: Any = None, threads: int = 1
    ) -> None:
        self.declaration, self.engine_name, self.dtype, self.library = declaration, engine, dtype, library
        self.threads = int(threads)
        optimizer = declaration.optimizer
        schedule = replace(optimizer.rate, rate=0.0) if isinstance(optimizer.rate, Schedule) else None
        rule = (optimizer.slots, optimizer.scalars, optimizer.update, *optimizer.hyperparameters, schedule)
        parts = (type(optimizer), rule, type(declaration.penalty), declaration.clip_norm is None, declaration.weighted)
        self.key = repr((declaration.network, declaration.loss, parts, engine, dtype, str(library), self.threads))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def engine(self) -> Engine:
        """The program made ready; its own numbers are those of the first who asked."""
        return prepared(self)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The numbers to run with; the first one is the learning rate."""
        return self.declaration.hyperparameters

    @property
    def program(self) -> Program:
        """The program, with the numbers declared."""
        program = self.engine.program
        numbers: Mapping[str, Any] = {"hyperparameters": self.hyperparameters, "declaration": self.declaration}
        return replace(program, **numbers, unfolded=program.unfolded and replace(program.unfolded, **numbers))


@lru_cache(maxsize=PREPARED)
def prepared(plan: Plan) -> Engine:
    program, options = plan.declaration.derive(), {"library": plan.library, "threads": plan.threads}
    return make_engine(program, plan.engine_name, plan.dtype, **options)


# --- from parameters to a declaration --------------------------------------------------------------------------------


def network(settings: Any, inputs: int, widths: list[int], outputs: int, out_activation: str) -> Network:
    """The network that hidden_layer_sizes, activation, dropout and batch_norm declare."""
    activations = per_layer("activation", settings.activation, len(widths))
    rates = per_layer("dropout", settings.dropout, len(widths))
    layers: list[Layer] = []
    for width, activation, rate in zip(widths, activations, rates, strict=True):
        layers.append(Dense(width, translated(activation), batch_norm=bool(settings.batch_norm)))
        layers += [Dropout(rate)] if rate else []
    return Network(inputs, [*layers, Dense(outputs, translated(out_activation))])


def per_layer(name: str, given: Any, layers: int) -> list[Any]:
    """One value for each hidden layer, from one for all or from a list of them."""
    if not isinstance(given, (list, tuple)):
        return [given] * layers
    if len(given) != layers:
        raise ValueError(f"{name} lists {len(given)} values, but hidden_layer_sizes {layers}")
    return list(given)


def translated(activation: Any) -> Any:
    """scikit-learn's name of an activation in the book's."""
    return ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else activation


def is_logistic(activation: Any) -> bool:
    return find_activation(translated(activation)).op == "sigmoid"


def loss(given: Any, out_activation: str) -> Loss:
    """The loss by scikit-learn's name, or as the book reads it."""
    if isinstance(given, str) and given == "log_loss":
        return LOG_LOSS if find_activation(translated(out_activation)).probability == "row" else BINARY_LOG_LOSS
    return OWN_LOSSES[given] if isinstance(given, str) and given in OWN_LOSSES else find_loss(given)


def optimizer(settings: Any) -> Optimizer:
    """What `optimizer` gives, or else what `solver` stands for."""
    rate = float(settings.learning_rate_init)
    if isinstance(settings.optimizer, Optimizer):
        return settings.optimizer
    if settings.optimizer is not None:
        return find_optimizer(settings.optimizer)(rate)
    if settings.solver == "sgd":
        return sgd(rate, float(settings.momentum), bool(settings.nesterovs_momentum))
    return FoldedAdam(rate, float(settings.beta_1), float(settings.beta_2), float(settings.epsilon))


def declare(settings: Any, layers: Network, loss: Loss, rule: Optimizer, weighted: bool) -> Declaration:
    """The declaration of one fit."""
    strengths = penalty(float(settings.alpha), float(settings.l1), summed=loss.reduction == "sum")
    clip = None if settings.clip_norm is None else float(settings.clip_norm)
    return Declaration(layers, loss, rule, strengths, clip_norm=clip, weighted=weighted)


__all__ = ["Plan", "declare", "is_logistic", "loss", "network", "optimizer", "per_layer", "translated"]
