"""Pictures of ways down: on a curve or a mountain, over two weights, and what a trained network makes of the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..observe.descent import Descent
from ..observe.descent.chart import span
from ..observe.descent.function import short
from ..observe.landscape import Landscape
from .style import MARKERS, Canvas, drawing

LEVELS = 14


@drawing
def descent(on: Canvas, found: Descent, method: str = "gradient_descent") -> None:
    """The steps of a descent, on the curve or on the contour lines of the mountain.

    method      gradient_descent, momentum, newton or grid_search
    """
    if method not in found.paths:
        raise ValueError(f"unknown method '{method}'; known: {', '.join(found.paths)}")
    path = found.paths[method]
    low, high = found.view
    if len(low) == 1:
        draw_curve(on, found, path)
    else:
        x, y = np.linspace(low[0], high[0], 161), np.linspace(low[1], high[1], 161)
        contours(on, x, y, found.curve(np.array(np.meshgrid(x, y))))
        trail(on, path.points)
        if found.below.kind == "minimum":
            goal(on, *found.below.point)
        on.ax.set_xlim(low[0], high[0])
        on.ax.set_ylim(low[1], high[1])
    x_name, *more = found.curve.variables
    y_name = more[0] if more else found.curve.texts[0][0]
    way = on.look.say(f"descend.method_{method}", mu=short(found.mu))
    title = on.look.say("descent_title", function=f"f = {found.curve}", way=way, steps=path.steps)
    on.titles(title, x_name, y_name)
    on.legend(loc=on.quiet_corner(path.points) if more else "best")


def draw_curve(on: Canvas, found: Descent, path: Any) -> None:
    low, high = (float(corner[0]) for corner in found.view)
    x = np.linspace(low, high, 801)
    values = found.curve(x[None])
    bottom, top = span(found, values)
    margin = 0.06 * (top - bottom)
    shown = np.where((values > bottom - 3 * margin) & (values < top + 3 * margin), values, np.nan)
    on.ax.plot(x, shown, label=f"f({found.curve.variables[0]})", **on.look.line(0))
    for pole in found.poles:
        on.ax.axvline(pole, color=on.look.ink, linewidth=1, linestyle=":")
    inside = np.isfinite(path.values)
    points, heights = path.points[inside, 0], path.values[inside]
    style = on.look.line(1) | {"marker": "o", "markersize": on.look.size(4.5), "linewidth": 1, "linestyle": "--"}
    on.ax.plot(points, heights, label=on.look.say("steps"), **style)
    on.ax.plot(points[:1], heights[:1], linestyle="", marker="s", markersize=on.look.size(8), color=on.look.ink,
               label=on.look.say("start"))  # fmt: skip
    if found.below.kind == "minimum":
        goal(on, float(found.below.point[0]), float(found.curve(found.below.point)))
    on.ax.set_xlim(low, high)
    on.ax.set_ylim(bottom - margin, top + margin)


def goal(on: Canvas, x: float, y: float) -> None:
    on.ax.plot([x], [y], linestyle="", marker="*", markersize=on.look.size(14), color=on.look.ink, zorder=5,
               markeredgecolor=on.look.paper, label=on.look.say("minimum"))  # fmt: skip


def trail(on: Canvas, points: Any) -> None:
    """A path over contour lines: start, steps, end."""
    on.ax.plot(points[:, 0], points[:, 1], color=on.look.paper, linewidth=3.2, zorder=3)
    on.ax.plot(points[:, 0], points[:, 1], color=on.look.colours[1], linewidth=1.4, marker="o", zorder=4,
               markersize=on.look.size(3.5 if len(points) < 80 else 1.5), label=on.look.say("steps"))  # fmt: skip
    on.ax.plot(points[:1, 0], points[:1, 1], linestyle="", marker="s", markersize=on.look.size(8), zorder=5,
               color=on.look.ink, markeredgecolor=on.look.paper, label=on.look.say("start"))  # fmt: skip


def contours(on: Canvas, x: Any, y: Any, values: Any) -> None:
    """Contour lines that lie closer below, with their heights; shades between them."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise ValueError("the function has no finite value there")
    bottom, top = float(finite.min()), float(np.quantile(finite, 0.99))
    if top <= bottom:
        top = bottom + 1.0
    levels = bottom + (top - bottom) * np.linspace(0, 1, LEVELS) ** 2
    on.ax.contourf(x, y, np.clip(values, bottom, top), levels=levels, cmap=on.look.map, alpha=0.35, extend="max")
    lines = on.ax.contour(x, y, values, levels=levels[1:], colors=[on.look.ink], linewidths=0.6, alpha=0.7)
    labelled = lines.levels[::3]
    on.ax.clabel(lines, labelled, fontsize=7 * on.look.scale, fmt=lambda level: short(float(level), 3))


@drawing
def landscape(on: Canvas, found: Landscape) -> None:
    """A slice through the loss of a network, with the way of the training above it."""
    others = found.weights - len(found.names)
    if not found.names:
        on.ax.plot(found.axes[0], found.loss, label=on.look.say("line_loss"), **on.look.line(0))
        style = on.look.marked(1, len(found.path)) | {"linewidth": 1.2}
        on.ax.plot(found.path[:, 0], found.path_loss, label=on.look.say("real_loss"), **style)
        on.titles(on.look.say("line_title"), on.look.say("line_axis"), on.look.say("loss"))
    else:
        contours(on, found.axes[0], found.axes[1], found.loss)
        trail(on, found.path)
        on.ax.plot(*found.path[-1], linestyle="", marker="*", markersize=on.look.size(14), color=on.look.ink, zorder=5,
                   markeredgecolor=on.look.paper, label=on.look.say("end"))  # fmt: skip
        on.titles(on.look.say("landscape_title", count=others), *found.names)
    on.legend(loc=on.quiet_corner(found.path) if found.names else "best")


@drawing
def boundary(on: Canvas, run: Any, columns: tuple[int, int] = (0, 1), points: int = 161) -> None:
    """What a trained network answers over two of its inputs, with the training rows; other inputs at their median.

    run     a Training with at least two inputs; one output is drawn as contour lines, several as regions
    """
    X, y = np.asarray(run.X, dtype=float), np.asarray(run.y)
    first, second = columns
    if X.shape[1] < 2 or first == second or not all(0 <= column < X.shape[1] for column in columns):
        raise ValueError(f"columns must be two different inputs, 0 to {X.shape[1] - 1}, not {columns}")
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.15 * np.where(high > low, high - low, 1.0)
    a, b = (np.linspace(low[c] - margin[c], high[c] + margin[c], points) for c in columns)
    plane = np.tile(np.median(X, axis=0), (points * points, 1))
    plane[:, first], plane[:, second] = (grid.ravel() for grid in np.meshgrid(a, b))
    answer = np.asarray(run.predict(plane), dtype=float).reshape(points, points, -1)
    classes, one = set(np.unique(y)) <= {0, 1}, answer.shape[2] == 1
    shades = draw_heights(on, a, b, answer[:, :, 0], y) if one else draw_regions(on, a, b, answer)
    labels = ((y[:, 0] > 0.5).astype(int) if one else y.argmax(axis=1)) if classes else np.zeros(len(y), dtype=int)
    for label in np.unique(labels):
        rows = labels == label
        name = f"y = {label}" if one else on.look.say("class_number", number=int(label))
        colour = {"color": on.look.colours[label % 6]} if classes else {"c": y[rows, 0], "cmap": on.look.map, **shades}
        on.ax.scatter(X[rows, first], X[rows, second], marker=MARKERS[label % len(MARKERS)], s=on.look.size(6) ** 2,
                      edgecolor=on.look.ink, linewidth=0.6, label=name if classes else "y", **colour)  # fmt: skip
    title = on.look.say("boundary_title") if X.shape[1] == 2 else on.look.say("boundary_slice", count=X.shape[1] - 2)
    on.titles(title, f"X[{first}]", f"X[{second}]")
    on.ax.grid(visible=False)
    on.legend()


def draw_heights(on: Canvas, a: Any, b: Any, answer: Any, y: Any) -> dict[str, float]:
    """One output: shades, and its contour lines with their heights; returns the ends of the shades."""
    both = np.concatenate([answer.ravel(), y.ravel()])
    ends = {"vmin": float(both.min()), "vmax": float(both.max())}
    levels = np.linspace(0, 1, 11) if ends["vmin"] >= 0 and ends["vmax"] <= 1 else 11
    on.ax.contourf(a, b, answer, levels=levels, cmap=on.look.map, alpha=0.35, **ends)
    if np.ptp(answer) > 0:
        lines = on.ax.contour(a, b, answer, levels=levels, colors=[on.look.ink], linewidths=on.look.size(0.6))
        on.ax.clabel(lines, fontsize=7 * on.look.scale)
    return ends


def draw_regions(on: Canvas, a: Any, b: Any, answer: Any) -> dict[str, float]:
    """Several outputs: a region for each, where it is the largest."""
    for k in range(answer.shape[2]):
        ahead = answer[:, :, k] - np.delete(answer, k, axis=2).max(axis=2)
        if ahead.max() > 0:
            on.ax.contourf(a, b, ahead, levels=[0, ahead.max()], colors=[on.look.colours[k % 6]], alpha=0.22)
            if ahead.min() < 0:
                on.ax.contour(a, b, ahead, levels=[0], colors=[on.look.ink], linewidths=on.look.size(0.9))
    return {}
