"""Tests as a product of dimensions: everything, or as few combinations as let all pairs of ways meet."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from tests.tools import ALL

__all__ = ["ALL", "Case", "covering", "pairs", "shared_out"]

Case = tuple[str, ...]


def pairs(case: Case) -> set[tuple[int, int, str, str]]:
    return {(i, j, case[i], case[j]) for i, j in itertools.combinations(range(len(case)), 2)}


def covering(ways: Mapping[str, Sequence[str]]) -> list[Case]:
    """Combinations, each the one that adds most pairs of ways, until every pair has met."""
    combinations = list(itertools.product(*ways.values()))
    missing = set[tuple[int, int, str, str]]().union(*map(pairs, combinations))
    found: list[Case] = []
    while missing:
        chosen = max(combinations, key=lambda case: len(pairs(case) & missing))
        missing -= pairs(chosen)
        found.append(chosen)
    return found


def shared_out(subjects: Sequence[str], ways: Mapping[str, Sequence[str]]) -> dict[Case, list[str]]:
    """The subjects of each combination: all of all where CHAINRULE_TEST_ALL is set.

    Otherwise those of `covering`, each with its share of the subjects: every subject once. (Which share is chance; this
    one does not give the largest networks of the zoo to -O3, which takes four times as long as -O2.)
    """
    if ALL:
        return {case: list(subjects) for case in itertools.product(*ways.values())}
    cases = covering(ways)
    return {case: list(subjects[(i - 1) % len(cases) :: len(cases)]) for i, case in enumerate(cases)}
