"""Remedies: what a verdict advises, as changes that can be applied to a training and rerun."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..formulas.layers import Dense
from ..formulas.optimizers import Optimizer
from ..formulas.schedules import Schedule
from ..network import Network
from ..training import EarlyStopping, Training
from .observer import Observer


@dataclass(frozen=True)
class Remedy:
    """What to change.

    rate            the learning rate times this
    activation      of the hidden layers
    initial         weights drawn as their activation needs it, in place of given ones
    scale           every column of X minus its mean, divided by its standard deviation
    loss            cross_entropy: the one that goes with the output
    class_weight    balanced
    stopping        stop at the best validation loss, and take its weights
    """

    rate: float = 1.0
    activation: str = ""
    initial: bool = False
    scale: bool = False
    loss: str = ""
    class_weight: str = ""
    stopping: bool = False


def remedied(run: Training, remedy: Remedy) -> Training:
    """A new training of the same data with the same seed, with the remedy applied; not yet fitted."""
    declared = run.program.declaration
    changes: dict[str, Any] = {}
    optimizer: Optimizer = declared.optimizer
    if remedy.rate != 1.0:
        rate: Any = optimizer.rate
        scheduled = isinstance(rate, Schedule)
        other = replace(rate, rate=rate.rate * remedy.rate) if scheduled else rate * remedy.rate
        changes["optimizer"] = replace(optimizer, rate=other)
    network: Network = declared.network
    layers = list(network.layers)
    last = max(i for i, layer in enumerate(layers) if isinstance(layer, Dense))
    for i, layer in enumerate(layers):
        if isinstance(layer, Dense) and remedy.activation and i != last:
            layers[i] = replace(layer, activation=remedy.activation, initial=None)
        elif isinstance(layer, Dense) and remedy.initial:
            layers[i] = replace(layer, activation=layer.then.formula, initial=None)
    loss = declared.loss
    if remedy.loss:
        from ..formulas.losses import loss as find_loss

        several = network.outputs > 1
        loss = find_loss("softmax_cross_entropy" if several else "binary_cross_entropy")
        output = layers[last]
        assert isinstance(output, Dense)
        layers[last] = replace(output, activation="softmax" if several else "sigmoid")
        changes["loss"] = loss
    changes["network"] = Network(network.inputs, layers)
    program = declared.changed(**changes).derive()
    X, validation = run.X, run.validation
    if remedy.scale:
        mean, spread = X.mean(axis=0), X.std(axis=0)
        spread = np.where(spread > 0, spread, 1)
        X = (X - mean) / spread
        validation = None if validation is None else ((validation[0] - mean) / spread, validation[1])
    callbacks: list[Any] = [Observer(c.every, c.rows, c.observations) for c in run.callbacks if isinstance(c, Observer)]
    if remedy.stopping and validation is not None:
        callbacks.append(EarlyStopping(patience=max(5, run.epochs // 20)))
    weights = run.inputs.get("sample_weight")
    given = {} if remedy.initial or remedy.activation else run.given
    return Training(
        program, X, run.y, epochs=run.epochs, batch_size=run.batch_size, seed=run.seed, engine=run.engine.name,
        dtype=run.engine.dtype.name, validation=validation, callbacks=callbacks, parameters=given,
        sample_weight=None if weights is None else weights[:, 0], class_weight=remedy.class_weight or None,
    )  # fmt: skip


__all__ = ["Remedy", "remedied"]
