"""The lanes kernel set: for networks so small that a call costs more than its work.

The units of a layer lie side by side in the lanes of a vector register: `sum[j] += x[n, k] * W[k, j]` for all j at
once. Sizes are constants, so the compiler unrolls the loops. Where there are so few weights that a call costs as much
as what it does, the loop over steps becomes the kernel: `train` holds the weights in registers (`registers`), or, where
a program is not written like that, everything is inlined into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ..program.expr import Call, Expr, Name, Number, call, is_condition
from ..program.ops import ATOM
from . import lane_blocks, registers
from .lines import braced
from .loops import INDENT, Axis, Function, Nest, Scope, count
from .lowering import ACCUMULATOR, Contraction, Operand
from .tiled import TiledCWriter
from .tiles import SIZES

FEW = 32  # weights and biases; with more of them inlining takes longer to compile, and gains nothing


class LanesCWriter(TiledCWriter):
    """Programs as C for GCC and Clang, with the loop over steps as the kernel."""

    in_lanes = False  # whether an array stands for a vector in what is being written
    held: registers.Registers | None = None  # the step that `train` makes in registers

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.each: dict[str, str] = {}  # functions of all lanes, by name

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
            *braced(columns, self.assignments(nest, inside)),
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
            *braced(rows, self.assignments(nest, inside)),
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

    def define_helper(self, helper: str) -> None:
        before = self.spellings
        if helper == "sigmoid":  # where exp is beyond its bounds, 1 / (1 + exp) is 0 or 1 anyway
            self.spellings = {**before, "exp": "exp_within({})"}  # type: ignore[misc]
        super().define_helper(helper)
        self.spellings = before  # type: ignore[misc]

    # --- the loop over steps as the kernel ---

    @contextmanager
    def side_by_side(self, scope: Scope, total_of: Callable[[Call], str]) -> Iterator[None]:
        """Arrays in expressions stand for vectors; `total_of` writes the sum of all elements of one."""
        before, self.in_lanes, self.total_of = self.in_lanes, True, total_of
        try:
            with self.within(scope):
                yield
        finally:
            self.in_lanes = before

    def spell(self, expr: Expr) -> tuple[str, int]:
        if not self.in_lanes or not isinstance(expr, Call) or expr.op in lane_blocks.ARITHMETIC:
            return super().spell(expr)
        if registers.single(expr.shape) or all(registers.single(arg.shape) for arg in expr.args):
            return super().spell(expr)
        return self.each_lane(expr), ATOM

    def reduction(self, expr: Call) -> str:
        return self.total_of(expr) if self.in_lanes else super().reduction(expr)

    def each_lane(self, expr: Call) -> str:
        """The call of a function that computes this for all lanes; comparisons and choices are computed inside."""
        given: list[Expr] = []

        def formal(part: Expr) -> Expr:
            if isinstance(part, Number):
                return part
            if isinstance(part, Call) and (part is expr or part.op == "where" or is_condition(part)):
                return call(part.op, *map(formal, part.args), **dict(part.options))
            given.extend([part] * (part not in given))
            if len(given) > len("xyzuvw"):
                raise registers.NoRoomError
            return Name("xyzuvw"[given.index(part)])

        inside = formal(expr)
        several = {"xyzuvw"[i]: not registers.single(part.shape) for i, part in enumerate(given)}
        self.in_lanes = False
        with self.within(Scope({}, {name: f"{name}s[i]" if many else name for name, many in several.items()})):
            text = self(inside)
        self.in_lanes = True
        square = expr.op == "power" and expr.args[1] == Number(2.0)
        name = self.function_of_lanes("square" if square else expr.op, several, text)
        return f"{name}({', '.join(map(self, given))})"

    def function_of_lanes(self, op: str, several: Mapping[str, bool], text: str) -> str:
        """The name of an inline function for all lanes, written when it is first needed."""
        known = [name for name in self.each if re.fullmatch(rf"{op}_lanes(_\d+)?", name)]
        for name in known:
            if self.each[name] == lane_blocks.of_each_lane(name, several, text):
                return name
        name = f"{op}_lanes" + (f"_{len(known) + 1}" if known else "")
        self.each[name] = lane_blocks.of_each_lane(name, several, text)
        return name

    def take_loss(self, step: str) -> list[str]:
        return super().take_loss(step) if self.held is None else self.held.step

    def written(self, functions: Iterable[str]) -> list[Function]:
        names = list(functions)
        self.held = registers.held(self) if "train" in names else None
        written = super().written(names)
        if self.held is not None:
            self.blocks["lanes"] = lane_blocks.block([*self.held.before, *self.held.step, *self.held.after], self.each)
            by_name = {function.name: function for function in written}
            flush, *lines, unflush = by_name["train"].lines
            unused = ["(void)s;"] if "s" in self.arguments(by_name["step"]) else []
            by_name["train"].lines[:] = [flush, *unused, *self.held.before, *lines, *self.held.after, unflush]
        return written

    def body(self, functions: Sequence[Function]) -> str:
        """Everything that `train` of a very small network calls becomes part of it."""
        text = super().body(functions)
        few = sum(count(variable.shape) for variable in self.program.parameters.values()) <= FEW and self.held is None
        for function in functions:
            if function.name == "train" and few:
                head = f"void {self.prefix}train("
                text = text.replace(f"\n{head}", f"\n__attribute__((flatten))\n{head}")
        return text
