"""The founding networks: their data, the numbers their texts print, and the programs by hand, to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..network import Network
    from ..program.steps import Program

SEED = 1
X = ((0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 1.0))
BLOCK = 1000
"""Updates between two looks at the progress."""


@dataclass(frozen=True)
class Founding:
    """One of them.

    y           the target of each row
    updates     how many there are
    looks       before which updates the text prints numbers
    expected    these numbers, as printed: of 3-1 the four outputs, of 3-4-1 the mean absolute error at each look
    """

    widths: tuple[int, ...]
    y: tuple[float, ...]
    updates: int
    looks: tuple[int, ...]
    expected: tuple[str, ...]
    message: str

    @property
    def network(self) -> Network:
        from ..formulas.layers import Dense
        from ..network import Network

        layers = [Dense(units, "sigmoid", bias=False, initial="uniform") for units in self.widths[1:]]
        return Network(self.widths[0], layers)

    @property
    def program(self) -> Program:
        from ..derivation import derive
        from ..formulas.optimizers import GradientDescent

        return derive(self.network, loss="half_squared_error", optimizer=GradientDescent(1.0))

    def by_hand(self) -> Iterator[list[Any]]:
        """The hand-written program, in the names of its text; yields its weights now and then, the final ones last."""
        return (by_hand_3_1 if len(self.widths) == 2 else by_hand_3_4_1)(self)


THREE_ONE = Founding(
    widths=(3, 1),
    y=(0.0, 0.0, 1.0, 1.0),
    updates=10_000,
    looks=(9_999,),
    expected=("0.00966449", "0.00786506", "0.99358898", "0.99211957"),
    message="demo.network_3_1",
)
THREE_FOUR_ONE = Founding(
    widths=(3, 4, 1),
    y=(0.0, 1.0, 1.0, 0.0),
    updates=60_000,
    looks=(0, 10_000, 20_000, 30_000, 40_000, 50_000),
    expected=(
        "0.496410031903", "0.00858452565325", "0.00578945986251",
        "0.00462917677677", "0.00395876528027", "0.00351012256786",
    ),
    message="demo.network_3_4_1",
)  # fmt: skip


def nonlin(x: Any, deriv: bool = False) -> Any:
    """The sigmoid of x; with deriv, its slope where x is a sigmoid already."""
    import numpy as np

    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def by_hand_3_1(founding: Founding) -> Iterator[list[Any]]:
    import numpy as np

    l0, y = np.array(X), np.array([founding.y]).T
    random = np.random.RandomState(SEED)
    syn0 = 2 * random.random_sample((3, 1)) - 1
    for update in range(founding.updates):
        if update % BLOCK == 0:
            yield [syn0]
        l1 = nonlin(np.dot(l0, syn0))
        l1_error = y - l1
        l1_delta = l1_error * nonlin(l1, True)
        syn0 += np.dot(l0.T, l1_delta)
    yield [syn0]


def by_hand_3_4_1(founding: Founding) -> Iterator[list[Any]]:
    import numpy as np

    l0, y = np.array(X), np.array([founding.y]).T
    random = np.random.RandomState(SEED)
    syn0 = 2 * random.random_sample((3, 4)) - 1
    syn1 = 2 * random.random_sample((4, 1)) - 1
    for update in range(founding.updates):
        if update % BLOCK == 0:
            yield [syn0, syn1]
        l1 = nonlin(np.dot(l0, syn0))
        l2 = nonlin(np.dot(l1, syn1))
        l2_error = y - l2
        l2_delta = l2_error * nonlin(l2, True)
        l1_error = l2_delta.dot(syn1.T)
        l1_delta = l1_error * nonlin(l1, True)
        syn1 += l1.T.dot(l2_delta)
        syn0 += l0.T.dot(l1_delta)
    yield [syn0, syn1]
