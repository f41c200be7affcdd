"""The picture: how cost grows with the width, and how far each peer is from chainrule's C."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .report import OURS, Results

COLOURS = {  # Okabe and Ito's, told apart by everyone
    "c": "#000000", "fit": "#7f7f7f", "numpy": "#56b4e9", "hand": "#0072b2", "sklearn": "#e69f00", "jax": "#009e73",
    "torch": "#d55e00", "compile": "#cc79a7",
}  # fmt: skip
MARKS = {"c": "o", "fit": "", "numpy": "v", "hand": "^", "sklearn": "s", "jax": "D", "torch": "X", "compile": "P"}
LEFT_OUT = ("fit",)  # lies on top of c


def draw(results: Results, path: Path) -> None:
    """Write the picture, as many panels as there is something to show."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "chainrule"  # the same numbers give the same file
    from matplotlib import pyplot

    panels = [panel for panel, there in ((grow, results.sweep), (compare, results.steps)) if there]
    size = (6.4 * len(panels), 4.8)
    figure, axes = pyplot.subplots(1, len(panels), figsize=size, squeeze=False, layout="constrained")
    for panel, axis in zip(panels, axes[0], strict=True):
        panel(results, axis)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def shown(results: Results) -> list[str]:
    return [key for key in results.names if key not in LEFT_OUT]


def grow(results: Results, axis: Any) -> None:
    """Microseconds a step over the width, both logarithmic; below the grey line no program gets."""
    for key in shown(results):
        points = [(w.width, 1e6 * w.steps[key].median) for w in results.sweep if key in w.steps]
        if points:
            widths, times = zip(*points, strict=True)
            style = dict(color=COLOURS[key], marker=MARKS[key], markersize=5, linewidth=2.2 if key == OURS else 1.3)
            axis.plot(widths, times, label=results.names[key], **style)
    floors = [(w.width, 1e6 * w.floor) for w in results.sweep if w.floor]
    if floors:
        below = dict(color="0.85", linewidth=0, label="below the machine's floor")
        axis.fill_between(*zip(*floors, strict=True), 1e-3, **below)
    axis.set(xscale="log", yscale="log", xlabel="width w of 20-w-w-2 (relu, Adam, 32 rows, float32)")
    axis.set_ylabel("microseconds a step")
    axis.set_xticks([w.width for w in results.sweep], [str(w.width) for w in results.sweep])
    axis.minorticks_off()
    axis.set_ylim(bottom=min(floor for _, floor in floors) / 2 if floors else None, top=axis.get_ylim()[1] * 30)
    axis.legend(frameon=False, fontsize=9, loc="upper left", ncols=2)


def compare(results: Results, axis: Any) -> None:
    """How many times as long as chainrule's C each takes, on each network."""
    cases = [case for case, times in results.steps.items() if OURS in times]
    for key in shown(results):
        if key == OURS:
            continue
        points = [
            (i, results.steps[case][key].median / results.steps[case][OURS].median)
            for i, case in enumerate(cases)
            if key in results.steps[case]
        ]
        if points:
            style = dict(color=COLOURS[key], marker=MARKS[key], linestyle="none", markersize=8)
            axis.plot(*zip(*points, strict=True), label=results.names[key], **style)
    axis.axhline(1, color="black", linewidth=2.2)
    beside = dict(xytext=(-16, -12), textcoords="offset points", ha="left", fontsize=9)
    axis.annotate(results.names[OURS], (0, 1), **beside)
    axis.grid(axis="x", color="0.9")
    axis.set_yscale("log")
    axis.set_ylabel("times as long as chainrule C")
    axis.set_xticks(range(len(cases)), cases)
    axis.legend(frameon=False, fontsize=9)
