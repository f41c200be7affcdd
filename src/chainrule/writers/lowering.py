"""Lowering: the statements of a Program become loop nests, once, for every language of the loop family.

A nest runs over a space: the rows and units of its targets, `(N, 64)`, the elements of a parameter, `(20, 64)`, or
nothing at all, `()`. It assigns to its targets element by element. At its heart may be one core: a contraction, a
reduction, or a row-wise function. Reductions that a nest would repeat for every element become nests of their own, by
name, before it: `mean_dn1`.

`lower` does this in passes: one nest a statement; row values and element-wise neighbours join the nest that they belong
to; what only its own nest reads stays in a register.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..program.expr import Call, Expr, Name, call, names, rebuild, walk
from ..program.ops import Shape
from ..program.reverse import size
from ..program.simplify import simplify
from ..program.steps import Phase, Program, ProgramError, Statement, Step
from .joining import join_columns, join_neighbours, join_rows, registers
from .nests import (
    ACCUMULATOR,
    Contraction,
    Core,
    Lowered,
    Nest,
    Operand,
    Reduction,
    RowWise,
    leaves,
)  # fmt: skip

ROW_WISE = ("softmax", "log_softmax")
REDUCED = ("sum", "mean", "max", "variance")


def lower(program: Program, steps: Sequence[Statement], wanted: Iterable[str], *, keep: bool = False) -> Lowered:
    """The statements as loop nests.

    wanted  what the caller reads afterwards: the output, the loss
    keep    every named step keeps its value in a buffer
    """
    lowering = Lowering(program)
    for statement in steps:
        lowering.statement(statement)
    kept = {s.name for s in steps if isinstance(s, Step)} if keep else set()
    kept |= set(wanted)
    nests = join_rows(lowering.nests, kept)
    nests = join_neighbours(nests)
    nests = join_columns(nests)
    nests = registers(nests, kept | set(program.parameters) | set(program.state))
    fixed = set(program.parameters) | set(program.state)
    buffers = {
        target: lowering.shapes[target]
        for nest in nests
        for target in nest.targets
        if target not in nest.registers and target not in fixed and lowering.shapes[target] != ()
    }
    return Lowered(tuple(nests), buffers)


class Lowering:
    """The first pass."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nests: list[Nest] = []
        self.shapes: dict[str, Shape] = {}
        self.known: dict[Expr, str] = {}  # what already has a name at this point
        full = program.full
        lists = (full.steps, full.prediction_steps, full.evaluation_steps, program.evaluation_steps)
        # what the full program calls a value that the condensed one has folded away
        self.folded = {prepared(s.expression): s.name for listed in lists for s in listed if isinstance(s, Step)}
        self.taken = {*program.environment, *full.environment}

    def statement(self, statement: Statement) -> None:
        values = [(target, prepared(value)) for target, value in statement.assignments]
        self.nest(values, statement.shape, statement.phase, (statement,))

    def nest(
        self, values: Sequence[tuple[str, Expr]], space: Shape, phase: Phase, steps: tuple[Statement, ...] = ()
    ) -> None:
        """Adds the nest of these assignments, after those that it needs."""
        found: list[Core] = []
        if len(values) == 1 and isinstance(values[0][1], Call) and values[0][1].op in ROW_WISE:
            (target, value), *_ = values
            assert isinstance(value, Call)
            self.row_wise(value, target, phase, steps)
            return
        assignments = tuple((target, self.visit(value, space, phase, found)) for target, value in values)
        self.nests.append(Nest(phase, space, assignments, found[0] if found else None, steps=steps))
        for target, value in values:
            self.shapes[target] = space
            if not is_elementwise(value):
                self.known.setdefault(value, target)

    def visit(self, expr: Expr, space: Shape, phase: Phase, core: list[Core] | None) -> Expr:
        """The expression with everything that is not element-wise replaced by a name.

        core    where the one contraction or reduction of the nest goes; None where there may be none
        """
        if not isinstance(expr, Call) or is_elementwise(expr):
            return expr
        if expr in self.known:
            return Name(self.known[expr], expr.shape)
        if expr.op in ROW_WISE:
            return self.row_wise(expr, self.fresh(expr), phase)
        if expr.op == "matmul":
            if core is None or core or expr.shape != space:
                return self.temporary(expr, phase)
            left, right = (self.operand(arg, phase) for arg in expr.args)
            core.append(Contraction(left, right, expr.args[0].shape[1]))
            return Name(ACCUMULATOR, space)
        if expr.op in REDUCED:
            return self.reduction(expr, space, phase, core)
        if expr.op == "transpose":
            return call("transpose", self.temporary(expr.args[0], phase))
        if not expr.row.elementwise and expr.op != "full_like":
            raise ProgramError(f"no loop nest is known for {expr.op}")
        return call(expr.op, *(self.visit(arg, space, phase, core) for arg in expr.args), **dict(expr.options))

    def reduction(self, expr: Call, space: Shape, phase: Phase, core: list[Core] | None) -> Expr:
        (x,), axis = expr.args, expr.option("axis")
        inner = self.visit(x, x.shape, phase, None)
        arrays = [n for n in dict.fromkeys(leaves(inner)) if n.shape]
        if axis is None and space == () and len(arrays) == 1:
            total = call("sum" if expr.op == "mean" else expr.op, inner)  # of one array: a function call in a formula
            return simplify(total / size(x.shape, None)) if expr.op == "mean" else total
        over = axis if isinstance(axis, int) else None
        if core is None or core or space != expr.shape:
            return self.temporary(expr, phase)
        core.append(Reduction("max" if expr.op == "max" else "sum", inner, over))
        summed = Name(ACCUMULATOR, space)
        return simplify(summed / size(x.shape, over)) if expr.op == "mean" else summed

    def operand(self, expr: Expr, phase: Phase) -> Operand:
        """One side of a contraction: an array by name, as it is or transposed."""
        transposed = isinstance(expr, Call) and expr.op == "transpose"
        inner = expr.args[0] if isinstance(expr, Call) and transposed else expr
        name = inner if isinstance(inner, Name) else self.temporary(inner, phase)
        return Operand(name.name, name.shape, transposed)

    def temporary(self, expr: Expr, phase: Phase) -> Name:
        """A value with a nest of its own."""
        if expr not in self.known:
            name = self.fresh(expr)
            self.nest([(name, expr)], expr.shape, phase, (Step(name, expr, phase, "temporary"),))
            self.known[expr] = name
        return Name(self.known[expr], expr.shape)

    def row_wise(self, expr: Call, target: str, phase: Phase, steps: tuple[Statement, ...] = ()) -> Name:
        """Either or both of softmax and log_softmax: one nest gives both of the same matrix."""
        (x,) = expr.args
        source = x if isinstance(x, Name) else self.temporary(x, phase)
        self.shapes[target] = expr.shape
        self.known[expr] = target
        self.known[call(expr.op, source)] = target
        for index, nest in enumerate(self.nests):
            if isinstance(nest.core, RowWise) and nest.core.source == source.name:
                results = (*nest.core.results, (expr.op, target))
                self.nests[index] = replace(nest, core=replace(nest.core, results=results), steps=(*nest.steps, *steps))
                return Name(target, expr.shape)
        self.nests.append(Nest(phase, expr.shape, (), RowWise(source.name, ((expr.op, target),)), steps=steps))
        return Name(target, expr.shape)

    def fresh(self, expr: Expr) -> str:
        """A name for a value without one: the one it had before it was folded, `log_p`, or `mean_dn1`."""
        if expr in self.folded and self.folded[expr] not in self.shapes:
            return self.folded[expr]
        if isinstance(expr, Call) and expr.op in ROW_WISE and self.program.prediction == "p":
            name = f"{expr.op.removesuffix('_softmax')}_p"
        else:
            op = expr.op if isinstance(expr, Call) else ""
            name = "_".join([op, *names(expr)[:2]])
        base, repeat = name, 1
        while name in self.taken:
            repeat += 1
            name = f"{base}_{repeat}"
        self.taken.add(name)
        return name


def is_elementwise(expr: Expr) -> bool:
    """Whether an expression is element-wise throughout; a name may be transposed."""
    return all(
        node.row.elementwise or node.op == "full_like" or (node.op == "transpose" and isinstance(node.args[0], Name))
        for node in walk(expr)
        if isinstance(node, Call)
    )


def prepared(expr: Expr) -> Expr:
    """The variance by its definition, and transpositions moved to the names."""

    def change(node: Expr) -> Expr:
        if not isinstance(node, Call):
            return node
        options = dict(node.options)
        if node.op in REDUCED and (len(node.args[0].shape) == 1 or "axis" not in options):
            options = {}
        if node.op == "variance":
            (x,) = node.args
            keep = options | ({"keepdims": True} if options.get("axis") == 1 else {})
            return call("mean", (x - call("mean", x, **keep)) ** 2, **options)
        if node.op in REDUCED:
            return call(node.op, *node.args, **options)
        inner = node.args[0]
        if node.op == "transpose" and isinstance(inner, Call):
            if inner.op == "transpose":
                return inner.args[0]
            if inner.op == "matmul":
                return call("matmul", change(inner.args[1].T), change(inner.args[0].T))
            if inner.row.elementwise and all(arg.shape in ((), inner.shape) for arg in inner.args):
                return call(inner.op, *(change(arg.T) if arg.shape else arg for arg in inner.args))
        return node

    return rebuild(expr, change)


__all__ = [
    "ACCUMULATOR", "Contraction", "Core", "Lowered", "Nest", "Operand", "Reduction", "RowWise", "leaves", "lower",
]  # fmt: skip
