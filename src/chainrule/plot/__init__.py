"""Pictures, with matplotlib (`pip install 'chainrule[plot]'`), which is imported when the first is drawn.

    ax = cr.plot.history(run)
    ax.figure.savefig("history.svg")

Every function returns the Axes it drew on, and takes

    ax          Axes to draw on; by default a new figure, of `size` inches
    dark        light on dark
    language    of the labels: en, es, de, zh-Hans, zh-Hant; by default the locale's

All can be read without colour: lines differ in style, points in form, bars in hatching.
"""

from .curves import compare, comparison, differences, errors, history, slope
from .descending import boundary, descent, landscape
from .networks import contributions, correlation, health, program

__all__ = [
    "boundary", "compare", "comparison", "contributions", "correlation", "descent", "differences", "errors", "health",
    "history", "landscape", "program", "slope",
]  # fmt: skip
