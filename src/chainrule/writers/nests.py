"""Nests: what a loop nest computes, over which space, and what is at its heart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..program.expr import Expr, Name, walk
from ..program.ops import Dimension, Shape
from ..program.steps import Phase, Statement, Update

ACCUMULATOR = "sum"  # what a core's result is called in the assignments of its nest


@dataclass(frozen=True)
class Operand:
    """One side of a contraction; `shape` is that of the array in memory, before any transposition."""

    name: str
    shape: Shape
    transposed: bool


@dataclass(frozen=True)
class Contraction:
    """`left @ right`, with `over` the dimension summed over."""

    left: Operand
    right: Operand
    over: Dimension


@dataclass(frozen=True)
class Reduction:
    """The sum or maximum of `inner` over one axis, or over all (None)."""

    op: str
    inner: Expr
    axis: int | None


@dataclass(frozen=True)
class RowWise:
    """softmax and log_softmax of a matrix, row by row: op -> the name of its result."""

    source: str
    results: tuple[tuple[str, str], ...]


Core = Contraction | Reduction | RowWise


@dataclass(frozen=True)
class Nest:
    """A loop nest.

    space           the shape of every target
    assignments     target and value, in order, each seeing the ones before; the core's result is the name `sum`
    core            what is computed for each element before the assignments
    rows            nests over (N, 1) computed once a row: their targets are registers of the row
    steps           the statements of the program that it carries out, in order
    registers       the targets that no other nest reads
    beside          the column sums of a contraction's right side, taken by the same function: `db1` with `dW1`
    """

    phase: Phase
    space: Shape
    assignments: tuple[tuple[str, Expr], ...]
    core: Core | None = None
    rows: tuple[Nest, ...] = ()
    steps: tuple[Statement, ...] = ()
    registers: frozenset[str] = frozenset()
    beside: Nest | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """What the nest assigns, in order."""
        found = [target for target, _ in self.assignments]
        if isinstance(self.core, RowWise):
            found += [name for _, name in self.core.results]
        if self.beside is not None:
            found += self.beside.targets
        return tuple(dict.fromkeys(found))

    @property
    def expressions(self) -> tuple[Expr, ...]:
        """Everything the nest evaluates, its rows' expressions first."""
        inner = (self.core.inner,) if isinstance(self.core, Reduction) else ()
        rows = tuple(e for row in self.rows for e in row.expressions)
        return (*rows, *inner, *(value for _, value in self.assignments))

    @cached_property
    def reads(self) -> dict[str, Shape]:
        """The names that must be there before the nest runs, with their shapes, in the order of their use."""
        found: dict[str, Shape] = {}
        if isinstance(self.core, Contraction):
            found |= {operand.name: operand.shape for operand in (self.core.left, self.core.right)}
        if isinstance(self.core, RowWise):
            found[self.core.source] = self.space
        own = {ACCUMULATOR, *(target for row in self.rows for target in row.targets)}
        for row in self.rows:
            found |= {name: shape for name, shape in row.reads.items() if name not in own}
        inner = (("", self.core.inner),) if isinstance(self.core, Reduction) else ()
        for target, value in (*inner, *self.assignments):
            found |= {leaf.name: leaf.shape for leaf in leaves(value) if leaf.name not in own}
            own.add(target)
        if self.beside is not None:
            found |= {name: shape for name, shape in self.beside.reads.items() if name not in found}
        return found

    @property
    def update(self) -> Update | None:
        """The update of a parameter that this nest carries out, if it does."""
        return next((s for s in self.steps if isinstance(s, Update) and s.gradient is not None), None)


@dataclass(frozen=True)
class Lowered:
    """The nests of one function, in order, and the arrays that one nest leaves for another."""

    nests: tuple[Nest, ...]
    buffers: Mapping[str, Shape] = field(default_factory=dict)


def leaves(expr: Expr) -> Iterator[Name]:
    return (node for node in walk(expr) if isinstance(node, Name))
