"""The tiled kernel set: the same calls in `step`, faster kernels above them, for GCC and Clang.

Contractions are computed in register tiles, six rows by two vectors of columns, where their result belongs; what
follows element by element (bias, activation, slope) is computed there. A parameter's update in place takes them block
by block. Operands whose elements lie far apart are gathered first.
exp, log and tanh are short polynomials without branches or tables: the compiler vectorises the loops that they are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from ..program.expr import Call, Name, substitute
from ..program.ops import PRODUCT
from .c import CWriter
from .lines import braced
from .loops import INDENT, Axis, Function, Nest, Scope
from .lowering import ACCUMULATOR, Contraction, Operand, Reduction, leaves
from .polynomials import FUNCTIONS, code
from .tiles import FLUSH, INLINE, LOG_SOFTMAX, SIZES, SOFTMAX, SOFTPLUS, TILES, TRANSPOSE


def own_place(nest: Nest) -> str | None:
    """The array that a product may be written to, so that what follows is computed there: one that the nest does not
    read, and from whose assignment on nothing needs the product."""
    reads = [{leaf.name for leaf in leaves(value)} for _, value in nest.assignments]
    last = max(i for i, names in enumerate(reads) if ACCUMULATOR in names)
    found = [target for target, _ in nest.assignments[last:] if target and target not in {*nest.registers, *nest.reads}]
    return found[0] if found else None


def after_place(nest: Nest, place: str) -> Nest:
    """What follows where the product lies in this array."""
    own = Name(place, nest.space)
    follows = [(target, substitute(value, {ACCUMULATOR: own})) for target, value in nest.assignments]
    return replace(nest, assignments=tuple(pair for pair in follows if pair != (place, own)))


def moved(array: str, begin: str, apart: str = "1") -> str:
    """Where a row begins."""
    return array if begin == "0" else f"{array} + {begin}" + (f" * {apart}" if apart != "1" else "")


class TiledCWriter(CWriter):
    """Programs as C for GCC and Clang on a desktop or server, in register tiles."""

    restrict = "restrict "
    sizes: ClassVar[str] = SIZES
    updates = False  # whether the lines being written update a parameter

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they are
        own = {"exp": "exp_({})", "log": "log_({})", "tanh": "tanh_({})"}
        self.spellings = {op: text for op, text in self.spellings.items() if op != "erf"} | own  # type: ignore[misc]

    def function(self, expr: Call) -> str:
        if expr.op != "erf":
            return super().function(expr)
        self.need("erf")  # our own, from the op table: erf of libm is no loop that vectorises
        return f"erf_({self(expr.args[0])})"

    def infix(self, expr: Call) -> tuple[str, int]:
        """A parameter's update divides by scalars once, before its loop: dividing is what it spends its time on."""
        if expr.op != "divide" or not self.updates or expr.args[1].shape or not expr.shape:
            return super().infix(expr)
        before, after = self.text(expr.args[0], PRODUCT), self.text(expr.args[1], PRODUCT + 1)
        return f"{before} * ({self.number(1.0)} / {after})", PRODUCT

    def assignments(self, nest: Nest, scope: Scope) -> list[str]:
        self.updates = nest.update is not None
        try:
            return super().assignments(nest, scope)
        finally:
            self.updates = False

    # --- kernels ---

    def contraction_loops(self, nest: Nest, scope: Scope) -> list[str]:
        """A product, written where one of the results belongs; what follows for each element is done there."""
        assert isinstance(nest.core, Contraction)
        place = own_place(nest)
        if place is None:
            return self.contraction_blocks(nest, scope)
        (first, second), over = scope.axes, scope.summed
        assert over is not None
        i, j = first.index, second.index
        before, begin, end = self.share(first)
        a = self.left(nest.core.left, scope, first, over, begin)
        b = self.right(nest.core.right, scope, second, over)
        rows = end if begin == "0" else f"{end} - {begin}"
        to = moved(scope.arrays[place], begin, second.extent)
        lines = [*before, f"product({rows}, {second.extent}, {over.extent}, {a}, {b}, {to}, {second.extent});"]
        follows = after_place(nest, place)
        if not follows.assignments:
            return lines
        body = braced(f"for (int {j} = 0; {j} < {second.extent}; {j}++)", self.assignments(follows, scope))
        return [*lines, f"for (int {i} = {begin}; {i} < {end}; {i}++)", *(INDENT + line for line in body)]

    def contraction_blocks(self, nest: Nest, scope: Scope) -> list[str]:
        """Blocks of rows and columns: a product into `sum`, then what follows for each of its elements."""
        assert isinstance(nest.core, Contraction)
        (first, second), over = scope.axes, scope.summed
        assert over is not None
        i, j = first.index, second.index
        element = f"{ACCUMULATOR}[({i} - {i}0) * WIDE + {j} - {j}0]"
        inside = scope.over(scope.axes, scope.space, **{ACCUMULATOR: element})
        a = self.left(nest.core.left, scope, first, over, f"{i}0")
        b = self.right(nest.core.right, scope, second, over, f"{j}0")
        columns = f"for (int {j} = {j}0; {j} < {j}0 + columns; {j}++)"
        before, begin, end = self.share(first)
        body = [
            f"const int rows = least(ROWS, {end} - {i}0), columns = least(WIDE, {second.extent} - {j}0);",
            f"product(rows, columns, {over.extent}, {a}, {b}, {ACCUMULATOR}, WIDE);",
            f"for (int {i} = {i}0; {i} < {i}0 + rows; {i}++)",
            *(INDENT + line for line in braced(columns, self.assignments(nest, inside))),
        ]
        return [
            *before,
            f"real {ACCUMULATOR}[ROWS * WIDE];",
            f"for (int {i}0 = {begin}; {i}0 < {end}; {i}0 += ROWS)",
            f"{INDENT}for (int {j}0 = 0; {j}0 < {second.extent}; {j}0 += WIDE) {{",
            *(INDENT * 2 + line for line in body),
            f"{INDENT}}}",
        ]

    def share(self, axis: Axis) -> tuple[list[str], str, str]:
        """Lines before the outer loop of a kernel, and from where up to where it goes: all of it."""
        return [], "0", axis.extent

    def left(self, operand: Operand, scope: Scope, own: Axis, over: Axis, begin: str) -> str:
        """Where the left operand begins, and how far apart its rows and the elements of a row lie."""
        array = scope.arrays[operand.name]
        if operand.transposed:
            return f"{moved(array, begin)}, 1, {own.extent}"
        return f"{moved(array, begin, over.extent)}, {over.extent}, 1"

    def right(self, operand: Operand, scope: Scope, own: Axis, over: Axis, begin: str = "0") -> str:
        """The same of the right operand: down a column, and across."""
        array = scope.arrays[operand.name]
        if operand.transposed:
            return f"{moved(array, begin, over.extent)}, 1, {over.extent}"
        return f"{moved(array, begin)}, {own.extent}, 1"

    def reduction_loops(self, nest: Nest, scope: Scope) -> list[str]:
        """Sums of columns row by row, and totals in several parts, so that the additions run side by side."""
        core = nest.core
        assert isinstance(core, Reduction)
        if core.op != "sum" or nest.rows or (core.axis is None and nest.targets != ("",)) or core.axis == 1:
            return super().reduction_loops(nest, scope)
        inner = scope.over(scope.axes, core.inner.shape)
        if core.axis is None:
            (axis,) = scope.axes
            return self.total(nest, inner, axis)
        outer, column = scope.axes
        j = column.index
        with self.within(inner):
            change = self.accumulate(f"total[{j} - {j}0]", core.inner)
        own = scope.over((column,), nest.space, **{ACCUMULATOR: f"total[{j} - {j}0]"})
        columns = f"for (int {j} = {j}0; {j} < {j}0 + columns; {j}++)"
        rows = [self.for_loop(outer), INDENT + columns, f"{INDENT * 2}{change}"]
        if isinstance(core.inner, Name):  # the next addition to a total waits for the one before: four rows in each
            n, (a, b, c, d) = outer.index, (self.at_row(core.inner, scope, ahead) for ahead in range(4))
            rows = [
                f"int {n} = 0;",
                f"for (; {n} + 4 <= {outer.extent}; {n} += 4)",
                INDENT + columns,
                f"{INDENT * 2}total[{j} - {j}0] += ({a} + {b}) + ({c} + {d});",
                f"for (; {n} < {outer.extent}; {n}++)",
                INDENT + columns,
                f"{INDENT * 2}{change}",
            ]
        before, begin, end = self.share(column)
        return [
            *before,
            f"for (int {j}0 = {begin}; {j}0 < {end}; {j}0 += COLUMNS) {{",
            f"{INDENT}const int columns = least(COLUMNS, {end} - {j}0);",
            f"{INDENT}real total[COLUMNS] = {{0}};",
            *(INDENT + line for line in rows),
            *(INDENT + line for line in braced(columns, self.assignments(nest, own))),
            "}",
        ]

    def at_row(self, array: Name, scope: Scope, ahead: int) -> str:
        """An element of an array so many rows further on."""
        outer, column = scope.axes
        row = Axis(f"({outer.index} + {ahead})" if ahead else outer.index, outer.extent)
        with self.within(scope.over((row, column), array.shape)):
            return self(array)

    def total(self, nest: Nest, scope: Scope, axis: Axis) -> list[str]:
        core = nest.core
        assert isinstance(core, Reduction)
        k, name = axis.index, self.accumulator(nest)
        with self.within(scope):
            part = self.accumulate(f"part[{k} - {k}0]", core.inner)
            rest = self.accumulate(name, core.inner)
        own = scope.over((), (), **{ACCUMULATOR: name})
        return [
            "real part[PARTS] = {0};",
            f"int {k}0 = 0;",
            f"for (; {k}0 + PARTS <= {axis.extent}; {k}0 += PARTS)",
            f"{INDENT}for (int {k} = {k}0; {k} < {k}0 + PARTS; {k}++)",
            f"{INDENT * 2}{part}",
            "for (int left = PARTS / 2; left > 0; left /= 2)",
            f"{INDENT}for (int i = 0; i < left; i++)",
            f"{INDENT * 2}part[i] += part[i + left];",
            f"real {name} = part[0];",
            f"for (int {k} = {k}0; {k} < {axis.extent}; {k}++)",
            f"{INDENT}{rest}",
            *self.assignments(nest, own),
        ]

    # --- the text ---

    def written(self, functions: Iterable[str]) -> list[Function]:
        """`train` counts numbers too small to matter as 0: on x86 each of them would cost a hundred others."""
        written = super().written(functions)
        for function in written:
            if function.name in ("train", "watch"):
                function.lines[:] = ["const unsigned before = flush();", *function.lines, "unflush(before);"]
        return written

    def body(self, functions: Sequence[Function]) -> str:
        """The plain text with tiles, polynomials and the row-wise functions put in place."""
        for name, text in {"softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX}.items():
            if name in self.blocks:
                self.blocks[name] = text
        if "softplus" in self.helper_texts:
            self.helper_texts["softplus"] = SOFTPLUS.replace("@", self.suffix).splitlines()
        if "erf" in self.helper_texts:
            head, *rest = self.helper_texts["erf"]
            self.helper_texts["erf"] = [head.replace(" erf(", " erf_("), *rest]
        for lines in self.helper_texts.values():  # a call would keep the loop around it from being vectorised
            lines[0] = lines[0].replace("static real ", "INLINE real ")
        text = super().body(functions)
        wanted = [name for name in FUNCTIONS if f"{name}(" in text]
        mark = "\n\ntypedef" if self.prefix else "#endif"
        position = text.index("\n\n", text.index(mark) + len(mark))
        before, after = text[:position], text[position:]
        tiles = TILES.replace("@transpose", TRANSPOSE[self.type]) if "product(" in text else self.sizes
        flush = FLUSH if "= flush()" in text else ""
        parts = [code(self.type, wanted), tiles, flush]
        inline = INLINE if "INLINE " in "".join([*parts, after]) else ""
        return "\n\n".join(filter(None, [before, inline, *parts])) + after
