"""A network file in place of options: what it declares holds, and no option may say something else beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ..data import Preparation, Roles
    from ..files import NetworkFile
    from ..tables.goal import Goal

NETWORK_OPTIONS = {name: "--" + name.replace("_", "-") for name in
                   ("layers", "activation", "output", "bias", "batch_norm", "dropout")}  # fmt: skip
DECLARED = {
    "loss": ("loss",),
    "optimizer": ("optimizer", "rate", "schedule"),
    "penalty": ("l1", "l2"),
    "clip_norm": ("clip_norm",),
    "clip_delta": ("clip_delta",),
}


def is_file(network: str) -> bool:
    """Whether NETWORK is the name of a file rather than `3-4-1`."""
    return network.lower().endswith(".json") or (not set(network) <= set("0123456789- ") and Path(network).exists())


def check_options(ctx: typer.Context, file: NetworkFile, name: object, network_options: dict[str, str]) -> None:
    """ValueError: an option that declares what the file declares already."""
    refused = dict(network_options)
    for entry, options in DECLARED.items():
        if getattr(file, entry) is not None:
            refused |= {option: "--" + option.replace("_", "-") for option in options}
    for option, spelled in refused.items():
        source = ctx.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            raise ValueError(f"{spelled}: {name} declares that already; change it there, or leave the option out")


def with_file(file: NetworkFile | None, given: dict[str, Any]) -> dict[str, Any]:
    """What options say, and where the file says something, that."""
    if file is None:
        return given
    declared = {name: value for name in given if (value := getattr(file, name)) is not None}
    return given | declared | {"weighted": file.weighted}


def goal_of(roles: Roles, declared: NetworkFile | None, loss: str | None, output: str | None) -> Goal:
    """What the outputs stand for; a network file has its say in it."""
    from ..tables.goal import Goal

    if declared is None:
        return Goal.find(roles, loss, output)
    last = declared.network.layers[-1].activation_name
    return Goal.find(roles, loss if declared.loss is None else declared.loss, last, declared.network.outputs)


def check_fits(declared: NetworkFile | None, file: Path | None, preparation: Preparation, goal: Goal) -> None:
    """ValueError: a network file for other inputs or outputs than the table has."""
    from ..data import listed

    if declared is None:
        return
    network, inputs, outputs = declared.network, preparation.width, goal.outputs(preparation)
    if network.inputs != inputs:
        names = listed(preparation.feature_names)
        raise ValueError(f"{file} has {network.inputs} inputs, but the table makes {inputs}: {names}")
    if network.outputs != outputs:
        raise ValueError(f"{file} has {network.outputs} outputs, but the target {goal.roles.target!r} needs {outputs}")
