"""The loop family: a step is a loop nest. A language says how it spells ops, elements, loops and functions.

    program -> nests (`lowering.py`) -> kernels, the functions that the nests with a core call, and the lines of `step`

A kernel is a nest whose arrays have become arguments: `a1 = relu(X @ W1 + b1)` and `a2 = relu(a1 @ W2 + b2)` are two
calls of one `forward_relu`. So the text of `step` says what happens in which order, the kernels above it say how, and a
faster set of kernels goes behind the same calls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import ClassVar

from ..program.expr import Call, Expr, Name, Number
from ..program.ops import ATOM, OPS, POWER, PRODUCT, REDUCTIONS, Shape, format_shape
from ..program.steps import PHASES, Program, ProgramError, Statement, Step
from ..program.text import Printer, number_text, parse, to_text
from .lowering import ACCUMULATOR, Contraction, Lowered, Nest, Reduction, RowWise, leaves, lower
from .names import check_names

CHOICE = 30  # how tightly `condition ? x : y` binds
INDENT = "    "
WHOLE = ("N", "t")  # names that hold whole numbers
FUNCTIONS = ("step", "predict", "evaluate", "trace")


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


@dataclass(frozen=True)
class Kernel:
    """A function made from a nest.

    sizes       its whole-number arguments, `("N", "K", "M")`
    arrays      formal name of an array argument -> whether the function writes it
    scalars     formal names of the numbers
    nest        what it computes; `scope` binds the nest's names to the formal ones
    formula     what it computes, in the formal names, for the comment above it
    result      what a function that returns a number returns
    settings    whether it takes the struct of all hyper-parameters
    """

    name: str
    sizes: tuple[str, ...]
    arrays: Mapping[str, bool]
    scalars: tuple[str, ...]
    nest: Nest
    scope: Scope
    formula: str
    result: str = ""
    settings: bool = False


@dataclass
class Function:
    """One of `step`, `predict`, `evaluate`, `trace`, lowered and written."""

    name: str
    lowered: Lowered
    lines: list[str]
    uses: set[str] = field(default_factory=set)


class LoopWriter(Printer):
    """Writes modules. A language overrides the class attributes and the methods under "what a language says".

    spellings       op -> template of a call
    helpers         op or helper -> the lines of a function for it, where the op table has no definition
    """

    language: ClassVar[str] = ""
    forms: ClassVar[tuple[str, ...]] = ()
    spellings: ClassVar[Mapping[str, str]] = {}
    choice: ClassVar[str] = "{} ? {} : {}"
    join_updates: ClassVar[bool] = False
    reserved: ClassVar[frozenset[str]] = frozenset("nijkNKMh") | {"count", "dot", ACCUMULATOR}
    width: ClassVar[int] = 116  # of a function's body

    def __init__(self, program: Program, *, keep: bool = False) -> None:
        check_names(program)
        self.program = program.full if keep else program
        self.keep = keep
        self.dimensions = dimensions_of(program)
        self.kernels: dict[str, Kernel] = {}
        self.bodies: dict[str, str] = {}  # the text of a kernel without its name -> its name
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
        *assigned, result = row.definition.split(";")
        with self.within(Scope({}, {})):
            lines = []
            for text in assigned:
                target, formula = (part.strip() for part in text.split("=", 1))
                lines.append((target, self(parse(formula, bound))))
                bound[target] = Name(target)
            return row.arguments, lines, self(parse(result, bound))

    def reduction(self, expr: Call) -> str:
        """The sum of a single array, in a formula: a call."""
        (inner,) = expr.args
        (array,) = (n for n in dict.fromkeys(leaves(inner)) if n.shape)
        scalars = [n.name for n in dict.fromkeys(leaves(inner)) if not n.shape]
        formal = {"x": array.name} | {self.formal_scalar(name): name for name in scalars}
        known = {"power": "sum_of_squares", "abs": "sum_of_magnitudes"}
        base = known.get(inner.op if isinstance(inner, Call) else "", f"{expr.op}_of_all")
        nest = Nest("loss", (), (("", Name(ACCUMULATOR)),), Reduction(expr.op, inner, None))
        bound = {name: formal for formal, name in formal.items() if name != array.name}
        scope = Scope({array.name: "x"}, bound, (Axis("k", "count"),), array.shape)
        kernel = Kernel(base, ("count",), {"x": False}, tuple(bound.values()), nest, scope, "", result=ACCUMULATOR)
        formula = "the sum of all " if expr.op == "sum" else "the largest of all "
        formula += self.formula(inner, {array.name: "x"})
        name = self.kernel(kernel, formula)
        count = product(self.symbols(array.name, array.shape))
        arguments = [count, self.pass_array(array.name, False), *(self.pass_scalar(s) for s in scalars)]
        return f"{name}({', '.join(arguments)})"

    # --- nests ---

    def nest(self, nest: Nest) -> list[str]:
        """The lines of a nest: a call where it has a core or updates a parameter, otherwise the loops themselves."""
        if isinstance(nest.core, RowWise):
            return [self.row_wise(nest)]
        if isinstance(nest.core, Contraction) or (isinstance(nest.core, Reduction) and nest.core.axis == 0):
            return [self.call_of(nest)]
        if nest.update is not None and nest.space != ():
            return [self.call_of(nest)]
        return self.loops(nest, self.scope.over(self.axes(nest), nest.space))

    def axes(self, nest: Nest) -> tuple[Axis, ...]:
        """The loops of a nest that is written in place."""
        shape = nest.core.inner.shape if isinstance(nest.core, Reduction) else nest.space
        symbols = self.symbols(self.dimension_name(nest, shape), shape)
        return self.axes_of(nest, shape, symbols)

    def axes_of(self, nest: Nest, shape: Shape, symbols: Sequence[str]) -> tuple[Axis, ...]:
        if not shape:
            return ()
        if len(shape) == 1:
            return (Axis("n" if shape[0] == "N" else "j", symbols[0]),)
        read = [n for value in nest.expressions for n in leaves(value) if n.shape and n.name in self.scope.arrays]
        transposed = any(isinstance(n, Call) and n.op == "transpose" for e in nest.expressions for n in nodes(e))
        whole = nest.core is None or (isinstance(nest.core, Reduction) and nest.core.axis is None)
        if whole and not nest.rows and not transposed and all(n.shape == shape for n in read):
            return (Axis("k", product(symbols)),)
        return (Axis("n" if shape[0] == "N" else "i", symbols[0]), Axis("j", symbols[1]))

    def dimension_name(self, nest: Nest, shape: Shape) -> str:
        """An array whose layer tells what the dimensions of the nest are called."""
        candidates = [*nest.targets, *(n.name for e in nest.expressions for n in leaves(e) if n.shape == shape)]
        shapes = {n.name: n.shape for e in nest.expressions for n in leaves(e)}
        shapes |= dict.fromkeys(nest.targets, nest.space)
        return next((name for name in candidates if shapes.get(name) == shape), candidates[0] if candidates else "")

    def loops(self, nest: Nest, scope: Scope) -> list[str]:
        """The plain loops of a nest."""
        if isinstance(nest.core, Contraction):
            lines = self.contraction_loops(nest, scope)
            if nest.beside is not None:
                columns = (Axis("n", "N"), Axis("j", "M"))
                lines += self.reduction_loops(nest.beside, scope.over(columns, nest.beside.space))
            return lines
        if isinstance(nest.core, Reduction):
            return self.reduction_loops(nest, scope)
        if not nest.rows:
            return self.nested(scope.axes, self.assignments(nest, scope))
        outer, inner = scope.axes
        inside = self.row_values(nest, scope) + self.nested((inner,), self.assignments(nest, scope))
        return self.nested((outer,), inside)

    def contraction_loops(self, nest: Nest, scope: Scope) -> list[str]:
        """`c[i, j] = epilogue(dot(row i, column j))`, an element at a time."""
        assert isinstance(nest.core, Contraction)
        uses = sum(leaf.name == ACCUMULATOR for _, value in nest.assignments for leaf in leaves(value))
        dot = self.dot(nest.core, scope)
        if uses == 1:
            body = self.assignments(nest, scope.over(scope.axes, scope.space, **{ACCUMULATOR: dot}))
        else:
            body = [self.declare(ACCUMULATOR, dot), *self.assignments(nest, scope)]
        return self.nested(scope.axes, body)

    def reduction_loops(self, nest: Nest, scope: Scope) -> list[str]:
        """`sum = 0; for ... sum += inner;` inside the loops over the space."""
        core = nest.core
        assert isinstance(core, Reduction)
        inner = scope.over(scope.axes, core.inner.shape)
        if core.axis is None:
            axes: tuple[Axis, ...] = scope.axes
            outside: tuple[Axis, ...] = ()
            own = scope.over((), ())
        else:
            axes, outside = (scope.axes[core.axis],), (scope.axes[1 - core.axis],)
            own = scope.over(outside, nest.space)
        name = self.accumulator(nest)
        own = own.over(own.axes, own.space, **{ACCUMULATOR: name})
        rows = self.row_values(nest, inner)
        with self.within(inner):
            if core.op == "max":
                self.need("maximum")
                change = self.set(name, "", f"maximum({name}, {self(core.inner)})")
            else:
                change = self.accumulate(name, core.inner)
        if rows and core.axis is None:
            summed = self.nested((axes[0],), [*rows, *self.nested(axes[1:], [change])])
            rows = []
        else:
            summed = self.nested(axes, [change])
        lines = [*rows, self.begin(name, core.op), *summed, *self.assignments(nest, own)]
        if own.axes:
            return self.nested(own.axes, lines)
        return lines

    def accumulate(self, name: str, inner: Expr) -> str:
        if isinstance(inner, Call) and inner.op == "negative":
            return self.set(name, "-", self(inner.args[0]))
        return self.set(name, "+", self(inner))

    def accumulator(self, nest: Nest) -> str:
        """What the running sum is called: `sum`; in the middle of a function, after its step: `data_loss_sum`."""
        core = nest.core
        if isinstance(core, Reduction) and core.axis is None and nest.targets != ("",):
            return f"{nest.targets[0]}_sum"
        return "largest" if isinstance(core, Reduction) and core.op == "max" else ACCUMULATOR

    def row_values(self, nest: Nest, scope: Scope) -> list[str]:
        """The registers of a row, each computed by a loop over its units."""
        lines = []
        for row in nest.rows:
            core = row.core
            assert isinstance(core, Reduction)
            name = f"{row.targets[0]}_{'sum' if core.op == 'sum' else 'largest'}"
            plain = row.assignments[0][1] == Name(ACCUMULATOR, row.space)
            name = row.targets[0] if plain else name
            with self.within(scope.over(scope.axes, core.inner.shape)):
                if core.op == "max":
                    self.need("maximum")
                    change = self.set(name, "", f"maximum({name}, {self(core.inner)})")
                else:
                    change = self.accumulate(name, core.inner)
            lines += [self.begin(name, core.op), *self.nested((scope.axes[1],), [change])]
            if not plain:
                with self.within(scope.over(scope.axes[:1], row.space, **{ACCUMULATOR: name})):
                    lines.append(self.declare(row.targets[0], self(row.assignments[0][1])))
        return lines

    def assignments(self, nest: Nest, scope: Scope) -> list[str]:
        """The innermost lines of a nest."""
        lines: list[str] = []
        seen: dict[str, str] = {row.targets[0]: row.targets[0] for row in nest.rows}
        for target, value in nest.assignments:
            with self.within(scope.over(scope.axes, scope.space, **seen)):
                if target == "":
                    continue
                place = self.scope.scalars.get(target, target)
                if target in nest.registers or (place == target and target not in self.scope.arrays):
                    lines.append(self.declare(place, self(value)))
                    seen[target] = place
                elif target not in self.scope.arrays:
                    lines.append(self.set(place, "", self(value)))
                else:
                    place = self.element(self.scope.arrays[target], self.offset(nest.space))
                    lines.append(self.assign(place, target, value))
        return lines

    def assign(self, place: str, target: str, value: Expr) -> str:
        operators = {"add": "+", "subtract": "-", "multiply": "*"}
        if isinstance(value, Call) and value.op in operators:
            left, right = value.args
            if isinstance(left, Name) and left.name == target:
                return self.set(place, operators[value.op], self(right))
        return self.set(place, "", self(value))

    # --- kernels ---

    def call_of(self, nest: Nest) -> str:
        """A nest as the call of a kernel, which is defined if it is new."""
        core = nest.core
        targets = [t for t in nest.targets if t not in nest.registers]
        reads = nest.reads
        own = self.own_names(nest)
        formal: dict[str, str] = {}
        taken = {*self.reserved, *OPS}
        for name in (*reads, *targets, *nest.registers):
            if name in formal or name in WHOLE:
                continue
            short = own.get(name) or self.short(name)
            if name in targets and name not in reads and short in taken:
                short = f"{short}_out"
            while short in taken:
                short = f"{short}_values"
            formal[name] = short
            taken.add(short)
        arrays = [name for name, shape in reads.items() if self.is_array(name, shape) and name not in targets]
        given = [name for name in reads if name in self.program.hyperparameters]
        if len(given) > 1:  # all of them, in their struct
            formal |= {name: self.scope.scalars[name] for name in given}
        scalars = [name for name, shape in reads.items() if not self.is_array(name, shape) and name not in WHOLE]
        axes: tuple[Axis, ...]
        summed: Axis | None = None
        if isinstance(core, Contraction):
            sizes, (*found, summed), actual = self.contraction_sizes(nest, core)
            axes = tuple(found)
        elif isinstance(core, Reduction):
            rows, columns = core.inner.shape
            symbols = self.symbols(self.dimension_name(nest, core.inner.shape), core.inner.shape)
            actual = (self.symbol(targets[0], columns, 1, 1) if rows == "N" else symbols[1],)
            actual, sizes = (symbols[0], *actual), ("N" if rows == "N" else "K", "M")
            axes = (Axis("n" if rows == "N" else "i", sizes[0]), Axis("j", "M"))
        else:
            axes = self.axes_of(nest, nest.space, ("K", "M")[-len(nest.space) :])
            symbols = self.symbols(targets[-1], nest.space)
            if len(axes) == 1:
                sizes, actual, axes = ("count",), (product(symbols),), (Axis("k", "count"),)
            else:
                sizes, actual = ("K", "M"), symbols
        if "N" in reads and "N" not in sizes:
            sizes, actual = ("N", *sizes), ("N", *actual)
        if "t" in reads:
            sizes, actual = (*sizes, "t"), (*actual, "t")
        numbers = {n: formal[n] for n in (*scalars, *nest.registers)}
        scope = Scope({n: formal[n] for n in (*arrays, *targets)}, numbers, axes, nest.space, summed)
        kernel = Kernel(
            self.kernel_name(nest),
            sizes,
            {formal[n]: False for n in arrays} | {formal[n]: True for n in targets},
            tuple(formal[n] for n in scalars if len(given) < 2 or n not in given),
            nest,
            scope,
            self.shape_remark(nest, formal, {n: reads.get(n) or self.shape_of(nest, n) for n in (*arrays, *targets)}),
            settings=len(given) > 1,
        )
        formula = "; ".join(self.formula_of(step, nest, formal) for step in nest.steps)
        if nest.update is not None and len(nest.update.assignments) > 1:
            formula = f"{self.kernel_name(nest)}, element by element: w is a parameter, dw its gradient"
        name = self.kernel(kernel, formula)
        arguments = [
            *(["h"] if len(given) > 1 else []),
            *actual,
            *(self.pass_array(n, False) for n in arrays),
            *(self.pass_scalar(n) for n in scalars if len(given) < 2 or n not in given),
            *(self.pass_array(n, True) for n in targets),
        ]
        return self.with_comment(self.statement(f"{name}({', '.join(arguments)})"), nest)

    @staticmethod
    def shape_of(nest: Nest, target: str) -> Shape:
        return nest.beside.space if nest.beside is not None and target in nest.beside.targets else nest.space

    def shape_remark(self, nest: Nest, formal: Mapping[str, str], shapes: Mapping[str, Shape]) -> str:
        """`     x (N, K), W (K, M), b (M,), a (N, M)`, for the comment above a kernel."""
        core = nest.core
        special: dict[str, tuple[str, ...]] = {}
        if isinstance(core, Contraction):
            rows, columns = ("K", "M") if core.over == "N" else ("N", "K" if core.right.transposed else "M")
            special = {core.left.name: ("N", "M" if core.right.transposed else "K"), core.right.name: ("K", "M")}
            if core.over == "N":
                special = {core.left.name: ("N", "K"), core.right.name: ("N", "M")}
        elif isinstance(core, Reduction):
            rows, columns = "N" if core.inner.shape[0] == "N" else "K", "M"
        else:
            return ""
        parts = []
        for name, shape in shapes.items():
            letters = special.get(name, (rows, columns)[2 - len(shape) :])
            if name not in special:
                whole = nest.core.inner.shape if isinstance(nest.core, Reduction) else nest.space
                pairs = zip(shape, whole[len(whole) - len(shape) :], letters, strict=False)
                letters = tuple("1" if n == 1 and m != 1 else letter for n, m, letter in pairs)
            parts.append(f"{formal[name]} {format_shape(letters)}")
        return "     " + ", ".join(dict.fromkeys(parts))

    def own_names(self, nest: Nest) -> dict[str, str]:
        """Formal names that say what an array is for."""
        if isinstance(nest.core, Contraction):
            left = nest.core.left
            return {left.name: "x"} if left.transposed or nest.phase in ("forward", "loss") else {}
        if nest.update is not None and nest.core is None:
            update = nest.update
            letters = {slot: slot[: -len(update.name)] for slot in update.slots}
            gradients = [n.name for n in leaves(update.gradient) if n.shape] if update.gradient is not None else []
            return {update.name: "w", **dict.fromkeys(gradients[:1], "dw"), **letters}
        if isinstance(nest.core, Reduction) and nest.update is None:
            arrays = [n.name for n in dict.fromkeys(leaves(nest.core.inner)) if n.shape]
            own = {arrays[0]: "x"} if len(arrays) == 1 else {}
            return own | ({nest.targets[0]: "out"} if len(nest.targets) == 1 else {})
        return {}

    def short(self, name: str) -> str:
        """A name without the number of its layer."""
        if name in self.unnumbered:
            return name
        match = re.fullmatch(r"(.*?[A-Za-z])\d+(?:_\d+)?", name)
        return match[1] if match else name

    def formal_scalar(self, name: str) -> str:
        return self.short(name)

    def is_array(self, name: str, shape: Shape) -> bool:
        return shape != () and name not in self.scope.scalars

    def contraction_sizes(
        self, nest: Nest, core: Contraction
    ) -> tuple[tuple[str, ...], tuple[Axis, ...], tuple[str, ...]]:
        """Sizes N, K, M with x (N, K), W (K, M), delta (N, M); the loops over the result; the sizes in the program."""
        rows, columns = nest.space
        over = core.over
        left, right = core.left, core.right
        first, second = (
            self.symbols(side.name, side.shape)[:: -1 if side.transposed else 1] for side in (left, right)
        )
        if over == "N":
            letters = ("K", "M", "N")
        elif right.transposed:
            letters = ("N", "K", "M")
        else:
            letters = ("N", "M", "K")
        actual = dict(zip(letters, (first[0], second[1], first[1]), strict=True))
        index = {"N": "n", "K": "i", "M": "j"}
        axes = tuple(Axis(index[letter], letter) for letter in letters)
        assert len((rows, columns)) == 2
        return ("N", "K", "M"), axes, (actual["N"], actual["K"], actual["M"])

    def kernel_name(self, nest: Nest) -> str:
        """What a kernel does, in a word or two."""
        core = nest.core
        if nest.update is not None:
            if isinstance(core, Contraction):
                return "update_layer" if nest.beside is not None else "update_weights"
            if isinstance(core, Reduction):
                return "update_column"
            declared = type(getattr(self.program.declaration, "optimizer", None)).__name__
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", declared).lower()
            return words if declared != "NoneType" else "update"
        if isinstance(core, Reduction):
            value = nest.assignments[0][1]
            mean = isinstance(value, Call) and value.op == "divide"
            squares = isinstance(core.inner, Call) and core.inner.op == "power"
            return "column_" + ({(True, True): "variance", (True, False): "mean"}.get((mean, squares)) or core.op)
        assert isinstance(core, Contraction)
        if core.over == "N":
            return "gradient"
        if nest.phase == "forward" and nest.assignments == ((nest.targets[0], Name(ACCUMULATOR, nest.space)),):
            return "matmul"
        word = activation_word(nest.steps) if nest.phase == "forward" else self.slope_word(nest)
        return ("forward" if nest.phase in ("forward", "loss") else "backward") + (f"_{word}" if word else "")

    def slope_word(self, nest: Nest) -> str:
        """The activation whose slope a backward kernel multiplies by."""
        numbers = {step.number for step in nest.steps}
        activations = [
            step
            for step in self.program.full.steps
            if isinstance(step, Step) and step.note == "activation" and step.number in numbers
        ]
        slopes = [step for step in nest.steps if isinstance(step, Step) and step.note in ("delta", "slope")]
        return activation_word(activations[-1:]) if slopes else ""

    def kernel(self, kernel: Kernel, formula: str) -> str:
        """The name of this kernel: that of an equal one, or a new one."""
        kernel = replace(kernel, formula=formula + kernel.formula)
        with self.within(kernel.scope):
            text = "\n".join(self.kernel_lines(replace(kernel, name="@")))
        bare = text.split("\n", 1)[1] if kernel.formula else text
        if bare not in self.bodies:
            name, repeat = kernel.name, 1
            while name in self.kernels:
                repeat += 1
                name = f"{kernel.name}_{repeat}"
            self.bodies[bare] = name
            self.kernels[name] = replace(kernel, name=name)
        return self.bodies[bare]

    def formula_of(self, statement: Statement, nest: Nest, formal: Mapping[str, str]) -> str:
        """A statement in the kernel's names: `a = relu(x @ W + b)`."""
        *_, (target, value) = statement.assignments
        if isinstance(statement, Step):
            return f"{formal.get(target, self.short(target))} = {self.formula(value, formal)}"
        return "; ".join(self.assigned(t, v, formal) for t, v in statement.assignments)

    def assigned(self, target: str, value: Expr, formal: Mapping[str, str]) -> str:
        operators = {"add": "+", "subtract": "-", "multiply": "*"}
        if isinstance(value, Call) and value.op in operators and value.args[0] == Name(target, value.shape):
            return f"{formal.get(target, target)} {operators[value.op]}= {self.formula(value.args[1], formal)}"
        return f"{formal.get(target, target)} = {self.formula(value, formal)}"

    def formula(self, expr: Expr, formal: Mapping[str, str]) -> str:
        return Renamed(formal, self.short)(expr)

    # --- functions ---

    def write_function(self, function: str) -> Function:
        """One of step, predict, evaluate and trace, lowered and written."""
        program, keep = self.program, self.keep or function == "trace"
        if function not in FUNCTIONS:
            raise ValueError(f"unknown function '{function}'; known: {', '.join(FUNCTIONS)}")
        statements: Sequence[Statement] = {
            "step": program.steps,
            "predict": program.prediction_steps,
            "evaluate": program.evaluation_steps,
            "trace": [step for step in program.full.steps if isinstance(step, Step)],
        }[function]
        wanted = {"step": {program.loss}, "trace": {program.loss}, "evaluate": {program.prediction, "data_loss"}}
        lowered = lower(
            program,
            statements,
            wanted.get(function, {program.prediction}),
            keep=keep and function in ("step", "trace"),
            join_updates=self.join_updates and not keep,
        )
        lines: list[str] = []
        with self.within(self.outer_scope(function, lowered, keep and function in ("step", "trace"))):
            for phase in PHASES:
                of_phase = [nest for nest in lowered.nests if nest.phase == phase]
                if of_phase and function in ("step", "trace"):
                    lines += [""] * bool(lines) + [self.comment(phase)]
                for nest in of_phase:
                    lines += self.nest(nest)
            lines = self.aligned(lines)
            result = {"predict": "", "evaluate": "data_loss"}.get(function, program.loss)
            if result:
                lines += [self.statement(f"return {self(Name(result))}")]
        return Function(function, lowered, lines)

    def with_comment(self, line: str, nest: Nest) -> str:
        if isinstance(nest.core, RowWise):
            results = (f"{name} = {op}({nest.core.source})" for op, name in nest.core.results)
            return f"{line}  {self.comment('; '.join(results))}"
        text = "; ".join(
            str(s) if isinstance(s, Step) else self.assigned(s.name, s.expression, {s.name: s.name}) for s in nest.steps
        )
        if nest.update is not None and len(nest.update.assignments) > 1:
            return line
        return f"{line}  {self.comment(text)}"

    def aligned(self, lines: Sequence[str]) -> list[str]:
        """Comments at the end of their lines, in one column for each phase; above the line where they would not fit."""
        opening, closing = self.comment("@").split("@")
        result: list[str] = []
        for blank, group in groupby(lines, key=lambda line: not line):
            block = list(group)
            split = [line.partition(f"  {opening}") for line in block]
            column = max((len(code) for code, mark, rest in split if mark and self.fits(len(code), rest)), default=0)
            for code, mark, rest in split if not blank else ():
                text = rest.removesuffix(closing)
                if not mark:
                    result.append(code)
                elif self.fits(len(code), rest):
                    result.append(f"{code:<{column if self.fits(column, rest) else 0}}  {opening}{rest}")
                elif len(rest) + 3 <= self.width:
                    result += [f"{opening}{rest}", code]
                else:
                    result += [*(f"{opening}{part}{closing}" for part in text.split("; ")), code]
            result += block if blank else []
        return result

    def fits(self, column: int, comment: str) -> bool:
        return column + len(comment) + 5 <= self.width

    # --- what a language says ---

    def outer_scope(self, function: str, lowered: Lowered, keep: bool) -> Scope:
        """How names are written in the body of a function."""
        raise NotImplementedError

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

    def dot(self, core: Contraction, scope: Scope) -> str:
        """The sum of products of a row of the left with a column of the right operand."""
        raise NotImplementedError

    def row_wise(self, nest: Nest) -> str:
        """The call of a kernel for softmax or log_softmax or both."""
        raise NotImplementedError

    def kernel_lines(self, kernel: Kernel) -> list[str]:
        """A kernel's definition; the first line is its comment if it has a formula."""
        raise NotImplementedError

    def define_helper(self, helper: str) -> None:
        """Writes down the function of one element that this op or helper needs."""
        raise NotImplementedError

    def pass_array(self, name: str, written: bool) -> str:
        raise NotImplementedError

    def pass_scalar(self, name: str) -> str:
        return self(Name(name))


class Renamed(Printer):
    """A formula in a kernel's names."""

    def __init__(self, formal: Mapping[str, str], short: object) -> None:
        self.formal, self.short = formal, short

    def name(self, expr: Name) -> str:
        return self.formal.get(expr.name, expr.name)


def nodes(expr: Expr) -> Iterator[Expr]:
    from ..program.expr import walk

    return walk(expr)


def activation_word(steps: Iterable[Statement]) -> str:
    """The first function in the last of these steps: `relu`; nothing for a linear layer."""
    for step in reversed(list(steps)):
        for node in nodes(step.expression):
            if isinstance(node, Call) and not node.row.symbol and node.row.elementwise and node.op not in REDUCTIONS:
                return node.op
    return ""


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
    "Axis", "Function", "Kernel", "LoopWriter", "Nest", "Scope", "count", "dimensions_of", "number_text", "to_text",
]  # fmt: skip
