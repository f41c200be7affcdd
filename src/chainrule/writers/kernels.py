"""Kernels: nests whose arrays have become arguments.

`a1 = relu(X @ W1 + b1)` and `a2 = relu(a1 @ W2 + b2)` are two calls of one `forward_relu`. So the text of `step` says
what happens in which order, the kernels above it say how, and a faster set of kernels goes behind the same calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..program.expr import Call, Expr, Name, walk
from ..program.ops import OPS, REDUCTIONS, Shape, format_shape
from ..program.steps import Program, Statement, Step
from ..program.text import Printer
from .elements import WHOLE, Axis, ElementWriter, Scope, product
from .nests import ACCUMULATOR, Contraction, Nest, Reduction, RowWise, leaves

SLOPED = ("delta", "delta_scaled", "adjoint_slope", "slope")  # notes of steps that an activation's slope goes into


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


class KernelWriter(ElementWriter):
    """Writes the calls of kernels, and notes which kernels there are."""

    def __init__(self, program: Program, *, keep: bool = False) -> None:
        super().__init__(program, keep=keep)
        self.kernels: dict[str, Kernel] = {}
        self.bodies: dict[str, str] = {}  # the text of a kernel without its name -> its name

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
        formula = "; ".join(self.formula_of(step, formal) for step in nest.steps)
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
        first, second = (self.symbols(side.name, side.shape)[:: -1 if side.transposed else 1] for side in (left, right))
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
            inner = core.inner.op if isinstance(core.inner, Call) else ""
            if mean and inner == "power":
                return "column_variance"
            return f"column_{'mean' if mean else core.op}{'_of_products' if inner == 'multiply' else ''}"
        assert isinstance(core, Contraction)
        if core.over == "N":
            return "gradient" if nest.beside is not None else "weight_gradient"
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
        slopes = [step for step in nest.steps if isinstance(step, Step) and step.note in SLOPED]
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

    def formula_of(self, statement: Statement, formal: Mapping[str, str]) -> str:
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
        transposed = any(isinstance(n, Call) and n.op == "transpose" for e in nest.expressions for n in walk(e))
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

    # --- what a language says ---

    def kernel_lines(self, kernel: Kernel) -> list[str]:
        """A kernel's definition; the first line is its comment if it has a formula."""
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


def activation_word(steps: Iterable[Statement]) -> str:
    """The first function in the last of these steps: `relu`; nothing for a linear layer."""
    for step in reversed(list(steps)):
        for node in walk(step.expression):
            if isinstance(node, Call) and not node.row.symbol and node.row.elementwise and node.op not in REDUCTIONS:
                return node.op
    return ""
