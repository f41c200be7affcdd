"""C for a device: trained weights as constants, a self-test with expected values, parameters saved as bytes."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..program.ops import Shape, format_shape
from ..program.steps import Variable
from .layout import filled
from .loops import INDENT, Function, count, product
from .lowering import Lowered
from .scripts import numeral

if TYPE_CHECKING:
    from .c_header import HeaderWriter

WIDTH = 112
DTYPES = {"float": "float32", "double": "float64"}

NAMES = ("initialize", "save", "restore", "self_test")
DESCRIPTIONS = {
    "initialize": "Sets what training begins with.",
    "save": "Writes SAVED_BYTES bytes, in the byte order of this machine: network, checksum, numbers.",
    "restore": "Reads them back; not 0, and nothing changed: 1 another size, 2 another network, 3 a wrong checksum.",
    "self_test": "0 where this machine computes what is expected, else the number of the first check that fails.",
}
RESULTS = {"initialize": "void", "save": "void", "restore": "int", "self_test": "int"}

CHECKSUM = """\
/* CRC-32, as in zlib and PNG; of several pieces one after another. It begins with 0. */
static uint32_t checksum(uint32_t sum, const void *bytes, size_t count) {
    const unsigned char *byte = bytes;
    sum = ~sum;
    for (size_t i = 0; i < count; i++) {
        sum ^= byte[i];
        for (int bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ (0xEDB88320u & (0u - (sum & 1u)));
    }
    return ~sum;
}"""

DIFFERS = """\
/* Whether numbers differ from what is expected, or are NaN. */
static int differs(int count, const real *found, const real *expected) {
    for (int k = 0; k < count; k++)
        if (!(fabs@(found[k] - expected[k]) <= @TOLERANCE@ * (@ONE@ + fabs@(expected[k]))))
            return 1;
    return 0;
}"""


# --- numbers as constants ---------------------------------------------------------------------------------------------


def flat(values: Any) -> Iterator[float]:
    """The numbers of nested lists."""
    if hasattr(values, "__len__"):
        for value in values:
            yield from flat(value)
    else:
        yield float(values)


def shape_of(values: Any) -> Shape:
    return (len(values), *shape_of(values[0])) if hasattr(values, "__len__") and len(values) else ()


def check_values(variables: Mapping[str, Variable], values: Mapping[str, Any], needed: Sequence[str]) -> None:
    """ValueError: a name that is missing or unknown, another shape, a number that is not finite."""
    unknown = [name for name in values if name not in variables]
    if unknown:
        raise ValueError(f"weights: unknown name '{unknown[0][:40]}'; known: {', '.join(variables)}")
    missing = [name for name in needed if name not in values]
    if missing:
        raise ValueError(f"weights: {', '.join(missing)} missing")
    for name, given in values.items():
        shape, wanted = shape_of(given), variables[name].shape
        if shape != wanted or len(list(flat(given))) != count(wanted):
            raise ValueError(f"weights: {name} has shape {format_shape(shape)}, not {format_shape(wanted)}")
        if not all(map(math.isfinite, flat(given))):
            raise ValueError(f"weights: {name} holds a value that is not finite")


def numbers(writer: HeaderWriter, values: Any, before: str, after: str, indent: str = INDENT) -> list[str]:
    """`before {1.0f, 2.0f} after`, in as few lines as fit."""
    dtype = DTYPES[writer.type]
    listed = [writer.number(float(numeral(value, dtype))) for value in flat(values)]
    line = f"{before}{{{', '.join(listed)}}}{after}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{before}{{", *filled(indent, listed, "", indent, WIDTH), f"{indent[:-4]}}}{after}"]


def constants(writer: HeaderWriter, functions: Sequence[Function]) -> list[str]:
    """The blocks of baked weights, and of those that training begins with."""
    variables = {**writer.program.parameters, **writer.program.state}
    blocks = []
    if writer.baked:
        lines = ["/* Weights that do not change. */"]
        for name in (name for name in variables if name in writer.baked & {*writer.weights}):
            extent = product(writer.symbols(name, variables[name].shape))
            lines += numbers(writer, writer.weights[name], f"static const real {name}[{extent}] = ", ";")
        blocks.append("\n".join(lines))
    if any(function.name == "initialize" for function in functions):
        lines = ["/* The weights that training begins with. */"]
        lines.append(f"static const struct {writer.prefix}parameters initial = {{")
        for name in writer.carried("w"):
            lines += numbers(writer, writer.weights[name], f"{INDENT}.{name} = ", ",", INDENT * 2)
        lines.append("};")
        for name in (name for name in writer.carried("m") if name in writer.weights):
            extent = product(writer.symbols(name, variables[name].shape))
            lines += numbers(writer, writer.weights[name], f"static const real initial_{name}[{extent}] = ", ";")
        blocks.append("\n".join(lines))
    return blocks


def arguments(writer: HeaderWriter, function: str, used: Sequence[str] = ()) -> dict[str, str]:
    """The arguments of one of these functions; `used` by those that a self-test calls."""
    if function == "save":
        return {**carried_arguments(writer, "const "), "bytes": "unsigned char *bytes"}
    if function == "restore":
        return {**carried_arguments(writer), "bytes": "const unsigned char *bytes", "count": "size_t count"}
    letters = initialized(writer) if function == "initialize" else [*initialized(writer) * bool(writer.initial), *used]
    structs = writer.structs
    return {key: f"struct {writer.prefix}{structs[key]} *{key}" for key in structs if key in letters and key != "h"}


# --- functions --------------------------------------------------------------------------------------------------------


def initialize(writer: HeaderWriter) -> Function:
    """Copies the weights that training begins with."""
    state = writer.carried("m")
    lines = ["*w = initial;"] + (["memset(m, 0, sizeof *m);"] if state else [])
    for name, variable in state.items():
        extent = product(writer.symbols(name, variable.shape))
        if name in writer.weights:
            lines.append(f"memcpy(m->{name}, initial_{name}, sizeof m->{name});")
        elif variable.start:
            lines += [f"for (int j = 0; j < {extent}; j++)", f"{INDENT}m->{name}[j] = {writer.number(variable.start)};"]
    return Function("initialize", Lowered(()), lines)


def saved(writer: HeaderWriter) -> list[tuple[str, str]]:
    """What is saved, piece by piece: where it lies, and its size."""
    pieces = [("w", "sizeof *w")]
    running = [name for name, variable in writer.carried("m").items() if variable.of]
    return [*pieces, *((f"m->{name}", f"sizeof m->{name}") for name in running)]


def saved_bytes(writer: HeaderWriter) -> int:
    """Four bytes say which network it is, four are a checksum; then the numbers."""
    running = [variable for variable in writer.carried("m").values() if variable.of]
    total = sum(count(v.shape) for v in (*writer.carried("w").values(), *running))
    return 8 + total * {"float": 4, "double": 8}[writer.type]


def fingerprint(writer: HeaderWriter) -> int:
    """A number that tells one network's parameters from another's: of names, shapes and type."""
    variables = {**writer.carried("w"), **writer.carried("m")}
    kept = ", ".join(f"{name} {format_shape(v.shape)}" for name, v in variables.items())
    return zlib.crc32(f"{writer.type} {kept}".encode())


def save(writer: HeaderWriter) -> Function:
    lines = [f"const uint32_t network = 0x{fingerprint(writer):08X}u;", "uint32_t sum = 0;"]
    lines += [f"sum = checksum(sum, {place}, {size});" for place, size in saved(writer)]
    lines += ["memcpy(bytes, &network, 4);", "memcpy(bytes + 4, &sum, 4);", "bytes += 8;"]
    pieces = saved(writer)
    for i, (place, size) in enumerate(pieces):
        lines.append(f"memcpy(bytes, {place}, {size});")
        lines += [f"bytes += {size};"] if i < len(pieces) - 1 else []
    return Function("save", Lowered(()), lines)


def restore(writer: HeaderWriter) -> Function:
    whole = writer.dimension("SAVED_BYTES")
    lines = ["uint32_t network, sum;", f"if (count != {whole})", f"{INDENT}return 1;"]
    lines += ["memcpy(&network, bytes, 4);", "memcpy(&sum, bytes + 4, 4);"]
    lines += [f"if (network != 0x{fingerprint(writer):08X}u)", f"{INDENT}return 2;"]
    lines += [f"if (sum != checksum(0, bytes + 8, {whole} - 8))", f"{INDENT}return 3;", "bytes += 8;"]
    pieces = saved(writer)
    for i, (place, size) in enumerate(pieces):
        lines.append(f"memcpy({place}, bytes, {size});")
        lines += [f"bytes += {size};"] if i < len(pieces) - 1 else []
    return Function("restore", Lowered(()), [*lines, "return 0;"])


def carried_arguments(writer: HeaderWriter, constant: str = "") -> dict[str, str]:
    """The pointers to parameters, and to state where the network has running statistics to predict with."""
    found = {"w": f"{constant}struct {writer.prefix}parameters *w"}
    if len(saved(writer)) > 1:
        found["m"] = f"{constant}struct {writer.prefix}state *m"
    return found


# --- self-test --------------------------------------------------------------------------------------------------------


def self_test(writer: HeaderWriter, step: Function | None, predict: Function) -> Function:
    """Predicts, makes some steps, predicts again, and compares with what is expected."""
    program, prefix, test = writer.program, writer.prefix, writer.test
    assert test is not None
    rows = len(test.outputs)
    used = {name for function in (step, predict) if function for name in writer.arguments(function)}
    lines: list[str] = []
    for name, table in test.inputs.items():
        if name in used:
            lines += numbers(writer, table, f"static const real {name}[] = ", ";")
    lines += numbers(writer, test.outputs, "static const real outputs[] = ", ";")
    if step is not None and test.losses:
        lines += numbers(writer, test.losses, "static const real losses[] = ", ";")
        lines += numbers(writer, test.trained, "static const real trained[] = ", ";")
        if "h" in writer.arguments(step):
            lines += numbers(
                writer, list(program.hyperparameters.values()), f"static const struct {prefix}settings usual = ", ";"
            )
    outputs = writer.dimension("OUTPUTS")
    total = product([str(rows), outputs])
    found = f"found[{total}]"
    given = {"N": str(rows), program.prediction: "found", "h": "&usual", "t": "t + 1"}

    def call(function: Function) -> str:
        arguments = ", ".join(given.get(name, name) for name in writer.arguments(function))
        return f"{prefix}{function.name}({arguments})"

    lines += [f"real {found};"] + ([f"{prefix}initialize({', '.join(initialized(writer))});"] if writer.initial else [])
    lines += [f"{call(predict)};", f"if (differs({total}, found, outputs))", f"{INDENT}return 1;"]
    if step is not None and test.losses:
        lines += [f"for (int t = 0; t < {len(test.losses)}; t++) {{"]
        lines += [f"{INDENT}const real loss = {call(step)};", f"{INDENT}if (differs(1, &loss, &losses[t]))"]
        lines += [f"{INDENT * 2}return t + 2;", "}", f"{call(predict)};"]
        lines += [f"if (differs({total}, found, trained))", f"{INDENT}return {len(test.losses) + 2};"]
        lines += [f"{prefix}initialize({', '.join(initialized(writer))});"]
    return Function("self_test", Lowered(()), [*lines, "return 0;"])


def initialized(writer: HeaderWriter) -> list[str]:
    """The arguments of `initialize`."""
    return ["w", "m"] if writer.carried("m") else ["w"]


def blocks(writer: HeaderWriter, functions: Sequence[Function]) -> list[str]:
    """The functions that these need."""
    names = {function.name for function in functions}
    found = [CHECKSUM] if names & {"save", "restore"} else []
    if "self_test" in names and writer.test is not None:
        text = DIFFERS.replace("@TOLERANCE@", writer.number(writer.test.tolerance)).replace("@ONE@", writer.number(1.0))
        found.append(text.replace("@", writer.suffix))
    return found
