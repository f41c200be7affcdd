"""`chainrule check`: what a file holds, or why it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .screen import LanguageOption, PlainOption, Screen

if TYPE_CHECKING:
    from ..files import Checkpoint, Model, NetworkFile


def check(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="a network, model or checkpoint file", show_default=False)
    ],
    plain: PlainOption = False,
    lang: LanguageOption = None,
) -> None:
    """Say what a network, model or checkpoint file holds, or why it is refused.

    The whole file is read and compared with its digest. Exit code 0: it is whole; 2: it is refused.
    """
    from ..data import open_regular
    from ..files import FileError, Model, read_checkpoint, read_network
    from ..files.tensors import MOST_BYTES

    screen = Screen(ctx, plain, lang)
    with open_regular(file, MOST_BYTES) as opened:
        start = opened.read(9)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        show_network_file(screen, read_network(file))
        return
    if start[8:9] != b"{":
        raise FileError(f"{file}: neither a network file (JSON) nor a model or checkpoint (safetensors)")
    if is_checkpoint(file):
        try:
            show_checkpoint(screen, read_checkpoint(file))
        except ValueError as error:
            raise FileError(f"{error}{previous(file)}") from None
    else:
        show_model(screen, Model.load(file))


def is_checkpoint(file: Path) -> bool:
    """By its header, or where that is unreadable by the previous one beside it."""
    from ..files import kind_at
    from ..files.checkpoint_file import FORMAT, previous_of

    return FORMAT in (kind_at(file), kind_at(previous_of(file)))


def previous(file: Path) -> str:
    """What is left of a damaged checkpoint, for the message."""
    from ..data import DataError
    from ..files import read_checkpoint
    from ..files.checkpoint_file import previous_of

    try:
        found = read_checkpoint(previous_of(file))
    except DataError:
        return ""
    return f"\nThe one before it, {previous_of(file)}, holds epoch {found.epoch}: --resume goes on from there."


def show_network_file(screen: Screen, found: NetworkFile) -> None:
    screen.say("check.network", style="bold", network=found.network.notation)
    screen.line()
    screen.line(str(found.network))
    facts = declared(screen, found)
    if facts:
        screen.line()
        screen.facts(facts)
    if found.loss is not None and found.optimizer is not None:
        found.derive()  # so that a file that is called whole can be trained


def declared(screen: Screen, found: NetworkFile) -> list[tuple[str, str]]:
    """Loss, optimizer, penalty."""
    from ..files.network_file import row_data
    from ..formulas.optimizers import OPTIMIZERS
    from ..formulas.penalties import PENALTIES

    facts = []
    if found.loss is not None:
        facts.append((screen.text("train.loss"), found.loss.name))
    for key, row, table in (
        ("train.optimizer", found.optimizer, OPTIMIZERS),
        ("check.penalty", found.penalty, PENALTIES),
    ):
        if row is not None:
            facts.append((screen.text(key), settings(row_data("name", row, table))))
    bounds = {name: getattr(found, name) for name in ("clip_norm", "clip_delta")}
    return facts + [(name, f"{bound:g}") for name, bound in bounds.items() if bound is not None]


def settings(data: dict[str, Any]) -> str:
    """`adam, rate 0.001, rho1 0.9`."""
    parts = []
    for key, value in data.items():
        if isinstance(value, dict):
            parts.append(settings(value))
        else:
            parts.append(value if key in ("name", "schedule") else f"{key} {value:g}")
    return ", ".join(parts)


def show_model(screen: Screen, model: Model) -> None:
    from ..data import printable
    from .samples import enumerated

    count = sum(array.size for array in model.parameters.values())
    network = f"{model.network.network.notation}, {model.dtype}"
    screen.say("check.model", style="bold", network=network, count=count)
    facts = declared(screen, model.network)
    preparation = model.preparation
    if preparation is not None:
        names = [printable(feature.name) for feature in preparation.features]
        target = printable(preparation.target.name)
        if preparation.classes:
            target = screen.text(
                "train.classes", name=target, count=len(preparation.classes),
                listed=enumerated(screen, [printable(label, 24) for label in preparation.classes]),
            )  # fmt: skip
        facts += [(screen.text("train.target"), target), (screen.text("check.columns"), enumerated(screen, names))]
    told = [(key, value) for key, value in model.provenance.items() if not key.endswith("_by_epoch")]
    facts += [(printable(key), shown(value)) for key, value in told[:20]]
    screen.facts(facts)


def show_checkpoint(screen: Screen, found: Checkpoint) -> None:
    from ..files import NetworkFile

    network = NetworkFile.from_dict(found.network)
    screen.line(f"epoch {found.epoch}")
    screen.say("check.checkpoint", network=network.network.notation, steps=found.numbers["t"])
    names = ("seed", "rows", "engine", "dtype")
    facts = [(name, shown(found.settings[name])) for name in names if name in found.settings]
    screen.facts(declared(screen, network) + facts)


def shown(value: Any) -> str:
    from ..data import printable

    if isinstance(value, dict):
        return ", ".join(f"{printable(str(key))} {shown(item)}" for key, item in list(value.items())[:20])
    return printable(f"{value:.6g}" if isinstance(value, float) else str(value), 60)
