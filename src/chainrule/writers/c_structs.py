"""The types of emitted C: dimensions, structs, and where their members lie."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, ClassVar

from ..program.ops import Shape
from ..program.steps import Variable
from ..program.text import number_text
from .c_language import CLanguage
from .lines import WIDTH
from .loops import INDENT, Function, count, product
from .run import SelfTest


class StructWriter(CLanguage):
    """Writes the types that a header declares."""

    structs: ClassVar[Mapping[str, str]] = {"w": "parameters", "m": "state", "s": "scratch", "h": "settings"}
    rows: int | None
    weights: Mapping[str, Any]
    test: SelfTest | None

    def arguments(self, function: Function) -> dict[str, str]:
        raise NotImplementedError

    def carried(self, letter: str) -> dict[str, Variable]:
        """The members of the structs of parameters and state: all that are no constants."""
        variables = self.program.parameters if letter == "w" else self.program.state
        return {name: variable for name, variable in variables.items() if name not in self.baked}

    @property
    def initial(self) -> list[str]:
        """The weights that `initialize` copies."""
        return [name for name in self.weights if name not in self.baked]

    def constants(self, **more: int) -> list[str]:
        """The dimensions, and what else is a named whole number."""
        rows = {} if self.rows is None else {"MAX_ROWS": self.rows}
        named = {self.dimension(name): value for name, value in {**self.dimensions, **rows, **more}.items()}
        return [f"enum {{ {', '.join(f'{name} = {value}' for name, value in named.items())} }};"]

    def dimension(self, symbol: str) -> str:
        return self.prefix.upper() + symbol

    def buffers(self, functions: Sequence[Function], struct: str) -> dict[str, Shape]:
        """The members of scratch: of all functions, and for `trace` the single numbers too."""
        found: dict[str, Shape] = {}
        for function in functions:
            if self.struct_of(function.name) == struct:
                given = {self.program.prediction} if function.name in ("predict", "evaluate") else set()
                found |= {name: shape for name, shape in function.lowered.buffers.items() if name not in given}
                if self.keeps(function.name):
                    found |= {t: () for nest in function.lowered.nests if nest.space == () for t in nest.targets}
        fixed = {*self.program.parameters, *self.program.state}
        return dict(sorted(((n, s) for n, s in found.items() if n not in fixed), key=lambda item: self.layer(*item)))

    def layout(self, functions: Sequence[Function], struct: str, rows: int = 1) -> dict[str, tuple[int, Shape]]:
        """Where each member of scratch or trace begins, in numbers from the start of the struct, and its shape.

        Where the caller hands in the memory: from the start of that memory, laid out by `attach` for so many rows.
        """
        found, offset = {}, 0
        for name, shape in self.buffers(functions, struct).items():
            found[name] = (offset, shape)
            offset += count(shape, self.rows or rows)
        return found

    def layer(self, name: str, shape: Shape) -> int:
        """The number of the layer that an array belongs to: the last one, where its name has none."""
        match = re.fullmatch(r".*?(\d+)(_\d+)?", name)
        return int(match[1]) if match and shape else len(self.dimensions) - 1

    def keeps(self, function: str) -> bool:
        return function == "trace" or (self.keep and function == "step")

    def struct_of(self, function: str) -> str:
        return "trace" if function == "trace" else "scratch"

    def struct(self, letter: str, struct: str, functions: Sequence[Function]) -> list[str]:
        lines = self.members(letter, struct, functions)
        train = any(function.name in ("train", "watch") for function in functions)
        return lines or ([f"struct {self.prefix}{struct};  /* without members */"] if train else [])

    def members(self, letter: str, struct: str, functions: Sequence[Function]) -> list[str]:
        if letter == "s":
            return [
                line
                for name, comment in (("scratch", "values on the way"), ("trace", "every value of a step, by name"))
                for line in self.struct_lines(name, comment, self.buffers(functions, name), pointers=self.rows is None)
            ]
        if letter == "h":
            if not any("h" in self.arguments(function) for function in functions):
                return []
            return self.settings()
        variables = self.carried(letter)
        comment = "what is learnt" if letter == "w" else "what the step remembers; all zero at first"
        if letter == "m" and any(v.start for v in variables.values()):
            comment += ", running variances all one"
        return self.struct_lines(struct, comment, {name: v.shape for name, v in variables.items()})

    def settings(self) -> list[str]:
        """The struct of hyper-parameters. Beside them their values, unless the caller decides everything: a module that
        an engine compiles is the same for every rate."""
        values = self.program.hyperparameters
        shown = {name: f"  /* {number_text(value)} */" if self.rows else "" for name, value in values.items()}
        head, comment = f"struct {self.prefix}settings {{", "given at every step"
        line = f"{head} {self.prefix}real {', '.join(values)}; }};"
        usual = ", ".join(map(number_text, values.values()))
        beside = f"  /* usual: {usual} */" if self.rows else f"  /* {comment} */"
        if len(line + beside) <= WIDTH:
            return [line + beside]
        comment += "; beside each the usual value" if self.rows else ""
        return [f"{head}  /* {comment} */", *(f"{INDENT}{self.prefix}real {n};{shown[n]}" for n in values), "};"]

    def struct_lines(self, name: str, comment: str, members: Mapping[str, Shape], pointers: bool = False) -> list[str]:
        """A struct; the members of one layer share a line."""
        if not members:
            return []
        lines = [f"struct {self.prefix}{name} {{  /* {comment} */"]
        for _, group in groupby(members.items(), key=lambda item: self.layer(*item)):
            parts = [self.member(member, shape, pointers) for member, shape in group]
            current = ""
            for part in parts:
                if current and len(current) + len(part) + 2 > 100:
                    lines.append(f"{INDENT}{current};")
                    current = ""
                current += f", {part}" if current else f"{self.prefix}real {part}"
            lines.append(f"{INDENT}{current};")
        return [*lines, "};"]

    def member(self, name: str, shape: Shape, pointers: bool) -> str:
        extents = [self.dimension("MAX_ROWS") if s == "N" else s for s in self.symbols(name, shape)]
        return f"*{name}" if pointers else f"{name}[{product(extents)}]"
