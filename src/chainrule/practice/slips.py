"""The slips people make, as changes of an expression: a factor left out, a transpose forgotten, z in place of a.

From the right expression every slip makes a wrong one. Where a learner's numbers are those of a wrong one, on all
data, it is known what went wrong. The most telling comes first.
"""

from __future__ import annotations

from typing import NamedTuple

from ..program.expr import Expr
from .exercise import Exercise, Quantity
from .line_slips import of_lines, writings
from .part_slips import AFTER, BEFORE, Known, both_divisors, parts, throughout
from .verdict import Reason

# The order in which they are believed, where the numbers fit several.
RANK = (
    "sign", "missing_slope", "slope_extra", "slope_of_z", "slope_squared", "activation_twice", "update_before_use",
    "stale", "constant_statistics", "mean_missing", "mean_extra", "mean_twice", "rows_elements", "wrong_count",
    "doubled", "halved", "broadcast", "transpose_missing", "transposed", "activation_missing", "function_missing",
    "square_missing", "term_missing", "term_times", "term_extra", "exchanged", "rate_missing", "factor_missing",
    "factor_extra", "sign_inside", "divisor_missing", "inverted", "axis", "sum_missing", "maximum_axis",
    "other_slope", "other_activation", "wrong_name", "counter", "hard_coded", "operator", "unbiased", "biased",
)  # fmt: skip


class Slip(NamedTuple):
    """A wrong expression, and what is wrong with it."""

    reason: Reason
    expression: Expr

    @property
    def rank(self) -> int:
        return RANK.index(self.reason.key)


def slips_of(exercise: Exercise, quantity: Quantity, known: Known) -> list[Slip]:
    """All slips in one quantity, the most telling first.

    known       the names that could stand in it, with their shapes
    """
    found = [Slip(reason, e) for form in writings(exercise, quantity) for reason, e in parts(quantity, form, known)]
    found += [Slip(reason, e) for reason, e in throughout(quantity, known)]
    found += [Slip(reason, e) for reason, e in both_divisors(quantity, known)]
    found += [Slip(reason, e) for reason, e in of_lines(exercise, quantity)]
    ordered = sorted(found, key=lambda slip: slip.rank)
    return list({slip.expression: slip for slip in reversed(ordered)}.values())[::-1]  # the first of those that agree


__all__ = ["AFTER", "BEFORE", "RANK", "Slip", "slips_of"]
