"""The bottom of the loop family: names at a place in a nest of loops, and expressions of one element."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from ..program.expr import Call, Expr, Name, Number
from ..program.ops import ATOM, OPS, POWER, PRODUCT, Shape
from ..program.steps import Program, ProgramError
from ..program.text import Printer, parse
from .names import check_names
from .nests import ACCUMULATOR

CHOICE = 30  # how tightly `condition ? x : y` binds
INDENT = "    "
WHOLE = ("N", "t")  # names that hold whole numbers


@dataclass(frozen=True)
class Axis:
    """One loop: its index and the text of its extent."""

    index: str
    extent: str


@dataclass(frozen=True)
class Scope:
    """How the names of the program are written at some place, and over which loops.

    arrays      name -> the text that names the array, `s->a1`
    scalars     name -> the text of its value
    axes        of the nest's space; a single axis `k` where all arrays are walked from end to end
    summed      the axis that a contraction sums over
    """

    arrays: Mapping[str, str]
    scalars: Mapping[str, str]
    axes: tuple[Axis, ...] = ()
    space: Shape = ()
    summed: Axis | None = None

    def over(self, axes: Sequence[Axis], space: Shape, **scalars: str) -> Scope:
        return Scope(self.arrays, {**self.scalars, **scalars}, tuple(axes), space, self.summed)


class ElementWriter(Printer):
    """Writes expressions at a place. A language overrides what stands under "what a language says".

    spellings       op -> template of a call
    helpers         op or helper -> the lines of a function for it, where the op table has no definition
    """

    language: ClassVar[str] = ""
    forms: ClassVar[tuple[str, ...]] = ()
    spellings: ClassVar[Mapping[str, str]] = {}
    choice: ClassVar[str] = "{} ? {} : {}"
    reserved: ClassVar[frozenset[str]] = frozenset("nijkNKMh") | {"count", "dot", ACCUMULATOR}
    width: ClassVar[int] = 116  # of a function's body

    def __init__(self, program: Program, *, keep: bool = False) -> None:
        check_names(program)
        self.program = program.full if keep else program
        self.keep = keep
        self.dimensions = dimensions_of(program)
        self.helpers: dict[str, None] = {}  # functions of one element that are called, in the order of their need
        self.scope = Scope({}, {})
        numberless = {step.name for step in program.full.steps if step.number == 0}
        self.unnumbered = {"X", "y", "N", "t", *program.hyperparameters, *numberless}

    # --- dimensions ---

    def symbol(self, name: str, dimension: int | str, axis: int, rank: int) -> str:
        """What a dimension of an array is called: N, UNITS1, or the number itself."""
        if dimension == "N":
            return "N"
        layers = list(self.dimensions)
        match = re.search(r"(\d+)(?:_\d+)?$", name)
        if name == "X":
            layer = 0
        elif match is None or name in self.program.hyperparameters:
            layer = len(layers) - 1
        else:
            layer = int(match[1]) - (axis == 0 and rank == 2)
        if 0 <= layer < len(layers) and self.dimensions[layers[layer]] == dimension:
            return self.dimension(layers[layer])
        return str(dimension)

    def symbols(self, name: str, shape: Shape) -> tuple[str, ...]:
        return tuple(self.symbol(name, n, axis, len(shape)) for axis, n in enumerate(shape))

    def dimension(self, symbol: str) -> str:
        """A dimension as the language writes its name."""
        return symbol

    # --- expressions ---

    @contextmanager
    def within(self, scope: Scope) -> Iterator[None]:
        before, self.scope = self.scope, scope
        try:
            yield
        finally:
            self.scope = before

    def name(self, expr: Name) -> str:
        if expr.name in self.scope.scalars:
            return self.scope.scalars[expr.name]
        if expr.name in self.scope.arrays:
            return self.element(self.scope.arrays[expr.name], self.offset(expr.shape))
        return self.whole(expr.name) if expr.name in WHOLE else expr.name

    def offset(self, shape: Shape, transposed: bool = False) -> str:
        """Where in its array an element of this shape lies, at the present point of the space."""
        axes, space = self.scope.axes, self.scope.space
        if shape == () or not axes:
            return "0"
        if len(axes) == 1 and shape == space and not transposed:
            return axes[0].index
        present = [
            axis if dimension == n else None
            for axis, dimension, n in zip(reversed(axes), reversed(space), reversed(shape), strict=False)
        ][::-1]
        if transposed:
            return f"{axes[1].index} * {axes[0].extent} + {axes[0].index}"
        *row, column = present
        if row and row[0] is not None:
            if shape[-1] == 1 and space[-1] != 1:
                return row[0].index
            return f"{row[0].index} * {axes[-1].extent}" + (f" + {column.index}" if column else "")
        return column.index if column else "0"

    def spell(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, Call) and expr.op == "transpose":
            (name,) = expr.args
            assert isinstance(name, Name)
            return self.element(self.scope.arrays[name.name], self.offset(expr.shape, transposed=True)), ATOM
        if isinstance(expr, Call) and expr.op == "where":
            return self.choice.format(*(self.text(arg, CHOICE + 1) for arg in expr.args)), CHOICE
        if isinstance(expr, Call) and expr.op == "full_like":
            return super().spell(expr.args[1])
        return super().spell(expr)

    def infix(self, expr: Call) -> tuple[str, int]:
        left, right = expr.args
        if expr.row.precedence == POWER:
            if right == Number(2.0):
                if isinstance(left, Name):
                    return f"{self(left)} * {self(left)}", PRODUCT
                return self.calling("square", left), ATOM
            return self.spellings["power"].format(self(left), self(right)), ATOM
        return super().infix(expr)

    def function(self, expr: Call) -> str:
        if expr.op in self.spellings:
            return self.spellings[expr.op].format(*map(self, expr.args))
        return self.calling(expr.op, *expr.args)

    def calling(self, helper: str, *args: Expr) -> str:
        """A call of one of our own functions of one element."""
        self.need(helper)
        return f"{helper}({', '.join(self(arg) for arg in args)})"

    def need(self, helper: str) -> None:
        """Notes that a function of one element is called, after those that it calls itself."""
        if helper not in self.helpers:
            self.define_helper(helper)
            self.helpers.setdefault(helper)

    def definition(self, op: str) -> tuple[tuple[str, ...], list[tuple[str, str]], str]:
        """An op in smaller ops: its arguments, assignments, and result, in the language's spelling."""
        row = OPS[op]
        if not row.definition:
            raise ProgramError(f"{self.language} has no spelling for {op}, and the op table no definition")
        bound: dict[str, Expr] = {name: Name(name) for name in row.arguments}
        assigned, result = row.definition_steps
        with self.within(Scope({}, {})):
            lines = []
            for target, formula in assigned:
                lines.append((target, self(parse(formula, bound))))
                bound[target] = Name(target)
            return row.arguments, lines, self(parse(result, bound))

    # --- what a language says ---

    def whole(self, name: str) -> str:
        """A whole number, N or t, in a formula of real ones."""
        return name

    def element(self, array: str, offset: str) -> str:
        return f"{array}[{offset}]"

    def declare(self, name: str, value: str) -> str:
        """A named number that does not change."""
        raise NotImplementedError

    def begin(self, name: str, op: str) -> str:
        """The start of a running sum or maximum."""
        raise NotImplementedError

    def set(self, place: str, operator: str, value: str) -> str:
        return self.statement(f"{place} {operator}= {value}")

    def statement(self, text: str) -> str:
        return f"{text};"

    def comment(self, text: str) -> str:
        return f"/* {text} */"

    def for_loop(self, axis: Axis) -> str:
        raise NotImplementedError

    def nested(self, axes: Sequence[Axis], body: list[str]) -> list[str]:
        """Loops around lines; brackets where there is more than one statement inside."""
        lines = body
        for axis in reversed(axes):
            head = self.for_loop(axis)
            single = sum(not line.startswith(INDENT) for line in lines) == 1 and not lines[0].startswith("}")
            inside = [INDENT + line if line else "" for line in lines]
            lines = [head, *inside] if single else [f"{head} {{", *inside, "}"]
        return lines

    def define_helper(self, helper: str) -> None:
        """Writes down the function of one element that this op or helper needs."""
        raise NotImplementedError


def dimensions_of(program: Program) -> dict[str, int]:
    """The widths by name: INPUTS, UNITS1, ..., OUTPUTS."""
    inputs = program.inputs["X"][1]
    widths = [int(v.shape[1]) for name, v in program.parameters.items() if re.fullmatch(r"W\d+", name)]
    named = {"INPUTS": int(inputs)} | {f"UNITS{i}": width for i, width in enumerate(widths[:-1], 1)}
    return named | {"OUTPUTS": widths[-1]}


def product(symbols: Iterable[str]) -> str:
    return " * ".join(symbol for symbol in symbols if symbol != "1") or "1"


def count(shape: Shape, rows: int = 1) -> int:
    """The number of elements, with this many rows for N."""
    return math.prod(rows if n == "N" else int(n) for n in shape)


__all__ = [
    "CHOICE", "INDENT", "WHOLE", "Axis", "ElementWriter", "Scope", "count", "dimensions_of", "product",
]  # fmt: skip
