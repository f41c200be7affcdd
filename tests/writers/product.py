"""Tests as a product of dimensions: everything, or a sample in which all pairs of some dimensions meet."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence

Case = tuple[str, ...]
ALL = bool(os.environ.get("CHAINRULE_TEST_ALL"))


def pairs(case: Case) -> set[tuple[int, int, str, str]]:
    return {(i, j, case[i], case[j]) for i, j in itertools.combinations(range(len(case)), 2)}


def product(subjects: Sequence[str], ways: Mapping[str, Sequence[str]], per_subject: int) -> list[Case]:
    """(subject, way of each dimension, ...): all of them where CHAINRULE_TEST_ALL is set.

    Otherwise `per_subject` cases for every subject, each the one that adds most pairs of ways not met yet, and among
    those the one whose ways the subject, and then all cases so far, have met least.
    """
    combinations = list(itertools.product(*ways.values()))
    if ALL:
        return [(subject, *combination) for subject in subjects for combination in combinations]
    missing = set[tuple[int, int, str, str]]().union(*map(pairs, combinations))
    used: dict[Case, int] = dict.fromkeys(combinations, 0)
    found: list[Case] = []
    for subject in subjects:
        mine: set[tuple[int, str]] = set()
        for _ in range(per_subject):
            worth = {
                case: (len(pairs(case) & missing), -sum(way in mine for way in enumerate(case)), -used[case])
                for case in combinations
            }
            chosen = max(combinations, key=worth.__getitem__)
            missing -= pairs(chosen)
            used[chosen] += 1
            mine |= set(enumerate(chosen))
            found.append((subject, *chosen))
    return found
