"""The networks that are timed: their shape, data, initial weights and batches, the same for every contender."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chainrule import Network, Program

Array = NDArray[Any]
Orders = NDArray[np.int64]

SEED = 1
WHOLE_STEPS = 1000  # in a block, where every step takes all rows


@dataclass(frozen=True)
class Data:
    """X (N, D); y (N, K), one-hot where the output is a softmax; labels (N,) of those."""

    X: Array
    y: Array
    labels: Array


@dataclass(frozen=True)
class Case:
    """A network and how it is trained.

    head        output activation, and with it the loss: softmax and cross-entropy in the mean over rows, linear and
                half the mean squared error (scikit-learn's), sigmoid and half the squared error
    rows        of data; one block of steps goes through all of them once, in a new order
    steps       in a block, where they are not as many as there are batches
    """

    name: str
    widths: tuple[int, ...]
    activation: Literal["relu", "tanh", "sigmoid"] = "relu"
    head: Literal["softmax", "linear", "sigmoid"] = "softmax"
    optimizer: Literal["adam", "gradient_descent"] = "adam"
    rate: float = 0.001
    epsilon: float = 1e-8
    batch: int = 32
    rows: int = 4096
    dtype: Literal["float32", "float64"] = "float32"
    bias: bool = True
    steps: int = 0

    @property
    def notation(self) -> str:
        return "-".join(map(str, self.widths))

    @property
    def shuffled(self) -> bool:
        return self.rows > self.batch

    @property
    def block(self) -> int:
        """Steps in a block."""
        return self.steps or (self.rows // self.batch if self.shuffled else WHOLE_STEPS)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the parameters in order: W1, b1, W2, ..."""
        shapes: list[tuple[int, ...]] = []
        for D, M in zip(self.widths[:-1], self.widths[1:], strict=True):
            shapes += [(D, M), (M,)] if self.bias else [(D, M)]
        return shapes

    @property
    def parameters(self) -> int:
        return sum(int(np.prod(shape)) for shape in self.shapes)

    @property
    def flops(self) -> int:
        """Multiplications and additions of the matrix products of a step: X @ W, X.T @ delta, and delta @ W.T but for
        the first layer."""
        products = [D * M for D, M in zip(self.widths[:-1], self.widths[1:], strict=True)]
        return 2 * self.batch * (3 * sum(products) - products[0])

    @property
    def summary(self) -> str:
        adam = "Adam" if self.optimizer == "adam" else "GD"
        return f"{self.notation} {self.activation}, {self.batch} rows, {self.dtype}, {adam}"

    @property
    def loss(self) -> str:
        """What chainrule calls it."""
        losses = {"softmax": "softmax_cross_entropy", "linear": "half_mean_squared_error"}
        return losses.get(self.head, "half_squared_error")

    def small(self, batches: int = 8) -> Case:
        """The same with less data and shorter blocks."""
        return replace(self, rows=self.batch * batches) if self.shuffled else replace(self, steps=4 * batches)

    def network(self) -> Network:
        import chainrule as cr

        return cr.Network.parse(self.notation, activation=self.activation, output=self.head, bias=self.bias)

    def program(self) -> Program:
        import chainrule as cr

        if self.optimizer == "adam":
            return cr.derive(self.network(), self.loss, cr.Adam(self.rate, epsilon=self.epsilon))
        return cr.derive(self.network(), self.loss, cr.GradientDescent(self.rate))

    def data(self) -> Data:
        return make_data(self)

    def weights(self) -> list[Array]:
        """Initial parameters, drawn anew: uniform in +-1/sqrt(fan-in), biases too."""
        random = np.random.RandomState(SEED)
        drawn, limit = [], 1.0
        for shape in self.shapes:
            limit = 1 / np.sqrt(shape[0]) if len(shape) == 2 else limit
            drawn.append(random.uniform(-limit, limit, shape).astype(self.dtype))
        return drawn

    def names(self) -> list[str]:
        """Of the parameters, as chainrule names them."""
        layers = range(1, len(self.widths))
        return [name for l in layers for name in ((f"W{l}", f"b{l}") if self.bias else (f"W{l}",))]

    def blocks(self) -> Iterator[Orders]:
        """Block after block the rows of its steps (block, batch), without end; in each every row once."""
        random = np.random.RandomState(SEED)
        while True:
            yield random.permutation(self.rows).reshape(-1, self.batch)

    def take(self, count: int, source: Iterator[Orders] | None = None) -> Orders:
        """The rows of the steps of so many blocks (count, block, batch), one after another in memory."""
        return np.stack(list(islice(source or self.blocks(), count)))


@lru_cache(maxsize=4)
def make_data(case: Case) -> Data:
    """Normally distributed rows, and what a random linear teacher says of them; for R1 the founding rows."""
    if case.widths[0] == 3 and case.rows == 4:
        founding = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], case.dtype)
        return Data(founding, np.array([[0], [1], [1], [0]], case.dtype), np.array([0, 1, 1, 0]))
    random = np.random.RandomState(SEED)
    X = random.standard_normal((case.rows, case.widths[0])).astype(case.dtype)
    said = X @ random.standard_normal((case.widths[0], case.widths[-1])) + random.standard_normal(case.widths[-1])
    labels = said.argmax(axis=1)
    if case.head != "softmax":
        return Data(X, np.tanh(said / np.sqrt(case.widths[0])).astype(case.dtype), labels)
    return Data(X, np.eye(case.widths[-1], dtype=case.dtype)[labels], labels)


CASES = {
    case.name: case
    for case in (
        Case(
            "R1",
            (3, 4, 1),
            "sigmoid",
            "sigmoid",
            "gradient_descent",
            rate=1.0,
            batch=4,
            rows=4,
            dtype="float64",
            bias=False,
        ),
        Case("R2a", (4, 8, 3), batch=16, rows=2048),
        Case("R2b", (20, 64, 64, 2)),
        Case("R2c", (8, 32, 32, 1), "tanh", "linear"),
        Case("R3", (784, 128, 10), batch=128, rows=8192),
        Case("R4", (784, 512, 512, 10), batch=128, rows=8192),
    )
}

WIDTHS = tuple(2**k for k in range(2, 12))


def sweep_case(width: int) -> Case:
    """Two hidden layers of this width, for the sweep; fewer steps where each takes long."""
    return Case(f"width {width}", (20, width, width, 2), rows=32 * max(8, min(128, 16_384 // width)))
