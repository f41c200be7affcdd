"""A folder of files handed in is graded: `practice grade`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..screen import LanguageOption, PlainOption, Screen
from .limits import MemoryOption, SecondsOption


def grade(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of files handed in", show_default=False)],
    csv: Annotated[
        Path | None, typer.Option("--csv", help="write the scores to a file", metavar="FILE", show_default=False)
    ] = None,
    seconds: SecondsOption = 10.0,
    memory: MemoryOption = 2048,
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Check every file of a folder, and write the scores as CSV.

    Each file runs with your rights, bounded in time and memory but not walled off: grade what you would also open.
    Files that use chainrule itself, start programs or use the network are flagged.
    """
    from ...files import check_target, replace_file
    from ...practice.grading import as_csv, compared, flags_in_words
    from ...practice.grading import grade as grade_files
    from ...practice.running import Limits

    screen = Screen(ctx, plain, lang)
    limits = Limits(seconds, memory)
    if csv is not None:
        check_target(csv, "--csv")
    found = []
    with screen.progress() as bar:
        task = bar.add_task("", total=None)
        for one in grade_files(folder, limits):
            found.append(one)
            bar.update(task, advance=1)
    found = compared(found)
    if csv is not None:
        replace_file(csv, as_csv(found, screen.language, limits).encode())
    rows = []
    for one in found:
        row = one.row(screen.language, limits)
        wrong = row[7] or row[8]
        rows.append([row[0][:40], row[1][:20], f"{row[4]}/{row[5]}", wrong, flags_in_words(one.flags, screen.language)])
    head = [screen.text(f"practice.grade_{name}") for name in ("file", "exercise", "right", "first", "flags")]
    screen.table(head, [[safe(cell) for cell in row] for row in rows], left=5)
    if csv is not None:
        screen.line()
        screen.say("practice.graded", count=len(found), file=csv)


def safe(cell: str) -> str:
    from ...data import printable

    return printable(cell, 60)
