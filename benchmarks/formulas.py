"""Every activation, loss and optimizer of the book, batch norm and dropout: the C engine beside the JAX that chainrule
emits for the same program, jitted and scanned over the batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.engines import make_engine
from chainrule.engines.engine import Arrays, Batches
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.optimizers import OPTIMIZERS
from chainrule.training.start import draw

from .cases import SEED
from .clock import Effort, Sampled, interleaved, seconds
from .verify import SINGLE, Unequal

INPUTS, HIDDEN, OUTPUTS, BATCH, STEPS = 20, 64, 2, 32, 128
HEADS = {"poisson": "exp", "binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}  # others: linear
CROSS_ENTROPY = "softmax_cross_entropy"


@dataclass(frozen=True)
class Variant:
    """One row of the book, in a network of two hidden layers."""

    name: str
    program: cr.Program


def variants() -> Iterator[Variant]:
    def network(activation: str = "relu", head: str = "softmax", **more: Any) -> cr.Network:
        return cr.Network.parse(f"{INPUTS}-{HIDDEN}-{HIDDEN}-{OUTPUTS}", activation=activation, output=head, **more)

    for name in ACTIVATIONS:
        if name != "softmax":
            yield Variant(f"activation {name}", cr.derive(network(name), CROSS_ENTROPY, cr.Adam()))
    for name in LOSSES:
        yield Variant(f"loss {name}", cr.derive(network(head=HEADS.get(name, "linear")), name, cr.Adam()))
    for name, kind in OPTIMIZERS.items():
        yield Variant(f"optimizer {name}", cr.derive(network(), CROSS_ENTROPY, kind(0.001)))
    yield Variant("batch norm", cr.derive(network(batch_norm=True), CROSS_ENTROPY, cr.Adam()))
    yield Variant("dropout", cr.derive(network(dropout=0.2), CROSS_ENTROPY, cr.Adam()))


@dataclass(frozen=True)
class Given:
    """Data, masks and batches of a program, and what it starts with."""

    inputs: Arrays
    masks: Arrays
    order: Any
    parameters: Arrays
    state: Arrays


def given_for(program: cr.Program) -> Given:
    random = np.random.RandomState(SEED)
    rows = BATCH * STEPS
    X = random.standard_normal((rows, INPUTS)).astype(np.float32)
    y = np.eye(OUTPUTS, dtype=np.float32)[random.randint(0, OUTPUTS, rows)]
    parameters, state = draw(program, random, np.dtype("float32"))
    masks = {
        mask.name: (random.random_sample((rows, mask.units)) < mask.keep).astype(np.float32) for mask in program.masks
    }
    return Given({"X": X, "y": y}, masks, random.permutation(rows), parameters, state)


def run_c(program: cr.Program, given: Given) -> Callable[[], Any]:
    """One block of steps from the start."""
    engine = make_engine(program, "c", "float32")
    batches = Batches(np.arange(STEPS + 1, dtype=np.int64) * BATCH, given.order)
    hyperparameters = dict(program.hyperparameters)

    def block() -> Any:
        parameters = {name: array.copy() for name, array in given.parameters.items()}
        state = {name: array.copy() for name, array in given.state.items()}
        return engine.run(given.inputs, batches, given.masks, parameters, state, 1, hyperparameters)

    return block


def run_jax(program: cr.Program, given: Given) -> Callable[[], Any]:
    """The same, of the emitted JAX."""
    import jax
    from jax import lax

    module: dict[str, Any] = {"__name__": "emitted"}
    exec(program.source("jax", functions=("step",)), module)  # noqa: S102  what chainrule wrote
    step = module["step"]

    def one(inputs: Any, carry: Any, taken: Any) -> Any:
        parameters, state, t = carry
        rows, masks = taken
        values = {name: array.at[rows].get(mode="promise_in_bounds") for name, array in inputs.items()} | masks
        arguments = [values[name] for name in program.inputs] + [parameters]
        arguments += ([state] if program.state else []) + ([t] if program.counts_steps else [])
        loss, parameters, *new = step(*arguments, **program.hyperparameters)
        return (parameters, new[0] if new else state, t + 1), loss

    def block(inputs: Any, parameters: Any, state: Any, order: Any, masks: Any) -> Any:
        return lax.scan(partial(one, inputs), (parameters, state, np.float32(1)), (order, masks))

    jitted = jax.jit(block)
    order = given.order.reshape(STEPS, BATCH).astype(np.int32)
    masks = {name: array.reshape(STEPS, BATCH, -1) for name, array in given.masks.items()}
    values = tuple(given.parameters.values()), tuple(given.state.values())
    with jax.enable_x64(False):
        placed = jax.device_put((given.inputs, *values, order, masks))

    def run() -> Any:
        with jax.enable_x64(False):
            return np.asarray(jitted(*placed)[1])

    return run


def time_formulas(effort: Effort, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, dict[str, Sampled]]:
    """For each variant seconds a step of both.

    Raises
        Unequal: losses that differ by more than rounding.
    """
    found = {}
    for variant in variants():
        if not wanted(variant.name):
            continue
        given = given_for(variant.program)
        blocks = {"c": run_c(variant.program, given), "jax": run_jax(variant.program, given)}
        mine, theirs = (np.asarray(block()) for block in blocks.values())
        off = float(np.abs(mine[:16] - theirs[:16]).max() / np.abs(theirs[:16]).max())
        if not off <= SINGLE:
            raise Unequal(f"{variant.name}: C and JAX are {off:.1e} apart, {SINGLE:g} allowed")
        timers = {key: partial(several, block, effort.seconds) for key, block in blocks.items()}
        found[variant.name] = interleaved(timers, effort.rounds)
    return found


def several(block: Callable[[], Any], wanted: float) -> float:
    """Seconds a step, over about as many seconds as wanted."""
    total, count = 0.0, 0
    while total < wanted:
        total, count = total + seconds(block), count + 1
    return total / count / STEPS
