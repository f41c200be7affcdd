"""The slips people make, as changes of an expression: a factor left out, a transpose forgotten, z in place of a.

From the right expression every slip makes a wrong one. Where a learner's numbers are those of a wrong one, on all
data, it is known what went wrong. The most telling comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..formulas.activations import ACTIVATIONS
from ..program.expr import Call, Expr, Name, Number, call, names
from ..program.ops import OPS, ShapeError
from ..program.text import parse, to_text
from .exercise import Exercise, Quantity
from .verdict import Reason

AFTER, BEFORE = "after_", "before_"  # the value of a parameter at another time: `after_W2`
ACTIVATION_NOTES = ("activation", "output", "probability")
SQUASHING = ("sigmoid", "tanh", "relu", "softmax", "exp")
ELEMENTWISE = ("sigmoid", "tanh", "relu", "sqrt", "exp", "log", "abs", "softmax", "log_softmax", "softplus")
SLOPES = {"sigmoid": "a * (1 - a)", "tanh": "1 - a**2", "relu": "a > 0"}
MOST_TEXT = 24  # of a part of an expression that a message names

# The order in which they are believed, where the numbers fit several.
RANK = (
    "sign", "missing_slope", "slope_extra", "slope_of_z", "slope_squared", "activation_twice",
    "update_before_use", "stale", "constant_statistics", "mean_missing", "mean_extra", "mean_twice",
    "transpose_missing", "transposed", "activation_missing", "function_missing", "square_missing",
    "term_missing", "rate_missing", "factor_missing", "sign_inside", "divisor_missing", "inverted", "axis",
    "sum_missing", "maximum_axis", "other_slope", "other_activation", "wrong_name", "counter", "hard_coded",
    "operator", "unbiased",
)  # fmt: skip


class Slip(NamedTuple):
    """A wrong expression, and what is wrong with it."""

    reason: Reason
    expression: Expr

    @property
    def rank(self) -> int:
        return RANK.index(self.reason.key)


def slips_of(exercise: Exercise, quantity: Quantity, known: Mapping[str, tuple[int | str, ...]]) -> list[Slip]:
    """All slips in one quantity, the most telling first.

    known       the names that could stand in it, with their shapes
    """
    found = [Slip(reason, e) for reason, e in parts(quantity, quantity.expression, known)]
    found += [Slip(reason, e) for reason, e in of_slope(exercise, quantity, known)]
    found += [Slip(reason, e) for reason, e in of_normalization(quantity)]
    found += [Slip(reason, e) for reason, e in of_output(exercise, quantity)]
    if not quantity.changed:
        found += [Slip(reason, e) for reason, e in of_the_whole(quantity.expression)]
    return sorted(found, key=lambda slip: slip.rank)


def parts(quantity: Quantity, expr: Expr, known: Mapping[str, tuple[int | str, ...]]) -> Iterator[tuple[Reason, Expr]]:
    """The expression with a slip anywhere in it."""
    yield from here(quantity, expr, known)
    if isinstance(expr, Call):
        for i, part in enumerate(expr.args):
            for reason, changed in parts(quantity, part, known):
                try:
                    args = (*expr.args[:i], changed, *expr.args[i + 1 :])
                    yield reason, call(expr.op, *args, **dict(expr.options))
                except (ShapeError, ValueError, TypeError):  # NumPy would not have done it either
                    continue


def here(quantity: Quantity, expr: Expr, known: Mapping[str, tuple[int | str, ...]]) -> Iterator[tuple[Reason, Expr]]:
    """What may have become of one operation."""
    if isinstance(expr, Name):
        yield from in_place_of(quantity, expr, known)
    if not isinstance(expr, Call):
        return
    x, y = expr.args[0], expr.args[-1]
    if expr.op == "multiply":
        yield from (left_out("factor", part, other) for part, other in ((x, y), (y, x)) if kept(part, expr))
        yield Reason("operator", {"name": short(expr)}), x + y
    elif expr.op == "divide":
        key = "mean_missing" if "N" in names(y) and "N" not in names(x) else "divisor_missing"
        if kept(y, expr):
            yield Reason(key, {"name": short(y)}), x
        yield Reason("inverted", {"name": short(y)}), x * y
        if "N" in names(y):
            yield Reason("mean_twice"), expr / y
    elif expr.op in ("add", "subtract"):
        if kept(y, expr) and not isinstance(x, Number):  # of 1 - a no factor is left, and that is the slip
            yield left_out("term", y, x)
        if kept(x, expr) and not isinstance(y, Number):
            yield left_out("term", x, y if expr.op == "add" else -y)
        yield Reason("sign_inside", {"name": short(y)}), x - y if expr.op == "add" else x + y
    elif expr.op == "power" and isinstance(y, Number):
        yield Reason("square_missing", {"name": short(x)}), x
    elif expr.op == "power":
        yield Reason("function_missing", {"name": f"**{short(y)}"}), x
    elif expr.op == "variance":
        yield Reason("unbiased"), expr * Name("N") / (Name("N") - 1)
    elif expr.op == "transpose":
        yield Reason("transpose_missing", {"name": short(x)}), x
    elif expr.op == "matmul":
        yield from of_product(x, y)
    elif expr.op in ("sum", "mean"):
        yield from of_reduction(expr, x)
    if expr.op in ELEMENTWISE:
        whole = quantity.note in ACTIVATION_NOTES and expr is quantity.expression
        yield Reason("activation_missing" if whole else "function_missing", {"name": expr.op}), x
        if expr.op in SQUASHING:
            others = (op for op in SQUASHING if op != expr.op)
            yield from ((Reason("other_activation", {"name": op}), call(op, x)) for op in others if op in OPS)
        if expr.op == "softmax":
            yield Reason("axis", {"name": expr.op}), call("softmax", x.T).T
            yield Reason("maximum_axis", {}), call("exp", x) / call("exp", x).sum()


def left_out(kind: str, part: Expr, rest: Expr) -> tuple[Reason, Expr]:
    if part == Name("learning_rate"):
        return Reason("rate_missing"), rest
    slope = isinstance(part, Name) and part.name.startswith("slope")
    return Reason("missing_slope" if slope else f"{kind}_missing", {"name": short(part)}), rest


def kept(part: Expr, whole: Expr) -> bool:
    """Whether leaving the part out is a slip of its own and not merely another number."""
    return bool(names(part)) and part != whole


def of_product(x: Expr, y: Expr) -> Iterator[tuple[Reason, Expr]]:
    for name, a, b in ((x, x.T, y), (y, x, y.T)):
        if not (isinstance(name, Call) and name.op == "transpose"):
            try:
                yield Reason("transposed", {"name": short(name)}), a @ b
            except ShapeError:
                continue
    try:
        yield Reason("transposed", {"name": short(x)}), y @ x
    except ShapeError:
        return


def of_reduction(expr: Call, x: Expr) -> Iterator[tuple[Reason, Expr]]:
    axis, keepdims = expr.option("axis"), bool(expr.option("keepdims"))
    if expr.op == "sum":
        yield Reason("mean_extra", {}), call("mean", x, axis=axis, keepdims=keepdims)
    else:
        yield Reason("mean_missing", {"name": "N"}), call("sum", x, axis=axis, keepdims=keepdims)
    yield Reason("sum_missing", {}), x
    for other in (0, 1, None):
        if other != axis:
            try:
                yield Reason("axis", {"name": expr.op}), call(expr.op, x, axis=other, keepdims=keepdims)
            except (ShapeError, ValueError):
                continue


def in_place_of(
    quantity: Quantity, name: Name, known: Mapping[str, tuple[int | str, ...]]
) -> Iterator[tuple[Reason, Expr]]:
    """Another name in the place of one."""
    if name.name == "t":
        yield Reason("counter", {}), name - 1
        yield Reason("counter", {}), name + 1
    for other, shape in known.items():
        if other == name.name:
            continue
        replaced = Name(other, name.shape)
        if other in (AFTER + name.name, BEFORE + name.name):
            yield Reason("update_before_use" if other.startswith(AFTER) else "stale", {"name": name.name}), replaced
        elif other.startswith("hard_"):
            if other == f"hard_{name.name}":
                yield Reason("hard_coded", {"name": name.name}), replaced
        elif alike(shape, name.shape) and not other.startswith((AFTER, BEFORE)) and (shape or name.name != "N"):
            yield Reason("wrong_name", {"yours": other, "wanted": name.name}), replaced


def alike(shape: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    """Whether one may stand for the other: the same shape, or matrices with the same rows or columns."""
    return shape == other or (len(shape) == len(other) == 2 and any(a == b for a, b in zip(shape, other, strict=True)))


def of_slope(
    exercise: Exercise, quantity: Quantity, known: Mapping[str, tuple[int | str, ...]]
) -> Iterator[tuple[Reason, Expr]]:
    """The slope of another activation, of z instead of a, of the activation taken once more."""
    if quantity.note != "slope":
        return
    z = Name(quantity.of, quantity.shape)
    found = [q for q in exercise.quantities if q.note in ACTIVATION_NOTES and quantity.of in names(q.expression)]
    if not found:
        return
    a = found[0]
    bound = {"a": Name(a.name, a.shape), "z": z}
    own = a.expression.op if isinstance(a.expression, Call) else ""
    for activation, text in SLOPES.items():
        rule = parse(text, bound)
        if activation != own:
            yield Reason("other_slope", {"name": activation}), rule
        swapped = parse(text, {"a": z, "z": z})
        if activation == own and own != "relu":
            yield Reason("slope_of_z", {"a": a.name, "z": quantity.of}), swapped
            twice = parse(text.replace("a", f"{own}(b)"), {"b": bound["a"]})
            yield Reason("activation_twice", {"a": a.name, "z": quantity.of}), twice
    yield Reason("slope_squared", {}), quantity.expression**2
    if isinstance(a.expression, Call) and own in ACTIVATIONS and own in OPS:
        yield Reason("wrong_name", {"yours": a.name, "wanted": quantity.name}), bound["a"] * 1


def of_normalization(quantity: Quantity) -> Iterator[tuple[Reason, Expr]]:
    """Batch norm passed back as though mean and variance were constants."""
    expr = quantity.expression
    if isinstance(expr, Call) and quantity.note in ("delta_normalized", "error_normalized"):
        inner = expr.args[0]
        while isinstance(inner, Call) and inner.op in ("subtract", "add"):
            inner = inner.args[0]
        yield Reason("constant_statistics", {}), inner / expr.args[-1]


def of_output(exercise: Exercise, quantity: Quantity) -> Iterator[tuple[Reason, Expr]]:
    """A slope where there is none: the loss has cancelled it, or the output is linear."""
    if quantity.note in ("delta_fused", "delta_linear", "delta_scaled_fused"):
        a = Name(exercise.program.prediction, quantity.shape)
        for text in SLOPES.values():
            yield Reason("slope_extra"), quantity.expression * parse(text, {"a": a})


def of_the_whole(expr: Expr) -> Iterator[tuple[Reason, Expr]]:
    yield Reason("sign", {}), -expr
    if expr.shape:
        yield Reason("mean_extra", {}), expr / Name("N")
        yield Reason("mean_missing", {"name": "N"}), expr * Name("N")


def short(expr: Expr) -> str:
    """A part of an expression in a message: as it is where it is short, else the names in it."""
    text = to_text(expr)
    return text if len(text) <= MOST_TEXT else ", ".join(names(expr))


__all__ = ["AFTER", "BEFORE", "RANK", "Slip", "slips_of"]
