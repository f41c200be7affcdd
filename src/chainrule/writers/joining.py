"""Passes over nests: row values and element-wise neighbours join the nest that they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..program.expr import Name
from ..program.steps import Update
from .nests import Contraction, Nest, Reduction, RowWise


def join_rows(nests: Sequence[Nest], kept: set[str]) -> list[Nest]:
    """A value per row that only one nest over the same rows reads is computed there."""
    found = list(nests)
    for nest in reversed(nests):
        if not (isinstance(nest.core, Reduction) and nest.core.axis == 1) or kept & set(nest.targets):
            continue
        nest = next(n for n in found if n.targets == nest.targets)
        readers = [n for n in found if n is not nest and set(nest.targets) & set(n.reads)]
        if len(readers) == 1 and runs_over_rows(readers[0]):
            index = found.index(readers[0])
            own = replace(nest, rows=())
            found[index] = replace(readers[0], rows=(*nest.rows, own, *readers[0].rows))
            found.remove(nest)
    return found


def runs_over_rows(nest: Nest) -> bool:
    if isinstance(nest.core, Reduction):
        shape = nest.core.inner.shape
        return nest.core.axis != 0 and len(shape) == 2 and shape[0] == "N"
    return nest.core is None and len(nest.space) == 2 and nest.space[0] == "N"


def join_neighbours(nests: Sequence[Nest]) -> list[Nest]:
    """An element-wise nest joins the one that computes what it reads, over the same space and in the same phase."""
    found: list[Nest] = []
    for nest in nests:
        host = host_of(nest, found)
        if host is None:
            found.append(nest)
        else:
            before = found[host]
            found[host] = replace(
                before,
                assignments=(*before.assignments, *nest.assignments),
                steps=(*before.steps, *nest.steps),
            )
    return found


def host_of(nest: Nest, before: Sequence[Nest]) -> int | None:
    """Where an element-wise nest may go: to the last one that it reads from."""
    if nest.core is not None or nest.rows or nest.space == () or any(isinstance(s, Update) for s in nest.steps):
        return None
    reads = set(nest.reads)
    writers = [index for index, other in enumerate(before) if reads & set(other.targets)]
    if not writers:
        return None
    host = before[writers[-1]]
    fits = host.phase == nest.phase and host.space == nest.space and not isinstance(host.core, RowWise)
    return writers[-1] if fits and not (isinstance(host.core, Reduction) and len(host.space) != 1) else None


def join_columns(nests: Sequence[Nest]) -> list[Nest]:
    """The gradient of a bias is taken beside that of the weights: both are sums over the rows of the same delta."""
    found: list[Nest] = []
    for nest in nests:
        weights = found[-1] if found else None
        core = nest.core
        if (
            weights is not None
            and isinstance(weights.core, Contraction)
            and isinstance(core, Reduction)
            and weights.core.over == "N"
            and (core.op, core.axis, core.inner) == ("sum", 0, Name(weights.core.right.name, weights.core.right.shape))
            and weights.phase == nest.phase
            and weights.beside is None
        ):
            found[-1] = replace(weights, beside=nest, steps=(*weights.steps, *nest.steps))
        else:
            found.append(nest)
    return found


def registers(nests: Sequence[Nest], kept: set[str]) -> list[Nest]:
    """What only its own nest reads needs no memory."""
    result, readers = [], Counter(name for nest in nests for name in nest.reads)
    for nest in nests:
        read = {name for name in nest.targets if readers[name] > (name in nest.reads)}  # by another
        own = frozenset(t for t in nest.targets if t not in kept and t not in read and nest.space != ())
        beside = replace(nest.beside, registers=own & set(nest.beside.targets)) if nest.beside else None
        result.append(replace(nest, registers=own, beside=beside))
    return result
