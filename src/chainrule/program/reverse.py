"""Reverse mode over named forward steps: from the loss back to every parameter.

Walks the steps backwards. What reaches a value from all its uses is its adjoint, a step of its own. Element-wise
expressions are differentiated *forward* into one slope and then multiplied, `delta1 = error1 * slope1`; the pull-backs
of the op table serve the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .builder import Builder
from .expr import Call, Expr, N, Name, Number, call, contractions, names, rebuild
from .ops import Shape, padded
from .simplify import simplify
from .steps import ProgramError, Step
from .text import rule

Contribution = tuple[Expr, Expr]  # the adjoint of the output, and the slope it is multiplied by

# What passes an adjoint back, as the note of the forward step says -> letter of the value -> the note of its adjoint.
PASSED_BACK = {
    "normalized": {"z": "delta_normalized", "a": "error_normalized"},
    "dropout": {"z": "delta_dropout", "a": "error_dropout"},
    "output": {"z": "delta_output"},
    "activation": {"z": "delta_output"},
    "scaled": {"n": "adjoint_normalized"},
}


def differentiate(expr: Expr, variable: Expr, output: Expr | None = None) -> Expr:
    """The derivative of an element-wise expression by one of its parts, itself element-wise.

    output      a name for the value of `expr`, used where a rule is shorter in terms of the output
    """
    if expr == variable:
        return Number(1.0)
    if not isinstance(expr, Call) or not expr.row.elementwise:
        return Number(0.0)  # softmax(z) is a part of its own: `Reverse.pull` goes on from there
    row = expr.row
    slopes = [differentiate(arg, variable) for arg in expr.args]
    if row.linear:
        linear = dict(zip(row.arguments, slopes, strict=True))
        if all(is_zero(linear[name]) for name in row.linear):
            return Number(0.0)
        args = [linear[name] if name in row.linear else a for name, a in zip(row.arguments, expr.args, strict=True)]
        return simplify(call(expr.op, *args))
    total: Expr | None = None
    bound = dict(zip(row.arguments, expr.args, strict=True)) | {row.output: expr if output is None else output}
    for text, inner in zip(row.slopes, slopes, strict=True):
        if is_zero(inner):
            continue
        outer = simplify(rule(text, **bound))
        if not is_zero(outer):
            term = simplify(outer * inner)
            total = term if total is None else simplify(total + term)
    return Number(0.0) if total is None else total


def is_zero(slope: Expr) -> bool:
    """Whether a slope is zero everywhere, whatever its shape."""
    if isinstance(slope, Call) and slope.op == "multiply":
        return any(map(is_zero, slope.args))
    return slope == Number(0.0)


def is_difference(expr: Expr) -> bool:
    """Whether it is output - target, but for factors and divisors without either."""
    while isinstance(expr, Call) and expr.op in ("multiply", "divide"):
        expr = expr.args[0] if expr.op == "divide" or "y" in names(expr.args[0]) else expr.args[1]
    return isinstance(expr, Call) and expr.op == "subtract" and isinstance(expr.args[0], Name)


def unbroadcast(gradient: Expr, shape: Shape, target: Shape) -> Expr:
    """Sum an adjoint of `shape` over the axes along which a value of `target` was repeated.

    Along an axis where the adjoint does not vary and is not repeated itself, the sum is a product with the size.
    """
    if shape == target:
        return gradient
    held, wanted = padded(gradient.shape, len(shape)), padded(target, len(shape))
    for axis, n in enumerate(shape):
        if wanted[axis] == held[axis] == 1 != n:
            gradient = simplify(size(shape, axis) * gradient)
    if target == ():
        return gradient.sum() if gradient.shape else gradient
    drop, skipped = len(gradient.shape) > len(target), len(shape) - len(gradient.shape)
    for axis in range(drop, len(gradient.shape)):
        if wanted[axis + skipped] == 1 != held[axis + skipped]:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient.sum(axis=0) if drop else gradient


def size(shape: Shape, axis: int | None) -> Expr:
    """The number of elements along an axis, or of all: `N * 3`."""
    product: Expr = Number(1.0)
    for i, n in enumerate(shape):
        if axis is None or i == axis:
            product = simplify(product * (Name(N) if n == N else Number(float(n))))
    return product


class Reverse:
    """One backward pass.

    build       the builder that owns the names of the forward steps
    steps       the forward and loss steps
    wanted      the names whose adjoint is a result: the trainable parameters
    fused       the value that the loss takes together with its activation, if any
    trim        applied to the finished adjoint of a value: `clip_delta`
    """

    def __init__(
        self,
        build: Builder,
        steps: Sequence[Step],
        wanted: Iterable[str],
        fused: str = "",
        trim: Callable[[str, Expr], Expr] = lambda name, expr: expr,
    ) -> None:
        self.build, self.steps, self.wanted, self.fused, self.trim = build, tuple(steps), tuple(wanted), fused, trim
        self.found: dict[str, list[Contribution]] = {}
        self.backward: list[Step] = []
        self.active = set(self.wanted)
        for step in self.steps:
            if step.name not in build.constant and self.active & set(names(step.expression)):
                self.active.add(step.name)

    def run(self, loss: str) -> list[Step]:
        """The backward steps, from the loss to the parameters."""
        self.found[loss] = [(Number(1.0), Number(1.0))]
        for step in reversed(self.steps):
            if step.name in self.active and step.name in self.found:
                adjoint = self.adjoint(step) if step.shape else self.total(self.found[step.name], ())
                self.pull(step.expression, adjoint, Name(step.name, step.shape))
        for name in self.wanted:
            if name not in self.found:
                raise ProgramError(f"the loss does not depend on the parameter {name}")
            self.gradient(name)
        return self.backward

    # --- an adjoint, once all its contributions are known ---

    def adjoint(self, step: Step) -> Name:
        """The step `delta1 = error1 * slope1`, with the slope as a step of its own before it."""
        target, contributions = step.name, self.found[step.name]
        if target in self.build.slopes and len(contributions) == 1:
            error, slope = contributions[0]
            if isinstance(error, Name) and slope.shape == step.shape:
                name = Name(self.build.slopes[target], slope.shape)
                self.backward.append(Step(name.name, slope, "backward", "slope", step.number, of=target))
                contributions = [(error, name)]
        total = self.total(contributions, step.shape, like=Name(target, step.shape))
        expression = self.trim(target, total)
        note, more = self.notes(target, total)
        more += ("clipped",) if expression is not total else ()
        adjoint = Name(self.build.adjoint(target), step.shape)
        self.backward.append(Step(adjoint.name, expression, "backward", note, step.number, of=target, more=more))
        return adjoint

    def notes(self, target: str, expression: Expr) -> tuple[str, tuple[str, ...]]:
        """What to say about an adjoint: by the letter of its value, and by where it comes from."""
        letter, _ = self.build.letters[target]
        of = {step.name: step for step in self.backward}
        sources = [of[name] for name in names(expression) if name in of]
        if not sources:  # right from the loss
            mean = ("mean_loss",) if {N, "total_weight"} & set(names(expression)) else ()
            if target == self.fused:
                return {"z": "delta_fused", "s": "delta_scaled_fused"}.get(letter, "adjoint"), mean
            if letter == "a":
                return "error_output" if is_difference(expression) else "error_loss", mean
            return "delta_linear" if letter == "z" else "adjoint", mean
        if any(step.note == "slope" for step in sources):
            return {"z": "delta", "s": "delta_scaled"}.get(letter, "adjoint_slope"), ()
        if contractions(expression):
            return {"z": "delta_linear", "a": "error"}.get(letter, "adjoint_weights"), ()
        users = {step.note for step in self.steps if target in names(step.expression)}
        for note, letters in PASSED_BACK.items():
            if note in users and letter in letters:
                return letters[letter], ()
        return "adjoint", ()

    def gradient(self, name: str) -> None:
        letter, _ = self.build.letters[name]
        variable = self.build.parameters[name]
        note = {"W": "gradient_weights", "b": "gradient_bias"}.get(letter, "gradient")
        expression = self.total(self.found[name], variable.shape, like=Name(name, variable.shape))
        more = ("gradient_penalty",) if letter == "W" and name in names(expression) else ()
        number = next(step.number for step in self.steps if name in names(step.expression))
        self.backward.append(Step(self.build.adjoint(name), expression, "backward", note, number, of=name, more=more))

    def total(self, contributions: list[Contribution], shape: Shape, like: Name | None = None) -> Expr:
        """The sum of all contributions, in the shape of the value; what comes from the nearest use stands first."""
        total: Expr = Number(0.0)
        for error, slope in reversed(contributions):
            total = simplify(total + simplify(error * slope))
        if total.shape != shape and like is not None:
            total = call("full_like", like, total)
        return total

    # --- what one step contributes ---

    def pull(self, expr: Expr, adjoint: Expr, output: Expr | None) -> None:
        """Pass the adjoint of an expression on to what it was computed from."""
        if isinstance(expr, Name):
            self.contribute(expr, adjoint, Number(1.0), expr.shape)
            return
        assert isinstance(expr, Call)
        if expr.row.elementwise:
            for part in self.frontier(expr):
                slope = differentiate(expr, part, output)
                if is_zero(slope):
                    continue
                if isinstance(part, Name):
                    self.contribute(part, adjoint, slope, expr.shape)
                else:
                    error = unbroadcast(simplify(adjoint * slope), expr.shape, part.shape)
                    self.pull(part, simplify(error), None)
            return
        if not expr.row.pullbacks:
            raise ProgramError(f"no gradient passes through {expr.op}: the op table has no rule for it ({expr})")
        axis = expr.option("axis")
        bound = dict(zip(expr.row.arguments, expr.args, strict=True)) | {
            expr.row.output: expr if output is None else output,
            "g": adjoint,
        }
        if expr.op in ("sum", "mean"):
            if axis == 1 and not expr.option("keepdims"):
                raise ProgramError(f"no gradient passes through a sum over rows without keepdims=True ({expr})")
            bound["size"] = size(expr.args[0].shape, axis if isinstance(axis, int) else None)
        for text, arg in zip(expr.row.pullbacks, expr.args, strict=True):
            if text and self.depends(arg):
                self.pull(arg, simplify(rule(text, **bound)), None)

    def contribute(self, name: Name, adjoint: Expr, slope: Expr, shape: Shape) -> None:
        if name.name not in self.active:
            return
        if name.shape != shape and shape != ():
            whole = simplify(adjoint * slope)
            adjoint, slope = simplify(unbroadcast(whole, shape, name.shape)), Number(1.0)
        self.found.setdefault(name.name, []).append((adjoint, slope))

    def depends(self, expr: Expr) -> bool:
        return any(name in self.active for name in names(expr))

    def frontier(self, expr: Expr) -> list[Expr]:
        """The parts of an element-wise expression to differentiate by: names, and calls that are not element-wise."""
        found: dict[Expr, None] = {}

        def visit(node: Expr) -> None:
            if isinstance(node, Call) and node.row.elementwise:
                for arg in node.args:
                    visit(arg)
            elif self.depends(node):
                found.setdefault(node)

        visit(expr)
        return list(found)


def expand(expr: Expr) -> Expr:
    """Put the definitions of inline ops in their place."""

    def change(node: Expr) -> Expr:
        if isinstance(node, Call) and node.row.inline:
            return simplify(rule(node.row.definition, **dict(zip(node.row.arguments, node.args, strict=True))))
        return node

    return simplify(rebuild(expr, change))
