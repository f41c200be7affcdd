"""Give a name to what occurs twice, so that it is computed once: `sigmoid1`, after op and layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .expr import Call, Name, contractions, replace_node, walk
from .reverse import expand
from .steps import Step


def share(steps: Sequence[Step]) -> list[Step]:
    """The steps with their shorthands written out, and every repeated expression read from a step that computes it.

    That is a step which is there already, or a new one right before the first use.
    """
    written = reused([replace(step, expression=expand(step.expression)) for step in steps])
    while (found := repeated(written)) is not None:
        first, node = found
        shared = named(node, written, first)
        name = Name(shared.name, shared.shape)
        written = [replace(step, expression=replace_node(step.expression, node, name)) for step in written]
        written.insert(first, shared)
    return written


def reused(steps: Sequence[Step]) -> list[Step]:
    """Later steps read what an earlier one computes as a whole."""
    steps = list(steps)
    for index, step in enumerate(steps):
        if isinstance(step.expression, Call) and step.expression.row.shared:
            name = Name(step.name, step.shape)
            for later in range(index + 1, len(steps)):
                new = replace_node(steps[later].expression, step.expression, name)
                steps[later] = replace(steps[later], expression=new)
    return steps


def repeated(steps: Sequence[Step]) -> tuple[int, Call] | None:
    """The first and largest expression worth a name that occurs more than once, and the step it first occurs in."""
    occurrences: dict[Call, list[int]] = {}
    for index, step in enumerate(steps):
        for node in walk(step.expression):
            if isinstance(node, Call) and node.row.shared and node.shape and not contractions(node):
                occurrences.setdefault(node, []).append(index)
    several = {node: where for node, where in occurrences.items() if len(where) > 1}
    for node, where in several.items():
        inside = [o for o in several if o != node and node in list(walk(o)) and len(several[o]) == len(where)]
        if not inside:
            return where[0], node
    return None


def named(node: Call, steps: Sequence[Step], first: int) -> Step:
    """The step that computes a repeated expression, in front of the step where it first occurs."""
    before = steps[first]
    number = max(step.number for step in steps) if before.phase == "loss" else before.number
    taken, name, repeat = {step.name for step in steps}, f"{node.op}{number}", 1
    while name in taken:
        repeat += 1
        name = f"{node.op}{number}_{repeat}"
    return Step(name, node, before.phase, "shared", before.number)
