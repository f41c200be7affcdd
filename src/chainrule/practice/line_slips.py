"""The slips that change a line as a whole: another slope, another count, a form of the loss of its own."""

from __future__ import annotations

from collections.abc import Iterator

from ..formulas.activations import ACTIVATIONS
from ..program.expr import Call, Expr, Name, Number, call, names, replace_node, walk
from ..program.ops import OPS
from ..program.text import parse
from .exercise import Exercise, Quantity
from .part_slips import ACTIVATION_NOTES, Made
from .verdict import Reason

SLOPES = {"sigmoid": "a * (1 - a)", "tanh": "1 - a**2", "relu": "a > 0"}
OUTPUT_NOTES = ("delta_fused", "delta_linear", "delta_scaled_fused")
TEXTBOOK = "-(y * log(p) + (1 - y) * log(1 - p))"


def of_lines(exercise: Exercise, quantity: Quantity) -> Iterator[Made]:
    """All of them, for one quantity."""
    yield from of_slope(exercise, quantity)
    yield from of_normalization(quantity)
    yield from of_output(exercise, quantity)
    yield from of_penalty(exercise, quantity)
    if not quantity.changed:
        yield from of_count(exercise, quantity)
        yield from of_the_whole(quantity.expression)


def writings(exercise: Exercise, quantity: Quantity) -> Iterator[Expr]:
    """The expression, and as the textbooks write it: cross-entropy with the logarithm of the output p."""
    expr = quantity.expression
    yield expr
    if quantity.phase != "loss":
        return
    p = Name(exercise.program.prediction, ("N", exercise.declaration.network.widths[-1]))
    y = Name("y", p.shape)
    for node in walk(expr):
        if isinstance(node, Call) and node.op == "log_softmax":
            yield replace_node(expr, node, call("log", p))
        elif isinstance(node, Call) and node.op == "subtract" and getattr(node.args[0], "op", "") == "softplus":
            yield replace_node(expr, node, parse(TEXTBOOK, {"y": y, "p": p}))


def of_slope(exercise: Exercise, quantity: Quantity) -> Iterator[Made]:
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


def of_normalization(quantity: Quantity) -> Iterator[Made]:
    """Batch norm passed back as though mean and variance were constants."""
    expr = quantity.expression
    if isinstance(expr, Call) and quantity.note in ("delta_normalized", "error_normalized"):
        inner = expr.args[0]
        while isinstance(inner, Call) and inner.op in ("subtract", "add"):
            inner = inner.args[0]
        yield Reason("constant_statistics", {}), inner / expr.args[-1]


def of_output(exercise: Exercise, quantity: Quantity) -> Iterator[Made]:
    """At the output: a slope where there is none, for the loss has cancelled it or it is linear; or dL/da for dL/dz."""
    if quantity.note not in OUTPUT_NOTES:
        return
    a = Name(exercise.program.prediction, quantity.shape)
    for text in SLOPES.values():
        yield Reason("slope_extra"), quantity.expression * parse(text, {"a": a})
    rules = {q.name: q.expression.op for q in exercise.quantities if isinstance(q.expression, Call)}
    rule = rules.get(a.name, "")
    if quantity.note != "delta_linear" and rule in ("sigmoid", "softmax"):  # dL/da in the place of dL/dz
        missing = Reason("missing_slope", {"name": f"d{a.name}/d{quantity.of}"})
        if rule == "sigmoid":
            yield missing, quantity.expression / (a * (1 - a))
        else:
            yield missing, replace_node(quantity.expression, a - Name("y", a.shape), -(Name("y", a.shape) / a))


def of_penalty(exercise: Exercise, quantity: Quantity) -> Iterator[Made]:
    """A penalty where there is none: on a bias."""
    program, expr = exercise.program, quantity.expression
    if quantity.of in program.parameters and "l2" in program.hyperparameters and "l2" not in names(expr):
        term = Name("l2") * Name(quantity.of, quantity.shape)
        yield Reason("term_extra", {"name": str(term)}), expr + term


def of_count(exercise: Exercise, quantity: Quantity) -> Iterator[Made]:
    """A mean over another number than that of the samples, or of the elements; or twice, or half of it."""
    expr = quantity.expression
    output = quantity.note in OUTPUT_NOTES or quantity.note in ("error_output", "data_loss")
    if not output:
        return
    yield Reason("doubled"), expr * 2
    yield Reason("halved"), expr / 2
    if not any(node == Name("N") or (isinstance(node, Call) and node.op == "mean") for node in walk(expr)):
        return
    columns = int(exercise.declaration.network.widths[-1])
    if columns > 1:
        yield Reason("rows_elements"), expr * columns
        if columns > 2:  # half of it is rather a forgotten 2
            yield Reason("rows_elements"), expr / columns
    for count in dict.fromkeys(exercise.declaration.network.widths):
        if count > 1:
            yield from ((Reason("wrong_count", {"yours": count}), expr * Name("N") * Number(float(c)) / count)
                        for c in dict.fromkeys((1, columns)))  # fmt: skip


def of_the_whole(expr: Expr) -> Iterator[Made]:
    yield Reason("sign", {}), -expr
    if expr.shape:
        yield Reason("mean_extra", {}), expr / Name("N")
        yield Reason("mean_missing", {"name": "N"}), expr * Name("N")
