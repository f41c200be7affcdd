"""The loss of a network as a landscape: over two of its weights, or along the line from start to end of a training.

A network has too many weights to draw its loss over all of them. What can be drawn is a slice, with all other weights
held where the training left them; the way that the training really went is laid on it as its shadow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engines.engine import Array, Arrays
from ..messages import choose_language
from ..training import Callback, Training
from ..training.inputs import check_whole
from .blocks import as_html, as_text

MOST = 200  # sets of weights that are kept
MOST_POINTS = 201


class WeightHistory(Callback):
    """Keeps the weights of a training as it goes, for `landscape`, `plot.errors` and `plot.health`.

        watched = cr.WeightHistory()
        run = cr.Training(program, X, y, callbacks=[watched]).fit()

    Of long trainings every second set is dropped, again and again: between 100 and 200 remain, the first and the last
    among them.

    epochs      of each set; parameters: name -> array, one mapping a set; states: likewise
    """

    def __init__(self) -> None:
        self.every, self.epochs = 1, list[int]()
        self.parameters: list[Arrays] = []
        self.states: list[Arrays] = []

    def on_start(self, run: Training) -> None:
        if not self.epochs:
            self.keep(run)

    def on_epoch(self, run: Training) -> None:
        if run.epoch % self.every == 0:
            self.keep(run)

    def on_end(self, run: Training) -> None:
        if self.epochs[-1] != run.epoch:
            self.keep(run)
        else:  # another callback may have put the best weights back
            self.parameters[-1], self.states[-1] = run.copy_of_weights()

    def keep(self, run: Training) -> None:
        parameters, state = run.copy_of_weights()
        self.epochs.append(run.epoch)
        self.parameters.append(parameters)
        self.states.append({name: state[name] for name in run.program.statistics})
        if len(self.epochs) > MOST:
            self.every *= 2
            kept = [i for i, epoch in enumerate(self.epochs) if epoch % self.every == 0 or i == 0]
            self.epochs = [self.epochs[i] for i in kept]
            self.parameters = [self.parameters[i] for i in kept]
            self.states = [self.states[i] for i in kept]


def watched(run: Training) -> WeightHistory:
    """The WeightHistory among the callbacks of a run.  ValueError: there is none, or it has seen nothing yet."""
    for callback in run.callbacks:
        if isinstance(callback, WeightHistory):
            if len(callback.epochs) < 2:
                raise ValueError("this training has no epoch behind it yet: fit it first")
            return callback
    raise ValueError(
        "the weights of this training were not kept: train with callbacks=[chainrule.WeightHistory()] to see its way"
    )


@dataclass(frozen=True, repr=False)
class Landscape:
    """A slice through the loss.

    names       two weights, `W1[0, 1]`; empty for the line from start to end
    axes        the values of each weight (K,), (L,); for the line one: 0 is the start, 1 the end
    loss        (L, K): a row for each value of the second weight; for the line (K,)
    path        (T, 2) the two weights, or (T, 1) how far along the line, after the epochs `epochs`
    path_loss   (T,) the loss where the training really was, which lies off the slice
    weights     how many weights there are in all
    """

    names: tuple[str, ...]
    axes: tuple[Array, ...]
    loss: Array
    path: Array
    path_loss: Array
    epochs: tuple[int, ...]
    weights: int

    def story(self, language: str = "en") -> str:
        """All there is to say, as text."""
        from .slices import blocks

        return as_text(blocks(self, language))

    def __str__(self) -> str:
        return self.story(choose_language())

    def __repr__(self) -> str:
        return f"<Landscape over {' and '.join(self.names) or 'the line from start to end'}: {self.loss.size:,} losses>"

    def _repr_html_(self) -> str:
        from .slices import blocks

        return as_html(blocks(self, choose_language()))


def landscape(run: Training, weights: Sequence[str] | str | None = None, points: int = 41) -> Landscape:
    """The loss of a trained network over two of its weights, or along the line from start to end.

        landscape(run)                          # over the two weights that moved most
        landscape(run, ["W1[0, 0]", "W2[3, 0]"])
        landscape(run, "line")

    run         trained with `callbacks=[WeightHistory()]`
    points      along each axis; points * points losses are computed, each over all rows, by the engine of the run

    Raises
        ValueError: no weights were kept; a weight that does not exist.
    """
    history = watched(run)
    check_whole("points", points, 3, MOST_POINTS)
    end, state = history.parameters[-1], history.states[-1]

    def loss_at(parameters: Arrays, running: Arrays) -> float:
        return float(run.engine.evaluate(run.X, run.y, parameters, {**run.state, **running})[1])

    path_loss = np.array([loss_at(*pair) for pair in zip(history.parameters, history.states, strict=True)])
    count = sum(array.size for array in end.values())
    if isinstance(weights, str):
        if weights != "line":
            raise ValueError(f"weights must be two names such as 'W1[0, 0]', or 'line', not {weights!r:.40}")
        along, path = line(history, points)
        losses = np.array([loss_at(between(history.parameters[0], end, at), state) for at in along])
        return Landscape((), (along,), losses, path, path_loss, tuple(history.epochs), count)
    chosen = most_moved(history) if weights is None else [place(end, name) for name in weights]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        raise ValueError("a landscape is drawn over two different weights")
    path = np.array([[float(kept[name].ravel()[i]) for name, i in chosen] for kept in history.parameters])
    axes = tuple(around(path[:, k], points) for k in (0, 1))
    moved = {name: array.copy() for name, array in end.items()}
    losses = np.empty((points, points))
    for row, second in enumerate(axes[1]):
        for column, first in enumerate(axes[0]):
            for (name, i), value in zip(chosen, (first, second), strict=True):
                moved[name].ravel()[i] = value
            losses[row, column] = loss_at(moved, state)
    names = tuple(called(end[name], name, i) for name, i in chosen)
    return Landscape(names, axes, losses, path, path_loss, tuple(history.epochs), count)


def between(start: Arrays, end: Arrays, at: float) -> Arrays:
    return {name: (start[name] + at * (end[name] - start[name])).astype(end[name].dtype) for name in end}


def line(history: WeightHistory, points: int) -> tuple[Array, Array]:
    """Places along the line, a little beyond both its ends, and the shadow that the path throws on it."""
    flat = np.array([np.concatenate([array.ravel() for array in kept.values()]) for kept in history.parameters])
    direction = flat[-1] - flat[0]
    length = float(direction @ direction)
    if length == 0:
        raise ValueError("the weights have not moved: there is no line from start to end")
    shadow = (flat - flat[0]) @ direction / length
    return np.linspace(min(-0.25, shadow.min()), max(1.25, shadow.max()), points), shadow[:, None]


def around(path: Array, points: int) -> Array:
    low, high = float(path.min()), float(path.max())
    half = 0.75 * (high - low) or 1.0
    return np.linspace((low + high) / 2 - half, (low + high) / 2 + half, points)


def most_moved(history: WeightHistory) -> list[tuple[str, int]]:
    """The two weights that the training moved most."""
    first, last = history.parameters[0], history.parameters[-1]
    moves = [(float(move), name, i) for name in last for i, move in enumerate(abs(last[name] - first[name]).ravel())]
    moves.sort(key=lambda move: (-move[0], move[1], move[2]))
    return [(name, i) for _, name, i in moves[:2]]


def place(parameters: Arrays, name: str) -> tuple[str, int]:
    """`W1[0, 1]` as the name of the parameter and the position in it.  ValueError: there is no such weight."""
    match = re.fullmatch(r"\s*(\w+)\s*\[\s*(\d+)\s*(?:,\s*(\d+)\s*)?\]\s*", name) if isinstance(name, str) else None
    if match is None or match[1] not in parameters:
        raise ValueError(f"no weight {name!r:.40}; write one as in 'W1[0, 1]'; there are {', '.join(parameters)}")
    index = tuple(int(part) for part in match.groups()[1:] if part is not None)
    shape = parameters[match[1]].shape
    if len(index) != len(shape) or any(i >= n for i, n in zip(index, shape, strict=True)):
        raise ValueError(f"no weight {name!r:.40}: {match[1]} has shape {shape}, counted from 0")
    return match[1], int(np.ravel_multi_index(index, shape))


def called(array: Array, name: str, position: int) -> str:
    return f"{name}[{', '.join(str(int(i)) for i in np.unravel_index(position, array.shape))}]"
