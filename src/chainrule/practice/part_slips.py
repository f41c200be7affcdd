"""The slips within a line: a factor left out, a transpose forgotten, another name in the place of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..program.expr import Call, Expr, Name, Number, call, names, replace_node, substitute, walk
from ..program.ops import OPS, ShapeError
from ..program.text import to_text
from .exercise import Quantity
from .verdict import Reason

AFTER, BEFORE = "after_", "before_"  # the value of a parameter at another time: `after_W2`
ACTIVATION_NOTES = ("activation", "output", "probability")
SQUASHING = ("sigmoid", "tanh", "relu", "softmax", "exp")
ELEMENTWISE = ("sigmoid", "tanh", "relu", "sqrt", "exp", "log", "abs", "softmax", "log_softmax", "softplus")
MOST_TEXT = 24  # of a part of an expression that a message names

Known = Mapping[str, tuple[int | str, ...]]  # the names that could stand in an expression, with their shapes
Made = tuple[Reason, Expr]


def throughout(quantity: Quantity, known: Known) -> Iterator[Made]:
    """Another name wherever one stands, as in `rho1 * v + (1 - rho1) * g`."""
    leaves = [node for node in walk(quantity.expression) if isinstance(node, Name)]
    for name in dict.fromkeys(leaves):
        if leaves.count(name) > 1:
            for reason, replaced in in_place_of(quantity, name, known):
                yield reason, substitute(quantity.expression, {name.name: replaced})


def both_divisors(quantity: Quantity, known: Known) -> Iterator[Made]:
    """Two divisors left out, as who forgets Adam's corrections forgets both."""
    for one, once in parts(quantity, quantity.expression, known):
        if one.key == "divisor_missing":
            for other, twice in parts(quantity, once, known):
                if other.key == "divisor_missing" and other != one:
                    yield Reason("divisor_missing", {"name": f"{one.values['name']}, {other.values['name']}"}), twice


def parts(quantity: Quantity, expr: Expr, known: Known) -> Iterator[Made]:
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


def here(quantity: Quantity, expr: Expr, known: Known) -> Iterator[Made]:
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
        if y == Name("N") - 1 and isinstance(x, Call) and x.op == "multiply" and x.args[1] == Name("N"):
            yield Reason("biased"), x.args[0]
    elif expr.op in ("add", "subtract"):
        if kept(y, expr) and not isinstance(x, Number):  # of 1 - a no factor is left, and that is the slip
            yield left_out("term", y, x)
        if kept(x, expr) and not isinstance(y, Number):
            yield left_out("term", x, y if expr.op == "add" else -y)
        yield Reason("sign_inside", {"name": short(y)}), x - y if expr.op == "add" else x + y
        if x.shape == y.shape == ("N", 1):  # a column, and a flat array that is taken for a row
            yield Reason("broadcast"), call(expr.op, x, y.T)
    if expr.op == "add" and names(x) and names(y):
        yield from of_terms(x, y)
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
            shifted = call("exp", x - call("max", x, axis=1, keepdims=True))  # what it is divided by is shifted too
            yield Reason("axis", {"name": "sum"}), shifted / shifted.sum(axis=0)
            yield from ((Reason("maximum_axis", {}), e / e.sum()) for e in (shifted, call("exp", x)))


def of_terms(x: Expr, y: Expr) -> Iterator[Made]:
    """What becomes of a sum of two terms: a factor too many before the second, or the weights of the two exchanged."""
    for text, times in (("2", y * 2), ("1/2", y * 0.5), ("1/N", y / Name("N")), ("N", y * Name("N"))):
        yield Reason("term_times", {"name": short(y), "factor": text}), x + times
    one, other = weight(x), weight(y)
    if one is not None:
        for factor in (1 - one, Name("learning_rate"), -Name("learning_rate")):
            yield Reason("factor_extra", {"name": short(factor)}), x + factor * y
    if one is not None or other is not None:
        first, second = (Number(1.0) if w is None else w for w in (one, other))
        exchanged = weighted(x, one, second) + weighted(y, other, first)
        yield Reason("exchanged", {"one": short(first), "other": short(second)}), exchanged


def weight(term: Expr) -> Expr | None:
    """The scalar with which a product begins: the mu of `mu * v`."""
    while isinstance(term, Call) and term.op in ("multiply", "divide"):
        term = term.args[0]
        if not term.shape:
            return term
    return None


def weighted(term: Expr, old: Expr | None, new: Expr) -> Expr:
    return new * term if old is None else replace_node(term, old, new)


def left_out(kind: str, part: Expr, rest: Expr) -> tuple[Reason, Expr]:
    if part == Name("learning_rate"):
        return Reason("rate_missing"), rest
    slope = isinstance(part, Name) and part.name.startswith("slope")
    return Reason("missing_slope" if slope else f"{kind}_missing", {"name": short(part)}), rest


def kept(part: Expr, whole: Expr) -> bool:
    """Whether leaving the part out is a slip of its own and not merely another number."""
    return bool(names(part)) and part != whole


def of_product(x: Expr, y: Expr) -> Iterator[Made]:
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


def of_reduction(expr: Call, x: Expr) -> Iterator[Made]:
    axis, keepdims = expr.option("axis"), bool(expr.option("keepdims"))
    if expr.op == "sum":
        yield Reason("mean_extra", {}), call("mean", x, axis=axis, keepdims=keepdims)
    else:
        yield Reason("mean_missing", {"name": "N"}), call("sum", x, axis=axis, keepdims=keepdims)
    yield Reason("sum_missing", {}), x
    for other in (0, 1, None):
        if other != axis:
            try:
                for keep in (keepdims, not keepdims):
                    yield Reason("axis", {"name": expr.op}), call(expr.op, x, axis=other, keepdims=keep)
            except (ShapeError, ValueError):
                continue


def in_place_of(quantity: Quantity, name: Name, known: Known) -> Iterator[Made]:
    """Another name in the place of one."""
    if name.name == "t":
        yield Reason("counter", {}), name - 1
        yield Reason("counter", {}), name + 1
    for other, shape in known.items():
        if other == name.name:
            continue
        if quantity.changed and other == AFTER + quantity.name:
            continue  # its own new value: a change that is too large
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


def short(expr: Expr) -> str:
    """A part of an expression in a message: as it is where it is short, else the names in it."""
    text = to_text(expr)
    return text if len(text) <= MOST_TEXT else ", ".join(names(expr))
