"""What a complete program needs beyond the Program: data, initial values, and how long to go on. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Rows = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Preparation:
    """How the columns of X and y came about: texts and numbers that a script keeps as data, never as names.

    columns                 the name of every column of X
    means, deviations       what was subtracted from every column of X, and what it was divided by
    classes                 what every column of y stands for
    """

    columns: Sequence[str] = ()
    means: Sequence[float] = ()
    deviations: Sequence[float] = ()
    classes: Sequence[str] = ()


@dataclass(frozen=True)
class Run:
    """The facts of a training run that a script repeats.

    X, y                the rows, or None: the script reads them from a CSV named on its command line
    starts              name -> values (nested) of a parameter, where they are not drawn as the program says
    batch_size          rows in a batch; None for all of them
    shuffle             whether every epoch draws a new order
    sample_weight       a weight for every row; where X is None, only whether there are any
    preparation         how the columns came about, for people and for rows to come
    every               print the error every so many epochs; None for at most ten times
    """

    features: int
    outputs: int
    rows: int
    X: Rows | None
    y: Rows | None
    starts: Mapping[str, object]
    epochs: int
    batch_size: int | None = None
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    sample_weight: Sequence[float] | None = None
    every: int | None = None
    preparation: Preparation | None = None

    @property
    def report_every(self) -> int:
        """The epochs between two prints of the error: a round number, for at most ten prints."""
        if self.every is not None:
            return max(1, self.every)
        size = 1
        while True:
            for factor in (1, 2, 5):
                if size * factor * 10 >= self.epochs:
                    return size * factor
            size *= 10


@dataclass(frozen=True)
class SelfTest:
    """What a device has to compute: made where the source is written, by the reference evaluator.

    inputs      name -> rows of X, y, the masks and sample_weight
    outputs     of the weights that are baked in
    losses      of some steps from these weights on, with the declared hyper-parameters; none for prediction alone
    trained     the outputs after these steps
    tolerance   |found - expected| <= tolerance * (1 + |expected|)
    """

    inputs: Mapping[str, Rows]
    outputs: Rows
    losses: Sequence[float]
    trained: Rows
    tolerance: float

    @property
    def rows(self) -> int:
        return len(self.inputs["X"])

    @property
    def stack_numbers(self) -> int:
        """How many outputs are compared at a time."""
        return sum(map(len, self.outputs))
