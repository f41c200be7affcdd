"""The statements of a program, each with the lines that a language has for it: for whoever steps through them.

In the array family a statement is a line or a few. In the loop family a block is a loop nest or the call of a kernel;
it may do several statements at once, and the kernel's own lines come with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import writer
from .arrays import ArrayWriter
from .loops import LoopWriter
from .lowering import lower

if TYPE_CHECKING:
    from ..program.steps import Program, Statement


@dataclass(frozen=True)
class Block:
    """Lines that do one or several statements.

    names       of the statements
    calls       the definitions of what the lines call, each as one text
    """

    names: tuple[str, ...]
    phase: str
    lines: tuple[str, ...]
    calls: tuple[str, ...] = ()


def listing(program: Program, language: str) -> list[Block]:
    """The training step of a program, every named value kept, as a language writes it.  ValueError: an unknown one."""
    full = program.full
    steps = [statement for statement in full.steps if statement.phase != "observe"]
    family = writer(language)(full)
    return of_loops(family, steps) if isinstance(family, LoopWriter) else of_arrays(family, steps)


def of_arrays(family: ArrayWriter, steps: list[Statement]) -> list[Block]:
    return [
        Block((step.name,), step.phase, tuple(filter(None, family.statements([step], headings=False))))
        for step in steps
    ]


def of_loops(family: LoopWriter, steps: list[Statement]) -> list[Block]:
    program = family.program
    lowered = lower(program, steps, {program.loss}, keep=True)
    own = {step.name for step in steps}
    blocks: list[Block] = []
    waiting: list[str] = []  # lines of a value that no statement names, for the one that reads it
    with family.within(family.outer_scope("step", lowered, True)):
        for nest in lowered.nests:
            lines = [*waiting, *family.nest(nest)]
            names = tuple(step.name for step in nest.steps if step.name in own)
            if not names:
                waiting = lines
                continue
            waiting = []
            blocks.append(Block(names, nest.phase, tuple(lines), defined(family, lines)))
    return blocks


def defined(family: LoopWriter, lines: list[str]) -> tuple[str, ...]:
    """The kernels that these lines call."""
    called = dict.fromkeys(re.findall(r"\b(\w+)\(", "\n".join(lines)))
    blocks: dict[str, str] = getattr(family, "blocks", {})  # softmax and its like, in the languages that have them
    texts = []
    for name in called:
        if name in family.kernels:
            kernel = family.kernels[name]
            with family.within(kernel.scope):
                texts.append("\n".join(family.kernel_lines(kernel)))
        elif name in blocks:
            texts.append(blocks[name])
    return tuple(texts)


__all__ = ["Block", "listing"]
