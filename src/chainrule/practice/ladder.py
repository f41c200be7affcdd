"""The ladder: fifteen exercises, each with one new thing, from the slope of the sigmoid to Adam with batch norm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .exercise import Exercise

if TYPE_CHECKING:
    from ..derivation import Declaration


@dataclass(frozen=True)
class Rung:
    """One exercise of the ladder; its title is the message `practice.rung_` and its key.

    missing     the names to write; none: everything but the signature
    """

    key: str
    declare: Callable[[], Declaration]
    missing: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        return LADDER.index(self) + 1

    def exercise(self, seed: int = 0) -> Exercise:
        return made(self.number, seed)


@lru_cache(64)
def made(number: int, seed: int) -> Exercise:
    """An exercise of the ladder; deriving it takes longer than all else that is done with it."""
    rung = LADDER[number - 1]
    return Exercise(rung.declare(), rung.missing, seed, number)


def dense(
    notation: str, activation: str, output: str, loss: str, optimizer: str = "gradient_descent", **more: Any
) -> Callable[[], Declaration]:
    """A network of Dense layers, declared when it is asked for."""

    def declare() -> Declaration:
        from ..derivation import Declaration
        from ..formulas.losses import LOSSES
        from ..formulas.optimizers import OPTIMIZERS
        from ..formulas.penalties import L2
        from ..network import Network

        given = dict(more)
        penalty = L2(given.pop("l2")) if "l2" in given else None
        rate = given.pop("rate", None)
        chosen = OPTIMIZERS[optimizer](**({} if rate is None else {"rate": rate}))
        return Declaration(Network.parse(notation, activation, output, **given), LOSSES[loss], chosen, penalty)

    return declare


def founding(notation: str) -> Callable[[], Declaration]:
    return dense(notation, "sigmoid", "sigmoid", "half_squared_error", bias=False, initial="uniform", rate=1.0)


LADDER: tuple[Rung, ...] = (
    Rung("slope", founding("3-1"), ("slope1",)),
    Rung("delta", founding("3-1"), ("delta1",)),
    Rung("update", founding("3-1"), ("dW1", "W1")),
    Rung("neuron", founding("3-1")),
    Rung("error", founding("3-4-1"), ("error1",)),
    Rung("hidden", founding("3-4-1"), ("delta1", "dW1")),
    Rung("backward", founding("3-4-1"), ("delta2", "delta1", "dW1", "dW2")),
    Rung("founding", founding("3-4-1")),
    Rung(
        "bias",
        dense("2-3-1", "tanh", "linear", "half_mean_squared_error", rate=0.1),
        ("delta2", "delta1", "db1", "db2"),
    ),
    Rung(
        "relu",
        dense("3-5-4-2", "relu", "linear", "mean_squared_error", rate=0.1),
        ("delta3", "delta2", "delta1", "dW1", "dW2", "dW3"),
    ),
    Rung("softmax", dense("4-5-3", "relu", "softmax", "softmax_cross_entropy", rate=0.1), ("p", "data_loss", "delta2")),
    Rung(
        "momentum",
        dense("3-4-2", "tanh", "linear", "mean_squared_error", "momentum", rate=0.05, l2=0.01),
        ("loss", "dW1", "dW2", "vW1", "W1"),
    ),
    Rung(
        "adam",
        dense("3-4-1", "tanh", "sigmoid", "binary_cross_entropy", "adam", rate=0.01),
        ("correction1", "correction2", "mW1", "vW1", "W1"),
    ),
    Rung(
        "batch_norm",
        dense("3-4-2", "tanh", "linear", "mean_squared_error", batch_norm=True, rate=0.1),
        ("n1", "dn1", "delta1", "dgamma1", "dbeta1"),
    ),
    Rung("adam_batch_norm", dense("4-5-3", "relu", "softmax", "softmax_cross_entropy", "adam", batch_norm=True)),
)
