"""`chainrule demo`: the founding networks, their code, their numbers, their story."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

import typer

from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..training import Training
    from .founding import Founding


def demo(ctx: typer.Context, plain: PlainOption = False, lang: LanguageOption = None) -> None:
    """The founding networks: their code, their numbers, their story.

    Derives the training step of the two networks with which it all began, prints it, trains with it, and compares the
    numbers with those of the founding texts, and the final weights with those of the programs written by hand.
    """
    from .founding import THREE_FOUR_ONE, THREE_ONE

    screen = Screen(ctx, plain, lang)
    screen.title(screen.text("demo.title"))
    screen.line()
    screen.say("demo.intro")
    for founding in (THREE_ONE, THREE_FOUR_ONE):
        screen.line()
        tell(screen, founding)
        if founding is THREE_ONE:
            screen.line()
            screen.say("demo.why_slope")
    screen.line()
    screen.say("demo.next")


def tell(screen: Screen, founding: Founding) -> None:
    """The story of one network."""
    from .founding import BLOCK

    program = founding.program
    screen.say(founding.message, style="bold")
    screen.line()
    screen.say("demo.program")
    screen.line()
    screen.code(indent(program.source("numpy", form="step").rstrip(), "    "))
    screen.line()
    with screen.progress() as bar:
        task = bar.add_task("", total=2 * founding.updates)
        run, looks = trained(founding, lambda updates: bar.advance(task, updates))
        for weights in founding.by_hand():
            by_hand = weights
            bar.advance(task, BLOCK)
    only_one = len(looks) == 1
    screen.say("demo.output_heading" if only_one else "demo.error_heading")
    screen.line()
    labels = [f"{y:g}" for y in founding.y] if only_one else [screen.number(look) for look in founding.looks]
    rows = [
        [label, mine, theirs, mark(screen, mine == theirs)]
        for label, mine, theirs in zip(labels, printed(founding, looks), founding.expected, strict=True)
    ]
    first = "y" if only_one else screen.text("demo.iteration")
    screen.table([first, screen.text("demo.computed"), screen.text("demo.expected"), ""], rows, left=0)
    screen.line()
    screen.say("demo.trained", iterations=founding.updates, seconds=f"{run.seconds:.1f}")
    verdict(screen, list(run.parameters.values()), by_hand)


def trained(founding: Founding, advance: Any) -> tuple[Training, list[Any]]:
    """The finished run, and the outputs (4, 1) of the network at each look."""
    import numpy as np

    from ..training import Training
    from .founding import BLOCK, SEED, X

    run = Training(
        founding.program, np.array(X), np.array([founding.y]).T, epochs=founding.updates, seed=SEED,
        engine="numpy", dtype="float64", progress=False,
    )  # fmt: skip
    stops = sorted({*founding.looks, *range(BLOCK, founding.updates + 1, BLOCK)})
    looks = []
    for stop in stops:
        if stop > run.epoch:
            advance(stop - run.epoch)
            run.fit(stop - run.epoch)
        if run.interrupted:
            raise KeyboardInterrupt
        if stop in founding.looks:
            looks.append(run.predict(np.array(X)))
    return run, looks


def printed(founding: Founding, looks: list[Any]) -> list[str]:
    """What the founding text prints, computed anew: the outputs, or the mean absolute error at each look."""
    if len(looks) == 1:
        return [f"{output:.8f}" for output in looks[0][:, 0]]
    return [f"{abs(output[:, 0] - founding.y).mean():.12g}" for output in looks]


def mark(screen: Screen, right: bool) -> str:
    return screen.symbol("✓", "=") if right else screen.symbol("✗", "!")


def verdict(screen: Screen, mine: list[Any], theirs: list[Any]) -> None:
    """Whether the weights are the same, bit for bit."""
    if [weights.tobytes() for weights in mine] == [weights.tobytes() for weights in theirs]:
        screen.paragraph(f"{mark(screen, True)} {screen.text('demo.identical')}", style="green")
    else:
        off = max(float(abs(a - b).max()) for a, b in zip(mine, theirs, strict=True))
        screen.paragraph(f"{mark(screen, False)} {screen.text('demo.different', difference=f'{off:.2g}')}", style="red")
