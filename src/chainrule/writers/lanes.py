"""The lanes kernel set: for networks so small that a call costs more than its work.

The units of a layer lie side by side in the lanes of a vector register: `sum[j] += x[n, k] * W[k, j]` for all j at
once. Sizes are constants, so the compiler unrolls the loops. Where there are so few weights that a call costs as much
as what it does, everything is inlined into `train`, and the loop over steps becomes the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

from .loops import INDENT, Axis, Function, Nest, Scope, count
from .lowering import ACCUMULATOR, Contraction, Operand
from .tiled import TiledCWriter
from .tiles import SIZES

FEW = 32  # weights and biases; with more of them inlining takes longer to compile, and gains nothing


class LanesCWriter(TiledCWriter):
    """Programs as C for GCC and Clang, with the loop over steps as the kernel."""

    @property
    def sizes(self) -> str:  # type: ignore[override]  # it depends on the network here
        return SIZES.replace("COLUMNS = 64", f"COLUMNS = 64, WIDEST = {max(16, *self.dimensions.values())}")

    def contraction_loops(self, nest: Nest, scope: Scope) -> list[str]:
        """A row of the result at a time, all its columns side by side."""
        assert isinstance(nest.core, Contraction)
        (first, second), over = scope.axes, scope.summed
        assert over is not None
        if nest.space[-1] == 1 or (nest.core.left.transposed and int(nest.space[-1]) < int(nest.space[0])):
            return self.narrow(nest, scope)
        i, j, k = first.index, second.index, "k"
        left, right = nest.core.left, nest.core.right
        inside = scope.over(scope.axes, scope.space, **{ACCUMULATOR: f"{ACCUMULATOR}[{j}]"})
        columns = f"for (int {j} = 0; {j} < {second.extent}; {j}++)"
        a = self.place(left, scope, i, k, first, over)
        before: list[str] = []
        b = f"{scope.arrays[right.name]}[{k} * {second.extent} + {j}]"
        if right.transposed and right.shape[1] == 1:
            b = f"{scope.arrays[right.name]}[{j} * {over.extent} + {k}]"  # a single column lies as its transpose does
        elif right.transposed:
            before = [
                "real turned[WIDEST * WIDEST];",
                f"for (int {j} = 0; {j} < {second.extent}; {j}++)",
                f"{INDENT}for (int {k} = 0; {k} < {over.extent}; {k}++)",
                f"{INDENT * 2}turned[{k} * {second.extent} + {j}] = "
                f"{scope.arrays[right.name]}[{j} * {over.extent} + {k}];",
            ]
            b = f"turned[{k} * {second.extent} + {j}]"
        body = [
            f"real {ACCUMULATOR}[WIDEST];",
            columns,
            f"{INDENT}{ACCUMULATOR}[{j}] = 0;",
            f"for (int {k} = 0; {k} < {over.extent}; {k}++)",
            f"{INDENT}{columns}",
            f"{INDENT * 2}{ACCUMULATOR}[{j}] += {a} * {b};",
            *self.braced(columns, self.assignments(nest, inside)),
        ]
        return [*before, f"{self.for_loop(first)} {{", *(INDENT + line for line in body), "}"]

    def narrow(self, nest: Nest, scope: Scope) -> list[str]:
        """A result with few columns: a column at a time, its rows side by side."""
        assert isinstance(nest.core, Contraction)
        (first, second), over = scope.axes, scope.summed
        assert over is not None
        i, j, k = first.index, second.index, "k"
        left, right = nest.core.left, nest.core.right
        inside = scope.over(scope.axes, scope.space, **{ACCUMULATOR: f"{ACCUMULATOR}[{i} - {i}0]"})
        rows = f"for (int {i} = {i}0; {i} < {i}0 + rows; {i}++)"
        array = scope.arrays[right.name]
        b = f"{array}[{j} * {over.extent} + {k}]" if right.transposed else f"{array}[{k} * {second.extent} + {j}]"
        product = f"{ACCUMULATOR}[{i} - {i}0] += {self.place(left, scope, i, k, first, over)} * {b};"
        sums = f"for (int {k} = 0; {k} < {over.extent}; {k}++)"
        loops = [sums, INDENT + rows] if left.transposed else [rows, INDENT + sums]
        body = [
            f"const int rows = least(WIDEST, {first.extent} - {i}0);",
            f"real {ACCUMULATOR}[WIDEST];",
            rows,
            f"{INDENT}{ACCUMULATOR}[{i} - {i}0] = 0;",
            *loops,
            INDENT * 2 + product,
            *self.braced(rows, self.assignments(nest, inside)),
        ]
        return [
            self.for_loop(second),
            f"{INDENT}for (int {i}0 = 0; {i}0 < {first.extent}; {i}0 += WIDEST) {{",
            *(INDENT * 2 + line for line in body),
            f"{INDENT}}}",
        ]

    def place(self, operand: Operand, scope: Scope, i: str, k: str, own: Axis, over: Axis) -> str:
        array = scope.arrays[operand.name]
        if operand.transposed:
            return f"{array}[{k} * {own.extent} + {i}]"
        return f"{array}[{i} * {over.extent} + {k}]"

    def body(self, functions: Sequence[Function]) -> str:
        """Everything that `train` of a very small network calls becomes part of it."""
        text = super().body(functions)
        few = sum(count(variable.shape) for variable in self.program.parameters.values()) <= FEW
        for function in functions:
            if function.name == "train" and few:
                head = f"void {self.prefix}train("
                text = text.replace(f"\n{head}", f"\n__attribute__((flatten))\n{head}")
        return text
