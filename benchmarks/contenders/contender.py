"""Contender: what takes part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import ClassVar

from ..cases import Array, Case, Orders

Predictor = Callable[[Array], Array]


class Contender(ABC):
    """A peer, made ready for one case.

    name        in the tables
    key         on the command line
    modules     what must be installed
    package     whose version the report names
    """

    name: ClassVar[str]
    key: ClassVar[str]
    modules: ClassVar[tuple[str, ...]] = ()
    package: ClassVar[str] = ""

    def __init__(self, case: Case) -> None:
        self.case, self.data = case, case.data()

    @classmethod
    def missing(cls) -> str:
        """Why it cannot take part here; empty where it can."""
        absent = [module for module in cls.modules if find_spec(module) is None]
        return f"{' and '.join(absent)} not installed" if absent else ""

    @classmethod
    def fits(cls, case: Case) -> bool:
        """Whether it can compute this case at all."""
        return True

    @classmethod
    def label(cls) -> str:
        return f"{cls.name} {version(cls.package)}" if cls.package else cls.name

    @abstractmethod
    def reset(self) -> None:
        """Back to the initial weights, and before the first step."""

    @abstractmethod
    def run(self, blocks: Orders) -> Array:
        """The steps of these blocks; the loss of each before its update (steps,), or one mean a block (blocks,).

        blocks      the rows of the steps (blocks, block, batch); not looked at where every step takes all in order
        """

    @abstractmethod
    def weights(self) -> list[Array]:
        """The parameters as they are now, in the order of `case.shapes`."""

    def predictor(self) -> Predictor | None:
        """A function from one row (1, D) to the output (1, K) with the weights as they are now."""
        return None
