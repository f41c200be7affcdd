"""How large the learning rate may be: by the curvature at the minimum, and by trying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...engines.engine import Array
from .function import LARGEST, Curve
from .landing import Landing

ARRIVED = 1e-3
FIRST, STEPS, PATIENT = 500, 2_000, 10_000  # steps that a rate is given: at first, then, and if none has arrived
ROUGHLY = 0.05  # near a flat minimum descent takes for ever
EACH = 64  # rates tried at once
BLOCK = 50  # steps between two looks at where they are; who is near for as long stays there


@dataclass(frozen=True)
class Rates:
    """Rates of gradient descent from one start to one minimum.

    curvature   the largest second derivative at the minimum; limit: 2 / curvature, infinite where that is 0
    found       the largest rate, of those tried, that arrives; 0 if none does
    fastest     the rate that needs the fewest steps to stay within 0.001 of the minimum, and how many those are
    """

    curvature: float
    limit: float
    found: float
    fastest: float
    steps: int


def largest_rate(curve: Curve, start: Array, minimum: Landing) -> Rates | None:
    """The largest rate that still converges to a minimum. None where the start is the minimum, or the curve has a kink.

    Near a minimum x*, gradient descent multiplies the distance in each step by 1 - rate * f''(x*), since there
    f'(x) = f''(x*) (x - x*). It shrinks if that is between -1 and 1: rate < 2 / f''(x*). With two variables the
    steepest direction decides, the largest eigenvalue of the second derivatives. From far away the limit may be lower.
    """
    distance = float(abs(start - minimum.point).max())
    if minimum.kind != "minimum" or not minimum.curvatures or distance < ARRIVED:
        return None
    curvature = minimum.curvatures[-1]
    flat = curvature < 1e-9
    limit = np.inf if flat else 2 / curvature
    scale = limit if not flat else distance / max(float(abs(curve.slope(start)).max()), 1e-9)
    rates = scale * np.logspace(-4, 3 if flat else np.log10(1.5), EACH)
    if not flat:
        rates = np.append(rates, [1 / curvature, 2 / (curvature + max(minimum.curvatures[0], 0.0))])
    near = (ROUGHLY if flat else ARRIVED) * (1 + abs(minimum.point).max())
    rates = rates[rates < limit]
    tried = steps_needed(curve, start, minimum.point, near, rates, FIRST)
    if not any(tried.values()):
        tried = steps_needed(curve, start, minimum.point, near, rates, PATIENT)
    for _ in range(2):
        good = max((rate for rate, steps in tried.items() if steps), default=0.0)
        worse = min((rate for rate in tried if rate > good), default=limit)
        if not good or not np.isfinite(worse):
            break
        between = np.linspace(good, worse, EACH + 2)[1:-1]
        tried |= steps_needed(curve, start, minimum.point, near, between, STEPS)
    arriving = {rate: steps for rate, steps in tried.items() if steps}
    if not arriving:
        return Rates(curvature, float(limit), 0.0, 0.0, 0)
    fastest = min(arriving, key=lambda rate: (arriving[rate], rate))
    return Rates(curvature, float(limit), max(arriving), fastest, arriving[fastest])


def steps_needed(curve: Curve, start: Array, minimum: Array, near: float, rates: Array, most: int) -> dict[float, int]:
    """Rate -> after how many steps gradient descent stays near a minimum; 0 if it is not there at the end."""
    points = np.repeat(start[:, None], len(rates), axis=1)
    outside = np.zeros(len(rates), dtype=int)
    course = np.empty((BLOCK, *points.shape))
    with np.errstate(all="ignore"):
        for begin in range(0, most, BLOCK):
            walked = course[: min(BLOCK, most - begin)]
            for i in range(len(walked)):
                points = points - rates * curve.slope(points)
                walked[i] = points
            alive = (abs(walked) <= LARGEST).all(axis=(0, 1)) & np.isfinite(points).all(axis=0)
            points = np.where(alive, points, np.inf)  # what was that far away is not to come back
            away = ~(abs(walked - minimum[:, None]).max(axis=1) <= near)
            last = len(walked) - away[::-1].argmax(axis=0)  # the last step that was outside
            outside = np.where(away.any(axis=0), begin + last, outside)
            if not alive.any() or not away[:, alive].any():
                break
    arrived = alive & ~away[-1]
    return dict(zip(rates.tolist(), np.where(arrived, outside + 1, 0).tolist(), strict=True))
