"""The rules of the diagnosis as rows of plain data: which observation, in which window, against which bound.

The page evaluates them while a network learns, without a server too, and a test holds that they find what
`run.diagnose()` finds.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..observe.rules import RULES, Condition, Rule
from ..program.steps import Program


def rows(program: Program) -> list[dict[str, Any]]:
    """The rules for an observed program, most fundamental first. A row holds where each of its conditions does.

    verdict     key of the catalogue; rank: of the rule; layer: 0 where it is about the network as a whole
    all         the conditions; the first is the one that is told
    remedy      what to change, as `observe.remedies.Remedy` has it, without what stays as it is
    """
    return [
        {"verdict": rule.verdict, "rank": rank, "layer": row.layer, "fault": rule.fault,
         "all": [plain(condition) for condition in row.conditions], "remedy": changes(rule)}
        for rank, rule in enumerate(RULES)
        for either in rule.rows(program)
        for row in either
    ]  # fmt: skip


def plain(condition: Condition) -> dict[str, Any]:
    found = {name: value for name, value in asdict(condition.value).items() if value}
    if over := found.get("over"):
        found["over"] = {name: value for name, value in over.items() if value}
    return found | {"above" if condition.above else "below": condition.bound}


def changes(rule: Rule) -> dict[str, Any]:
    usual = asdict(type(rule.remedy)())
    return {name: value for name, value in asdict(rule.remedy).items() if value != usual[name]}


__all__ = ["rows"]
