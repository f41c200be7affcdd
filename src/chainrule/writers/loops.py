"""The loop family: a step is a loop nest. A language says how it spells ops, elements, loops and functions.

    program -> nests (`lowering`) -> kernels, the functions that the nests with a core call, and the lines of `step`

`elements` writes what is computed for one element, `kernels` the calls, and this module the loops and functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import ClassVar

from ..program.expr import Call, Expr, Name
from ..program.steps import PHASES, Statement, Step
from .elements import INDENT, Axis, Scope, count, dimensions_of, product
from .kernels import Kernel, KernelWriter
from .lowering import lower
from .nests import ACCUMULATOR, Contraction, Lowered, Nest, Reduction, RowWise, leaves

FUNCTIONS = ("step", "predict", "evaluate", "trace")


@dataclass
class Function:
    """One of `step`, `predict`, `evaluate`, `trace`, lowered and written."""

    name: str
    lowered: Lowered
    lines: list[str]
    uses: set[str] = field(default_factory=set)


class LoopWriter(KernelWriter):
    """Writes modules: the loops of nests, and functions."""

    forms: ClassVar[tuple[str, ...]] = ()

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

    # --- functions ---

    def write_function(self, function: str) -> Function:
        """One of step, predict, evaluate and trace, lowered and written."""
        program, keep = self.program, self.keep or function == "trace"
        if function not in FUNCTIONS:
            raise ValueError(f"unknown function '{function}'; known: {', '.join(FUNCTIONS)}")
        statements: Sequence[Statement] = {
            "step": program.steps if keep else program.training_steps,
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

    def dot(self, core: Contraction, scope: Scope) -> str:
        """The sum of products of a row of the left with a column of the right operand."""
        raise NotImplementedError

    def row_wise(self, nest: Nest) -> str:
        """The call of a kernel for softmax or log_softmax or both."""
        raise NotImplementedError


__all__ = [
    "INDENT", "Axis", "Function", "Kernel", "LoopWriter", "Nest", "Scope", "count", "dimensions_of", "product",
]  # fmt: skip
