"""The header of emitted C: what the network is and costs, its types, and the functions it offers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from . import costs, device, drivers, watching
from .c_structs import StructWriter
from .lines import WIDTH, with_arguments
from .loops import Function
from .names import as_comment


class HeaderWriter(StructWriter):
    """Writes headers, and the prototypes of functions.

    threaded    whether `train` takes a number of threads
    """

    threaded: ClassVar[bool] = False

    @property
    def file(self) -> str:
        """What the files of the module are called."""
        return self.prefix.rstrip("_") or "network"

    def head(self, functions: Sequence[Function], guard: bool = True) -> str:
        name = f"{self.file.upper()}_H"
        saves = any(function.name in ("save", "restore") for function in functions)
        more = {"SAVED_BYTES": device.saved_bytes(self)} if saves else {}
        lines = [*self.facts(functions), *([f"#ifndef {name}", f"#define {name}"] if guard else [])]
        lines += ["#include <stddef.h>"] if any("size_t" in self.prototype(function) for function in functions) else []
        lines += [f"typedef {self.type} {self.prefix}real;", *self.constants(**more), ""]
        for letter, struct in self.structs.items():
            lines += self.struct(letter, struct, functions)
        lines.append("")
        lines += watching.types(self) if any(function.name == "watch" for function in functions) else []
        for function in functions:
            lines += [f"/* {self.describe(function)} */", self.prototype(function, ";")]
        lines += ["#endif"] if guard else []
        return "\n".join(lines) + "\n"

    def facts(self, functions: Sequence[Function]) -> list[str]:
        """The comment at the top: what it is, and what it costs."""
        program = self.program
        title, origin = (
            f"/* {as_comment(program.title)}.",
            "Derived and written by chainrule: C99 and libm, nothing else.",
        )
        lines = [f"{title} {origin}"] if len(title) + len(origin) <= WIDTH else [title, f" * {origin}"]
        if program.edited:
            lines.append(f" * Edited by hand: {', '.join(program.edited)}.")
        return [*lines, *(f" * {line}" for line in costs.lines(self, functions)), " */"]

    # --- functions ---

    def over_rows(self) -> list[str]:
        """The loop of `train` that gathers the rows of a batch."""
        return ["for (int n = 0; n < N; n++) {"]

    def take_loss(self, step: str) -> list[str]:
        """A step of `train`, and where its loss goes."""
        return [f"losses[i] = (double){step};"]

    def describe(self, function: Function) -> str:
        program = self.program
        most = f" N <= {self.dimension('MAX_ROWS')}" if self.rows is not None else " N"
        output = f"{program.prediction} (N, {self.dimension('OUTPUTS')})"
        return {
            "step": f"One training step on{most} rows{', the t-th from 1' if program.counts_steps else ''}, in place; "
            "returns the loss before it.",
            "predict": f"The output {output} for{most} rows of X (N, {self.dimension('INPUTS')}).",
            "evaluate": f"The output {output} and, returned, the loss of{most} rows, in prediction mode.",
            "trace": f"Every value of one step on{most} rows; changes nothing; returns the loss.",
            **drivers.DESCRIPTIONS,
            **device.DESCRIPTIONS,
        }[function.name]

    def arguments(self, function: Function) -> dict[str, str]:
        """The arguments of a function, by letter or name: those that its body uses."""
        if function.name == "watch":
            return watching.arguments(self)
        if function.name in drivers.DESCRIPTIONS:
            return drivers.arguments(self, function.name)
        if function.name in device.NAMES:
            called = re.findall(r"\b([wms])\b", "\n".join(function.lines))
            return device.arguments(self, function.name, called)
        body = "\n".join(function.lines)
        changes = function.name == "step"
        prefix = self.prefix
        found = {}
        for letter, struct in self.structs.items():
            if f"{letter}->" in body or f"({letter}, " in body:
                struct = self.struct_of(function.name) if letter == "s" else struct
                constant = "" if letter == "s" or (changes and letter != "h") else "const "
                found[letter] = f"{constant}struct {prefix}{struct} *{letter}"
        if re.search(r"\bt\b", re.sub(r"/\*.*?\*/", "", body)):
            found["t"] = "int t"
        found["N"] = "int N"
        for name in self.program.inputs:
            if re.search(rf"\b{name}\b", re.sub(r"/\*.*?\*/", "", body)):
                found[name] = f"const {prefix}real *{name}"
        if function.name in ("predict", "evaluate"):
            found[self.program.prediction] = f"{prefix}real *{self.program.prediction}"
        return found

    def prototype(self, function: Function, end: str = "") -> str:
        result = {**drivers.RESULTS, **device.RESULTS}.get(function.name, f"{self.prefix}real")
        arguments = list(self.arguments(function).values()) or ["void"]
        return with_arguments(f"{result} {self.prefix}{function.name}(", arguments, end, width=110)
