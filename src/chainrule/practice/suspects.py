"""Who is to blame for a wrong value: a slip in what comes before it and has no variable of its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .evidence import Evidence, Values
from .exercise import Quantity
from .slips import RANK, Slip, slips_of
from .verdict import Reason

WEAK = ("unknown", "shape", "nearly", "is_other", "factor", "change_factor", "broadcast", "summed_twice")


def rank_of(reason: Reason) -> int:
    """How telling a reason is: those of `slips.RANK` in its order, before them what the numbers show beyond doubt."""
    return RANK.index(reason.key) if reason.key in RANK else len(RANK) if reason.key in WEAK else -1


class Suspect(NamedTuple):
    """A slip that may be the reason: how well it explains what was seen, in which quantity, and the learner's name."""

    order: tuple[bool, bool, bool, int]
    quantity: Quantity
    called: str
    reason: Reason

    @property
    def seen(self) -> bool:
        return not self.order[2]

    @property
    def rank(self) -> int:
        return rank_of(self.reason)


class Search:
    """The search in one attempt, for what explains the wrong value of one quantity.

    environments    what was there when the quantity was computed, one a case
    absent          what comes before it and has no variable of its own, in program order
    """

    def __init__(self, evidence: Evidence, environments: list[dict[str, Any]], absent: list[Quantity]) -> None:
        self.evidence, self.exercise = evidence, evidence.exercise
        self.environments, self.absent = environments, absent

    def best(self, quantity: Quantity, value: Values) -> Suspect | None:
        """The slip that best explains a wrong value.

        Better is what explains every result, then what explains this one, then what a variable has held, then the rank.
        """
        evidence, best = self.evidence, None
        for i, before in enumerate(self.absent):
            after = self.absent[i + 1 :]
            right = evidence.follow(before, self.environments)
            for slip, moved in self.moves(before):
                if evidence.same(moved[before.name], right):
                    continue
                chain = evidence.chain(moved, [*after, quantity], self.environments)
                leads = chain is not None and evidence.same(value, chain[quantity.name])
                seen = self.seen_among([before, *after], moved | (chain or {}), leads)
                if not leads and (seen is None or self.known_as((moved | (chain or {}))[seen[0].name]) != 0):
                    continue
                explains = leads and self.explains(before, moved)
                order = (not explains, not leads, seen is None, slip.rank)
                if best is None or order < best.order:
                    named, called = seen or (next(filter(evidence.is_shown, (before, *after)), quantity), "")
                    if leads and evidence.is_shown(before) and named is not before:
                        named, called = before, ""
                    best = Suspect(order, named, called, slip.reason)
        return best

    def moves(self, before: Quantity) -> Iterator[tuple[Slip, dict[str, Values]]]:
        """Every slip and the value it makes; of a number such as Adam's corrections, also the same slip in its twin."""
        twins = [one for one in self.absent if one.note == before.note and not one.shape and one is not before]
        around = self.around()
        for slip in self.slips(before):
            made = self.evidence.made(slip.expression, around)
            if made is None:
                continue
            yield slip, {before.name: made}
            for twin in twins if not before.shape else ():
                place = [other for other in self.slips(before) if other.reason.key == slip.reason.key].index(slip)
                alike = [other for other in self.slips(twin) if other.reason.key == slip.reason.key]
                other = self.evidence.made(alike[place].expression, around) if place < len(alike) else None
                if other is not None:
                    yield slip, {before.name: made, twin.name: other}

    def slips(self, quantity: Quantity) -> list[Slip]:
        return slips_of(self.exercise, quantity, self.evidence.known(quantity))

    def around(self) -> list[dict[str, Any]]:
        return [self.evidence.around(i, values) for i, values in enumerate(self.environments)]

    def explains(self, before: Quantity, moved: dict[str, Values]) -> bool:
        """Whether this one slip makes every result what it is."""
        evidence = self.evidence
        following = self.exercise.quantities[self.exercise.quantities.index(before) + 1 :]
        chain = evidence.chain(moved, following, self.environments)
        if chain is None:
            return False
        results = [(evidence.result(q), chain[q.name]) for q in following if evidence.result(q) is not None]
        return all(evidence.same(value or (), wanted) for value, wanted in results)

    def seen_among(
        self, quantities: Sequence[Quantity], moved: Mapping[str, Values], leads: bool
    ) -> tuple[Quantity, str] | None:
        """The first of these whose wrong value a variable has held, and its name.

        leads       whether it explains what is wrong; else it may be right as a part of something, such as z2 - y
        """
        evidence = self.evidence
        for quantity in quantities:
            values = moved.get(quantity.name)
            if values is None or evidence.same(values, evidence.true(quantity.name)):
                continue
            holders = evidence.holders(values)
            known = self.known_as(values, not leads) if holders else None
            spare = [] if known is None else holders[known:]  # one of them is the step that has these values
            if spare:
                return quantity, spare[0]
        return None

    def known_as(self, made: Values, parts: bool = True) -> int | None:
        """How many variables rightly hold these values: 1 where they are those of a step, or of a part of one; a second
        one may be wrong. None, all of them: where they are those of something given, or of a result.
        """
        evidence = self.evidence
        for case_values in ([case.values[name] for case in evidence.cases] for name in evidence.cases[0].values):
            if evidence.same(made, case_values):
                return None
        alike = [q for q in self.exercise.quantities if evidence.same(made, evidence.true(q.name))]
        if any(q.changed for q in alike):
            return None
        return int(bool(alike) or (parts and any(evidence.same(made, part) for part in evidence.parts)))
