"""`watch`, a function of C: the steps of `train`, and after every so many of them a look at the trace, in one call.

It stands in the module of an observed program, and is handed the `train` of the program itself: what trains is the same
machine code, watched or not. After the first `first` steps and every `every` more it calls `trace` with the N rows of
`X_seen`, and of each of `count` parts of the trace copies the `lengths[k]` numbers from `parts[k]` into `values`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .drivers import NOW, driver, train_arguments
from .loops import INDENT, Function

if TYPE_CHECKING:
    from .c_header import HeaderWriter


def types(writer: HeaderWriter) -> list[str]:
    """The type of the function that trains."""
    prefix = writer.prefix
    given = ", ".join(train_arguments(writer).values())
    return [f"struct {prefix}scratch;", f"typedef void {prefix}training({given});"]


def arguments(writer: HeaderWriter) -> dict[str, str]:
    """Those of `train`, after it; then the trace, its inputs, and where to put what is seen."""
    prefix = writer.prefix
    seen = {f"{name}_seen": f"const {prefix}real *{name}_seen" for name in writer.program.inputs}
    return {
        "training": f"{prefix}training *training",
        **train_arguments(writer),
        "first": "long long first",
        "every": "long long every",
        "seen": f"struct {prefix}trace *seen",
        "N": "int N",
        **seen,
        "count": "int count",
        "lengths": "const long long *lengths",
        "parts": f"const {prefix}real *const *parts",
        "values": f"{prefix}real *values",
    }


def watch(writer: HeaderWriter, trace: Function) -> Function:
    """Stretches of steps, between them calls of the trace."""
    later = {"t": "t + i", "steps": "stretch", "offsets": "offsets + i", "losses": "losses + i"}
    train = ", ".join(later.get(name, name) for name in train_arguments(writer))
    used = list(writer.arguments(trace))
    given = {"s": "seen", "t": "now"} | {name: f"{name}_seen" for name in writer.program.inputs}
    unused = [f"{name}_seen" for name in writer.program.inputs if name not in used]
    look = [
        *([NOW] if "t" in used else []),
        f"{writer.prefix}trace({', '.join(given.get(name, name) for name in used)});",
        "for (int k = 0; k < count; values += lengths[k++])",
        f"{INDENT}memcpy(values, parts[k], (size_t)lengths[k] * sizeof *values);",
        "next += every;",
    ]
    lines = [
        *(f"(void){name};" for name in unused),
        "long long next = first;",
        "for (long long i = 0; i < steps;) {",
        f"{INDENT}const long long stretch = (next < steps ? next : steps) - i;",
        f"{INDENT}training({train});",
        f"{INDENT}i += stretch;",
        f"{INDENT}if (i < next)",
        f"{INDENT * 2}break;",
        *(INDENT + line for line in look),
        "}",
    ]
    return driver("watch", lines)


__all__ = ["arguments", "types", "watch"]
