"""A verdict in words, a few lines that can be read aloud. The solution is not among them."""

from __future__ import annotations

from ..data import printable
from ..messages import say
from ..program.ops import format_shape
from .exercise import Quantity
from .hints import hint_lines
from .running import Limits
from .verdict import RIGHT, Verdict

MOST_PRINTED_LINES = 10
MOST_LISTED = 12


def lines_of(verdict: Verdict, language: str = "en", limits: Limits | None = None) -> list[str]:
    """What to say about an attempt, a paragraph a line."""
    if verdict.passed:
        return passed_lines(verdict, language)
    lines = problem_lines(verdict, language, limits or Limits()) if verdict.problem else []
    if verdict.first is not None and verdict.reason is not None:
        lines += wrong_lines(verdict, language)
    elif verdict.first is not None:
        lines.append(say("practice.not_yet", language, name=verdict.first.name))
    right = [judged.name for judged in verdict.asked if judged.status in RIGHT]
    if right:
        more = f" (+{len(right) - MOST_LISTED})" if len(right) > MOST_LISTED else ""
        lines.append(say("practice.right_so_far", language, names=", ".join(right[:MOST_LISTED]) + more))
    return lines


def headline(verdict: Verdict, language: str = "en") -> str:
    """The verdict in one line."""
    return lines_of(verdict, language)[0]


def passed_lines(verdict: Verdict, language: str) -> list[str]:
    state = verdict.exercise.program.state
    lines = [say("practice.passed_state" if state else "practice.passed", language)]
    if verdict.agreement is not None:
        lines.append(say("practice.agreement", language, share=f"{verdict.agreement:.0e}"))
    elsewhere = [f"{printable(j.called)} = {j.name}" for j in verdict.asked if j.status == "elsewhere"]
    own = [judged.name for judged in verdict.asked if judged.status == "convention"]
    if elsewhere:
        lines.append(say("practice.elsewhere", language, pairs=", ".join(elsewhere[:MOST_LISTED])))
    if own:
        lines.append(say("practice.convention", language, names=", ".join(own[:MOST_LISTED])))
    return lines


def wrong_lines(verdict: Verdict, language: str) -> list[str]:
    """Which quantity, why, and one number that was measured."""
    quantity, reason = verdict.first, verdict.reason
    assert quantity is not None
    assert reason is not None
    if reason.key == "open":
        return [say("practice.open", language, name=quantity.name, **reason.values)]
    if verdict.called not in ("", quantity.name):
        lines = [say("practice.wrong_called", language, name=quantity.name, called=printable(verdict.called))]
    else:
        lines = [say("practice.wrong_after" if quantity.changed else "practice.wrong", language, name=quantity.name)]
    lines.append(say(f"practice.reason_{reason.key}", language, **reason.values))
    if verdict.shape is not None and reason.key in ("shape", "transposed_whole", "axes", "sum_missing", "summed_twice",
                                                    "broadcast"):  # fmt: skip
        wanted = shape_of(quantity, verdict)
        if verdict.shape != wanted:
            shapes = {"yours": shape_text(verdict.shape), "wanted": shape_text(wanted)}
            if "N" in quantity.shape:
                lines.append(say("practice.shapes", language, symbolic=format_shape(quantity.shape), **shapes))
            else:
                lines.append(say("practice.shapes_fixed", language, **shapes))
    if verdict.measured is not None:
        place = ", ".join(map(str, verdict.measured.index))
        numbers = {"yours": f"{verdict.measured.yours:.4g}", "measured": f"{verdict.measured.measured:.4g}"}
        where = {"element": f"{quantity.name}[{place}]", "of": f"{quantity.of}[{place}]"}
        lines.append(say("practice.measured", language, **where, **numbers))
    return lines


def shape_of(quantity: Quantity, verdict: Verdict) -> tuple[int, ...]:
    from .cases import cases_of

    rows = cases_of(verdict.exercise)[0].rows
    return tuple(rows if n == "N" else int(n) for n in quantity.shape)


def shape_text(shape: tuple[int, ...]) -> str:
    return "()" if not shape else format_shape(shape)


def problem_lines(verdict: Verdict, language: str, limits: Limits) -> list[str]:
    error = verdict.error or {"kind": "", "text": "", "line": 0}
    values = {
        "kind": printable(str(error["kind"]), 60),
        "text": printable(" ".join(str(error["text"]).split()), 160),
        "line": str(error["line"]),
        "seconds": f"{limits.seconds:g}",
        "megabytes": str(limits.megabytes),
    }
    return [say(f"practice.problem_{verdict.problem}", language, **values)]


def printed_lines(verdict: Verdict) -> list[str]:
    """The first lines that the learner's file printed, safe to show."""
    lines = verdict.printed.splitlines()
    shown = [printable(line, 100) for line in lines[:MOST_PRINTED_LINES]]
    return shown + ["..."] * (len(lines) > MOST_PRINTED_LINES)


__all__ = ["headline", "hint_lines", "lines_of", "printed_lines"]
