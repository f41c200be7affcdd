"""Array expressions with shapes. The batch size N stays symbolic: `(N, 3)`.

An expression is a `Name`, a `Number`, or a `Call` of an op on expressions. Expressions are plain immutable data; the
operators below build them, so that a formula can also be written as a Python function, `lambda z: z * sigmoid(z)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .ops import COMPARISON, CONTRACTIONS, OPS, Op, OperandError, Shape, ShapeError, format_shape

N = "N"
MAXIMUM_SIZE = 10_000  # operations in one expression, the derived ones included; nobody reads a line of more


class Expr:
    """What all expressions share. `shape` is a tuple of whole numbers and, for the batch, the letter N."""

    __slots__ = ()
    __array_ufunc__ = None  # NumPy leaves its operators to ours, and its functions refuse
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


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Call(Expr):
    """An op applied to expressions; `options` holds axis and keepdims of a reduction.

    size        how many operations it holds; depth: how many inside one another
    products    how many matrix products
    leaves      the names in it
    key         its hash

    They are kept, for expressions are shared, searched and compared often.
    """

    op: str
    args: tuple[Expr, ...]
    options: tuple[tuple[str, object], ...]
    shape: Shape
    size: int = field(init=False)
    depth: int = field(init=False)
    products: int = field(init=False)
    leaves: frozenset[str] = field(init=False)
    key: int = field(init=False)

    def __post_init__(self) -> None:
        size, depth, products, leaves = 1, 0, int(self.op in CONTRACTIONS), NO_LEAVES
        for arg in self.args:
            if isinstance(arg, Call):
                size, depth, products = size + arg.size, max(depth, arg.depth), products + arg.products
            own = leaves_of(arg)
            leaves = leaves | own if leaves else own
        keep = object.__setattr__
        keep(self, "size", size)
        keep(self, "depth", 1 + depth)
        keep(self, "products", products)
        keep(self, "leaves", leaves)
        keep(self, "key", hash((self.op, self.args, self.options, self.shape)))
        if size > MAXIMUM_SIZE:
            raise OperandError(
                f"an expression grows beyond {MAXIMUM_SIZE:,} operations, {self.op} of so many; write the formula in "
                "fewer, with less inside one another"
            )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Call) or self.key != other.key:
            return False
        return (self.op, self.options, self.shape, self.args) == (other.op, other.options, other.shape, other.args)

    def __hash__(self) -> int:
        return self.key

    def __reduce__(self) -> tuple[Any, ...]:
        return Call, (self.op, self.args, self.options, self.shape)  # hashes differ from process to process

    @property
    def row(self) -> Op:
        return OPS[self.op]

    def option(self, name: str) -> object:
        return dict(self.options).get(name)

    def __repr__(self) -> str:
        return f"Call({self})"


Operand: TypeAlias = Expr | int | float


def size_of(expr: Expr) -> int:
    """How many operations an expression holds."""
    return expr.size if isinstance(expr, Call) else 0


def depth_of(expr: Expr) -> int:
    """How many operations stand inside one another."""
    return expr.depth if isinstance(expr, Call) else 0


NO_LEAVES = frozenset[str]()


def leaves_of(expr: Expr) -> frozenset[str]:
    """The names in an expression, in no order."""
    return expr.leaves if isinstance(expr, Call) else frozenset((expr.name,)) if isinstance(expr, Name) else NO_LEAVES


def as_expr(value: Operand) -> Expr:
    """An expression itself, or a number as one.  TypeError: neither.  OperandError: a number that is not finite."""
    if isinstance(value, Expr):
        return value
    if type(value).__name__.startswith("bool"):
        raise TypeError("True and False are no part of a formula; to compare two values, write equal(x, y), not x == y")
    if isinstance(value, str) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise TypeError(f"a formula is made of expressions and numbers, not of {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise OperandError("a number of a formula must be finite")
    return Number(number)


def call(op: str, *args: Operand, **options: object) -> Call:
    """Apply an op; its shape rule checks the arguments (ShapeError)."""
    expressions = tuple([arg if isinstance(arg, Expr) else as_expr(arg) for arg in args])
    kept = tuple((key, value) for key, value in sorted(options.items()) if value is not None and value is not False)
    return Call(op, expressions, kept, shape_of(op, expressions, kept))


def shape_of(op: str, args: tuple[Expr, ...], options: tuple[tuple[str, object], ...]) -> Shape:
    """The shape of an op's result, by its rule, which checks the arguments (ShapeError)."""
    if op == "where" and len(args) == 3 and not is_condition(args[0]):
        raise OperandError("the condition of where must be a comparison, such as z > 0, or a product of comparisons")
    return OPS[op].shape(tuple([arg.shape for arg in args]), dict(options))


def is_condition(expr: Expr) -> bool:
    """Whether an expression is true or false: a comparison, or a product, minimum or maximum of such."""
    if not isinstance(expr, Call):
        return False
    return expr.row.precedence == COMPARISON or (expr.op in CONNECTIVES and all(map(is_condition, expr.args)))


CONNECTIVES = frozenset({"multiply", "minimum", "maximum"})  # and, and, or


class Function:
    """An op as a Python function over expressions: `sigmoid = Function("sigmoid")`."""

    def __init__(self, op: str) -> None:
        self.op = self.__name__ = op
        self.__doc__ = f"{OPS[op].head}, as an expression."

    def __call__(self, *args: Operand, **options: object) -> Expr:
        expected = OPS[self.op].arguments
        if len(args) != len(expected):
            raise TypeError(f"{self.op} takes {len(expected)} arguments ({', '.join(expected)}), not {len(args)}")
        return call(self.op, *args, **options)

    def __repr__(self) -> str:
        return f"<function {self.op} of expressions>"


# --- walking and rewriting -----------------------------------------------------------------------------------------


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node, parents before children, left to right."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Call):
            stack.extend(reversed(node.args))


def is_elementwise(expr: Expr) -> bool:
    """Whether each element of the result depends on those of the same place alone."""
    return all(node.row.elementwise for node in walk(expr) if isinstance(node, Call))


def names(expr: Expr) -> tuple[str, ...]:
    """The names that occur, in order, each once."""
    return tuple(dict.fromkeys(node.name for node in walk(expr) if isinstance(node, Name)))


def count(expr: Expr, name: str) -> int:
    """How often a name occurs."""
    if name not in leaves_of(expr):
        return 0
    return sum(isinstance(node, Name) and node.name == name for node in walk(expr))


def contractions(expr: Expr) -> int:
    """How many matrix products an expression holds."""
    return expr.products if isinstance(expr, Call) else 0


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Apply `change` to every node, children first."""
    if isinstance(expr, Call):
        args = tuple(rebuild(arg, change) for arg in expr.args)
        if args != expr.args:
            expr = call(expr.op, *args, **dict(expr.options))
    return change(expr)


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """Put expressions in the place of names."""
    if isinstance(expr, Name):
        return replacements.get(expr.name, expr)
    if not isinstance(expr, Call) or expr.leaves.isdisjoint(replacements):
        return expr
    args = tuple([substitute(arg, replacements) for arg in expr.args])
    return expr if args == expr.args else call(expr.op, *args, **dict(expr.options))


def replace_node(expr: Expr, old: Expr, new: Expr) -> Expr:
    """Put one expression in the place of another, from the top down."""
    if expr == old:
        return new
    if not isinstance(expr, Call) or not leaves_of(old) <= expr.leaves or size_of(old) >= expr.size:
        return expr
    args = tuple(replace_node(arg, old, new) for arg in expr.args)
    unchanged = all(after is before for after, before in zip(args, expr.args, strict=True))
    return expr if unchanged else call(expr.op, *args, **dict(expr.options))


__all__ = [
    "CONNECTIVES", "Call", "Expr", "Function", "N", "Name", "Number", "OperandError", "Shape", "ShapeError", "as_expr",
    "call", "contractions", "count", "depth_of", "is_condition", "is_elementwise", "leaves_of", "names", "rebuild",
    "replace_node", "size_of", "substitute", "walk",
]  # fmt: skip
