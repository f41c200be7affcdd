"""A network file in place of options: what it declares holds, and no option may say something else beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ..files import NetworkFile

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
