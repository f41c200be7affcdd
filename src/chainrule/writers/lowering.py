"""Lowering: the statements of a Program become loop nests, once, for every language of the loop family.

A nest runs over a space: the rows and units of its targets, `(N, 64)`, the elements of a parameter, `(20, 64)`, or
nothing at all, `()`. It assigns to its targets element by element. At its heart may be one core: a contraction, a
reduction, or a row-wise function. Reductions that a nest would repeat for every element become nests of their own, by
name, before it: `mean_dn1`.

`lower` does this in passes: one nest a statement; row values and element-wise neighbours join the nest that they belong
to; what only its own nest reads stays in a register.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..program.expr import Call, Expr, Name, call, names, rebuild, walk
from ..program.ops import Dimension, Shape
from ..program.reverse import size
from ..program.simplify import simplify
from ..program.steps import Phase, Program, ProgramError, Statement, Step, Update

ACCUMULATOR = "sum"  # what a core's result is called in the assignments of its nest
ROW_WISE = ("softmax", "log_softmax")
REDUCED = ("sum", "mean", "max", "variance")


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

    @property
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


def lower(
    program: Program,
    steps: Sequence[Statement],
    wanted: Iterable[str],
    *,
    keep: bool = False,
    join_updates: bool = False,
) -> Lowered:
    """The statements as loop nests.

    wanted          what the caller reads afterwards: the output, the loss
    keep            every named step keeps its value in a buffer
    join_updates    a gradient that only its update reads is never stored: the update takes it element by element
    """
    lowering = Lowering(program)
    for statement in steps:
        lowering.statement(statement)
    kept = {s.name for s in steps if isinstance(s, Step)} if keep else set()
    kept |= set(wanted)
    nests = join_rows(lowering.nests, kept)
    nests = join_neighbours(nests)
    if join_updates:
        nests = join_gradients(nests, kept)
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


# --- one nest a statement ------------------------------------------------------------------------------------------


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


# --- joining -------------------------------------------------------------------------------------------------------


def join_rows(nests: Sequence[Nest], kept: set[str]) -> list[Nest]:
    """A value per row that only one nest over the same rows reads is computed there."""
    found = list(nests)
    for nest in reversed(nests):
        if not (isinstance(nest.core, Reduction) and nest.core.axis == 1) or kept & set(nest.targets):
            continue
        nest = next(n for n in found if n.targets == nest.targets)
        readers = [n for n in found if n is not nest and set(nest.targets) & set(n.reads)]
        if len(readers) == 1 and runs_over_rows(readers[0]):
            index = found.index(readers[0])
            own = replace(nest, rows=())
            found[index] = replace(readers[0], rows=(*nest.rows, own, *readers[0].rows))
            found.remove(nest)
    return found


def runs_over_rows(nest: Nest) -> bool:
    if isinstance(nest.core, Reduction):
        shape = nest.core.inner.shape
        return nest.core.axis != 0 and len(shape) == 2 and shape[0] == "N"
    return nest.core is None and len(nest.space) == 2 and nest.space[0] == "N"


def join_neighbours(nests: Sequence[Nest]) -> list[Nest]:
    """An element-wise nest joins the one that computes what it reads, over the same space and in the same phase."""
    found: list[Nest] = []
    for nest in nests:
        host = host_of(nest, found)
        if host is None:
            found.append(nest)
        else:
            before = found[host]
            found[host] = replace(
                before,
                assignments=(*before.assignments, *nest.assignments),
                steps=(*before.steps, *nest.steps),
            )
    return found


def host_of(nest: Nest, before: Sequence[Nest]) -> int | None:
    """Where an element-wise nest may go: to the last one that it reads from."""
    if nest.core is not None or nest.rows or nest.space == () or any(isinstance(s, Update) for s in nest.steps):
        return None
    reads = set(nest.reads)
    writers = [index for index, other in enumerate(before) if reads & set(other.targets)]
    if not writers:
        return None
    host = before[writers[-1]]
    fits = host.phase == nest.phase and host.space == nest.space and not isinstance(host.core, RowWise)
    return writers[-1] if fits and not (isinstance(host.core, Reduction) and len(host.space) != 1) else None


def join_gradients(nests: Sequence[Nest], kept: set[str]) -> list[Nest]:
    """A gradient that only its update reads is computed there, element by element."""
    found = list(nests)
    for nest in nests:
        if nest.update is None or nest.core is not None:
            continue
        for other in found:
            targets = set(other.targets)
            readers = [n for n in found if n is not other and targets & set(n.reads)]
            if (
                readers == [nest]
                and other.space == nest.space
                and isinstance(other.core, Contraction | Reduction)
                and not targets & kept
                and len(other.assignments) == 1
            ):
                joined = replace(
                    nest,
                    core=other.core,
                    assignments=(*other.assignments, *nest.assignments),
                    steps=(*other.steps, *nest.steps),
                )
                found[found.index(nest)] = joined
                found.remove(other)
                break
    return found


def join_columns(nests: Sequence[Nest]) -> list[Nest]:
    """The gradient of a bias is taken beside that of the weights: both are sums over the rows of the same delta."""
    found: list[Nest] = []
    for nest in nests:
        weights = found[-1] if found else None
        core = nest.core
        if (
            weights is not None
            and isinstance(weights.core, Contraction)
            and isinstance(core, Reduction)
            and weights.core.over == "N"
            and (core.op, core.axis, core.inner) == ("sum", 0, Name(weights.core.right.name, weights.core.right.shape))
            and weights.phase == nest.phase
            and weights.beside is None
        ):
            found[-1] = replace(weights, beside=nest, steps=(*weights.steps, *nest.steps))
        else:
            found.append(nest)
    return found


def registers(nests: Sequence[Nest], kept: set[str]) -> list[Nest]:
    """What only its own nest reads needs no memory."""
    result = []
    for nest in nests:
        read = {name for other in nests if other is not nest for name in other.reads}
        own = frozenset(t for t in nest.targets if t not in kept and t not in read and nest.space != ())
        beside = replace(nest.beside, registers=own & set(nest.beside.targets)) if nest.beside else None
        result.append(replace(nest, registers=own, beside=beside))
    return result


__all__ = [
    "ACCUMULATOR", "Contraction", "Core", "Lowered", "Nest", "Operand", "Reduction", "RowWise", "leaves", "lower",
]  # fmt: skip
