"""What emitted C costs a device: memory of each kind, and operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..program.expr import Call, Expr
from ..program.ops import Shape
from .loops import Function, count
from .lowering import Contraction, Lowered, Nest, Reduction, RowWise

if TYPE_CHECKING:
    from .c_header import HeaderWriter

FRAME = 48  # bytes of a call: return address and saved registers
NAME = 8  # bytes of an argument or a local variable, where none is in a register
ROW_WISE = {"softmax": 5, "log_softmax": 4}  # operations an element
FREE = ("transpose", "full_like")
BYTES = {"float": 4, "double": 8}

Linear = tuple[int, int]  # what every row costs, and what a call costs


def lines(writer: HeaderWriter, functions: Sequence[Function]) -> list[str]:
    """RAM, flash, stack and operations, each on a line."""
    size = BYTES[writer.type]
    carried = {letter: sum(count(v.shape) for v in writer.carried(letter).values()) * size for letter in "wm"}
    used = {letter: any(letter in writer.arguments(f) for f in functions) for letter in "wms"}
    each, fixed = (n * size for n in linear(writer.buffers(functions, "scratch").values()))
    parts = [f"parameters {carried['w']:,}"] * used["w"]
    parts += [f"state {carried['m']:,}"] * (used["m"] and carried["m"] > 0)
    total = sum(carried[letter] for letter in "wm" if used[letter])
    if writer.rows is None:
        ram = f"{total + fixed:,} bytes and {each:,} a row"
        parts += [f"scratch {fixed:,} and {each:,} a row"]
    else:
        scratch = fixed + each * writer.rows
        ram = f"{total + scratch:,} bytes"
        parts += [f"scratch {scratch:,} for {writer.dimension('MAX_ROWS')} rows"] if scratch else []
    found = [f"RAM    {ram}: {', '.join(parts)}" if parts else "RAM    nothing but the stack"]
    stack = stack_bytes(writer, functions)
    constants = f"Flash  {constant_bytes(writer, functions):,} bytes of constants"
    found.append(constants + (f"; stack about {stack:,} bytes and what libm takes" if stack else ""))
    counted = [(f.name, *operations(f.lowered)) for f in functions if f.lowered.nests]
    shown = (f"{name} {a_row:,} a row" + (f" and {a_call:,}" if a_call else "") for name, a_row, a_call in counted)
    return [*found, f"Operations: {', '.join(shown)}"]


def linear(shapes: Iterable[Shape]) -> Linear:
    """How many elements for every row, and how many anyway."""
    each = fixed = 0
    for shape in shapes:
        if "N" in shape:
            each += count(shape, 1)
        else:
            fixed += count(shape)
    return each, fixed


def constant_bytes(writer: HeaderWriter, functions: Sequence[Function]) -> int:
    """The constants that are baked in: weights, and what the self-test expects."""
    size = BYTES[writer.type]
    variables = {**writer.program.parameters, **writer.program.state}
    numbers = sum(count(variables[name].shape) for name in writer.baked & {*writer.weights})
    names = {function.name for function in functions}
    if "initialize" in names:
        numbers += sum(count(variables[name].shape) for name in writer.initial)
    if "self_test" in names:
        numbers += expected_numbers(writer, functions)
    return numbers * size


def expected_numbers(writer: HeaderWriter, functions: Sequence[Function]) -> int:
    """The numbers that the self-test holds: what the functions it calls are given, and what they have to compute."""
    test, called = writer.test, {f.name: writer.arguments(f) for f in functions if f.name in ("step", "predict")}
    assert test is not None
    used = {name for arguments in called.values() for name in arguments}
    tables = [test.outputs, *(table for name, table in test.inputs.items() if name in used)]
    numbers = 0
    if "step" in called and test.losses:
        tables.append(test.trained)
        numbers += len(test.losses) + len(writer.program.hyperparameters) * ("h" in called["step"])
    return numbers + sum(len(row) for table in tables for row in table)


# --- stack ---


def stack_bytes(writer: HeaderWriter, functions: Sequence[Function]) -> int | None:
    """The deepest chain of calls, generously; None where arrays on the stack depend on the processor."""
    size = BYTES[writer.type]
    kernels = ["\n".join(writer.kernel_lines(kernel)) for kernel in writer.kernels.values()]
    helpers = ["\n".join(text) for text in writer.helper_texts.values()]
    leaves = [frame(text) for text in (*kernels, *writer.blocks.values())]
    tests = {"self_test": writer.test.stack_numbers * size} if writer.test is not None else {}
    bodies = [frame("\n".join(f.lines), len(writer.arguments(f)), tests.get(f.name, 0)) for f in functions]
    if any(found is None for found in (*leaves, *bodies)):
        return None
    deepest = max((found or 0 for found in bodies), default=0)
    if {"train", "self_test"} & {function.name for function in functions}:  # they call `step`
        deepest += max((found or 0 for f, found in zip(functions, bodies, strict=True) if f.lowered.nests), default=0)
    below = max((frame(text) or 0 for text in helpers), default=0)
    return deepest + max((found or 0 for found in leaves), default=0) + below + FRAME * 2


def frame(text: str, arguments: int = 0, arrays: int = 0) -> int | None:
    """The bytes of a function's frame: of its arguments and local variables, each counted as a whole word."""
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    if re.search(r"\breal \w+\[|\breal [^;(]*, \w+\[", bare) and not arrays:
        return None
    head = bare.split("{", 1)[0] if bare.startswith("static") else ""
    declared = re.findall(r"\b(?:real|int|size_t|long long) \*?\w+ =", bare)
    return FRAME + NAME * (len(declared) + head.count(",") + 1 + arguments) + arrays


# --- operations ---


def operations(lowered: Lowered) -> Linear:
    """Arithmetic operations of a function; one of exp, log, tanh and the like counts as one."""
    each = fixed = 0
    for nest in lowered.nests:
        a_row, a_call = of_nest(nest)
        each, fixed = each + a_row, fixed + a_call
    return each, fixed


def of_nest(nest: Nest) -> Linear:
    total = [0, 0]

    def add(shape: Shape, times: int) -> None:
        total["N" not in shape] += count(shape, 1) * times

    core = nest.core
    if isinstance(core, Contraction):
        add((*nest.space, core.over), 2)
    elif isinstance(core, Reduction):
        add(core.inner.shape, 1)
        tally(core.inner, core.inner.shape, add)
    elif isinstance(core, RowWise):
        add(nest.space, sum(ROW_WISE[op] for op, _ in core.results))
    for _, value in nest.assignments:
        tally(value, nest.space, add)
    for inner in (*nest.rows, *((nest.beside,) if nest.beside else ())):
        each, fixed = of_nest(inner)
        total = [total[0] + each, total[1] + fixed]
    return total[0], total[1]


def tally(expr: Expr, space: Shape, add: Callable[[Shape, int], None]) -> None:
    """The operations for every element of a space; a sum of a whole array takes one for each of its elements."""
    if not isinstance(expr, Call):
        return
    if expr.op in ("sum", "max"):
        space = expr.args[0].shape
    if expr.op not in FREE:
        add(space, 1)
    for arg in expr.args:
        tally(arg, space, add)
