"""Functions of C around the step: memory for scratch, and many steps in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..program.ops import Shape
from .loops import INDENT, Function, product
from .lowering import Lowered

if TYPE_CHECKING:
    from .c_header import HeaderWriter

NOW = "const int now = t + i < INT_MAX ? (int)(t + i) : INT_MAX;"

DRIVERS = ("train", "watch")  # those that are asked for by name
RESULTS = {"predict": "void", "train": "void", "watch": "void", "attach": "void", "attach_trace": "void",
           "scratch_bytes": "size_t", "trace_bytes": "size_t"}  # fmt: skip
DESCRIPTIONS = {
    "train": "The t-th step and those after it; step i takes offsets[i + 1] - offsets[i] rows, gathered into `batch`.",
    "watch": "The steps of `train`, and after the first `first` and every `every` more a look, kept in `values`.",
    "scratch_bytes": "The memory that scratch needs for calls of at most so many rows.",
    "trace_bytes": "The same for the trace.",
    "attach": "Lays out scratch in memory of that size.",
    "attach_trace": "Lays out the trace in memory of that size.",
}


def arguments(writer: HeaderWriter, function: str) -> dict[str, str]:
    """The arguments of one of these functions."""
    if function == "train":
        return train_arguments(writer)
    if function.endswith("_bytes"):
        return {"rows": "int rows"}
    struct = "trace" if function == "attach_trace" else "scratch"
    prefix = writer.prefix
    return {"s": f"struct {prefix}{struct} *s", "memory": f"{prefix}real *memory", "rows": "int rows"}


def driver(name: str, lines: list[str]) -> Function:
    """A function that is no part of the program: it has no nests."""
    return Function(name, Lowered(()), lines)


# --- memory ----------------------------------------------------------------------------------------------------------


def attachments(writer: HeaderWriter, functions: Sequence[Function]) -> list[Function]:
    """Where the caller hands in the memory: the functions that say how much, and lay it out."""
    found = []
    for struct, suffix in (("scratch", ""), ("trace", "_trace")) if writer.rows is None else ():
        buffers = writer.buffers(functions, struct)
        if buffers:
            found.append(scratch_bytes(writer, f"{struct}_bytes", buffers))
            found.append(attach(writer, f"attach{suffix}", buffers))
    return found


def attach(writer: HeaderWriter, name: str, buffers: Mapping[str, Shape]) -> Function:
    """Lays out scratch in memory that the caller gives."""
    sizes = {member: "1" if shape == () else extent(writer, member, shape) for member, shape in buffers.items()}
    lines = ["const size_t N = (size_t)rows;"] if any("N" in shape for shape in buffers.values()) else ["(void)rows;"]
    members = list(sizes)
    for i, member in enumerate(members):
        lines.append(f"s->{member} = memory" + (f" += {sizes[members[i - 1]]};" if i else ";"))
    return driver(name, lines)


def scratch_bytes(writer: HeaderWriter, name: str, buffers: Mapping[str, Shape]) -> Function:
    """How much memory that is."""
    per_row = sum(count_without_rows(shape) for shape in buffers.values() if "N" in shape)
    fixed = sum(count_without_rows(shape) for shape in buffers.values() if "N" not in shape)
    rows = f"(size_t)rows * {per_row}" if per_row else ""
    lines = [] if per_row else ["(void)rows;"]
    total = " + ".join(filter(None, [rows, str(fixed) if fixed else ""])) or "0"
    return driver(name, [*lines, f"return sizeof({writer.prefix}real) * ({total});"])


def extent(writer: HeaderWriter, name: str, shape: Shape) -> str:
    return product(writer.symbols(name, shape))


def count_without_rows(shape: Shape) -> int:
    total = 1
    for n in shape:
        total *= 1 if n == "N" else int(n)
    return total


# --- many steps ------------------------------------------------------------------------------------------------------


def train_arguments(writer: HeaderWriter) -> dict[str, str]:
    """The arguments of `train`: always w, m, s, h and t, even where a network does not need them."""
    prefix, real = writer.prefix, f"const {writer.prefix}real *"
    found = {letter: f"struct {prefix}{struct} *{letter}" for letter, struct in writer.structs.items()}
    found["h"] = f"const {found['h']}"
    found |= {"t": "long long t", "steps": "long long steps"}
    found |= {name: f"const long long *{name}" for name in ("offsets", "rows")}
    found |= {name: real + name for name in (*gathered(writer), *masks(writer)) if name != "sample_weight"}
    found |= {"sample_weight": f"{real}sample_weight"} if "sample_weight" in writer.program.inputs else {}
    found |= {"batch": f"{prefix}real *batch", "losses": "double *losses"}
    return {**found, "threads": "int threads"} if writer.threaded else found


def gathered(writer: HeaderWriter) -> list[str]:
    """The inputs whose rows a batch takes from all rows."""
    return [name for name in ("X", "y", "sample_weight") if name in writer.program.inputs]


def masks(writer: HeaderWriter) -> list[str]:
    return [mask.name for mask in writer.program.masks]


def train(writer: HeaderWriter, step: Function) -> Function:
    """Steps on batches of rows, each gathered into memory where its rows lie together."""
    program = writer.program
    used = list(writer.arguments(step))
    real = f"{writer.prefix}real"
    columns = {name: writer.symbols(name, program.inputs[name])[1] for name in gathered(writer)}
    masked = {mask.name: writer.symbols(mask.name, program.inputs[mask.name])[1] for mask in program.masks}
    unused = [name for name in train_arguments(writer) if name in "wmsht" and name not in used]
    given = {name: f"{name}_batch" for name in columns} | {"t": "now"}
    given |= {name: f"{name} + first{times(units)}" for name, units in masked.items()}
    call = f"{writer.prefix}step({', '.join(given.get(name, name) for name in used)})"
    lines = [f"(void){name};" for name in unused]
    body = ["const long long first = offsets[i];", "const int N = (int)(offsets[i + 1] - first);"]
    body += [NOW] if "t" in used else []
    body += [f"const {real} *{', *'.join(f'{name}_batch = {name}' for name in columns if name in used)};"]
    copies = []
    place = "batch"
    inside = []
    for name, wide in columns.items():
        if name not in used:
            continue
        copies.append(f"{real} *own_{name} = {place};")
        place = f"own_{name} + N{times(wide)}"
        if wide == "1":
            inside.append(f"own_{name}[n] = {name}[row];")
        else:
            inside.append(f"for (int j = 0; j < {wide}; j++)")
            inside.append(f"{INDENT}own_{name}[n * {wide} + j] = {name}[row * {wide} + j];")
    copies += [*writer.over_rows(), f"{INDENT}const long long row = rows[first + n];"]
    copies += [INDENT + line for line in inside] + ["}"]
    copies += [f"{name}_batch = own_{name};" for name in columns if name in used]
    body += ["if (rows) {", *(INDENT + line for line in copies), "}", *writer.take_loss(call)]
    lines += ["for (long long i = 0; i < steps; i++) {", *(INDENT + line for line in body), "}"]
    return driver("train", lines)


def times(units: str) -> str:
    return "" if units == "1" else f" * {units}"
