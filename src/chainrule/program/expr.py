"""Array expressions with shapes. The batch size N stays symbolic: `(N, 3)`.

An expression is a `Name`, a `Number`, or a `Call` of an op on expressions. Expressions are plain immutable data; the
operators below build them, so that a formula can also be written as a Python function, `lambda z: z * sigmoid(z)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .ops import CONTRACTIONS, OPS, Op, Shape, ShapeError, format_shape

N = "N"


class Expr:
    """What all expressions share. `shape` is a tuple of whole numbers and, for the batch, the letter N."""

    __slots__ = ()
    shape: Shape

    def __add__(self, other: Operand) -> Expr:
        return call("add", self, other)

    def __radd__(self, other: Operand) -> Expr:
        return call("add", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return call("subtract", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return call("subtract", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return call("multiply", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return call("multiply", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return call("divide", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return call("divide", other, self)

    def __pow__(self, other: Operand) -> Expr:
        return call("power", self, other)

    def __rpow__(self, other: Operand) -> Expr:
        return call("power", other, self)

    def __matmul__(self, other: Expr) -> Expr:
        return call("matmul", self, other)

    def __neg__(self) -> Expr:
        return call("negative", self)

    def __abs__(self) -> Expr:
        return call("abs", self)

    def __lt__(self, other: Operand) -> Expr:
        return call("less", self, other)

    def __le__(self, other: Operand) -> Expr:
        return call("less_equal", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return call("greater", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return call("greater_equal", self, other)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value; write where(condition, x, y) instead of if or and")

    @property
    def T(self) -> Expr:
        return call("transpose", self)

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Expr:
        return call("sum", self, axis=axis, keepdims=keepdims)

    def mean(self, axis: int | None = None, keepdims: bool = False) -> Expr:
        return call("mean", self, axis=axis, keepdims=keepdims)

    def __str__(self) -> str:
        from .text import to_text

        return to_text(self)


@dataclass(frozen=True, slots=True, repr=False)
class Name(Expr):
    """A named array or scalar."""

    name: str
    shape: Shape = ()

    def __repr__(self) -> str:
        return f"Name({self.name!r}, {format_shape(self.shape)})"


@dataclass(frozen=True, slots=True, repr=False)
class Number(Expr):
    """A constant."""

    value: float
    shape: Shape = field(default=(), init=False)

    def __repr__(self) -> str:
        return f"Number({self.value!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Call(Expr):
    """An op applied to expressions; `options` holds axis and keepdims of a reduction."""

    op: str
    args: tuple[Expr, ...]
    options: tuple[tuple[str, object], ...]
    shape: Shape

    @property
    def row(self) -> Op:
        return OPS[self.op]

    def option(self, name: str) -> object:
        return dict(self.options).get(name)

    def __repr__(self) -> str:
        return f"Call({self})"


Operand: TypeAlias = Expr | int | float


def as_expr(value: Operand) -> Expr:
    return value if isinstance(value, Expr) else Number(float(value))


def call(op: str, *args: Operand, **options: object) -> Call:
    """Apply an op; its shape rule checks the arguments (ShapeError)."""
    row = OPS[op]
    expressions = tuple(as_expr(arg) for arg in args)
    kept = tuple((key, value) for key, value in sorted(options.items()) if value is not None and value is not False)
    return Call(op, expressions, kept, row.shape(tuple(e.shape for e in expressions), dict(kept)))


def function(op: str) -> Callable[..., Expr]:
    """An op as a Python function over expressions: `sigmoid = function("sigmoid")`."""

    def apply(*args: Operand, **options: object) -> Expr:
        expected = OPS[op].arguments
        if len(args) != len(expected):
            raise TypeError(f"{op} takes {len(expected)} arguments ({', '.join(expected)}), not {len(args)}")
        return call(op, *args, **options)

    apply.__name__ = apply.__qualname__ = op
    apply.__doc__ = f"{OPS[op].head}, as an expression."
    return apply


# --- walking and rewriting -----------------------------------------------------------------------------------------


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node, parents before children, left to right."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Call):
            stack.extend(reversed(node.args))


def names(expr: Expr) -> tuple[str, ...]:
    """The names that occur, in order, each once."""
    return tuple(dict.fromkeys(node.name for node in walk(expr) if isinstance(node, Name)))


def count(expr: Expr, name: str) -> int:
    """How often a name occurs."""
    return sum(isinstance(node, Name) and node.name == name for node in walk(expr))


def contractions(expr: Expr) -> int:
    """How many matrix products an expression holds."""
    return sum(isinstance(node, Call) and node.op in CONTRACTIONS for node in walk(expr))


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Apply `change` to every node, children first."""
    if isinstance(expr, Call):
        args = tuple(rebuild(arg, change) for arg in expr.args)
        if args != expr.args:
            expr = call(expr.op, *args, **dict(expr.options))
    return change(expr)


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """Put expressions in the place of names."""
    return rebuild(expr, lambda node: replacements.get(node.name, node) if isinstance(node, Name) else node)


def replace_node(expr: Expr, old: Expr, new: Expr) -> Expr:
    """Put one expression in the place of another, from the top down."""
    if expr == old:
        return new
    if isinstance(expr, Call):
        return call(expr.op, *(replace_node(arg, old, new) for arg in expr.args), **dict(expr.options))
    return expr


__all__ = [
    "Call", "Expr", "N", "Name", "Number", "Shape", "ShapeError", "as_expr", "call", "contractions", "count",
    "function", "names", "rebuild", "replace_node", "substitute", "walk",
]  # fmt: skip
