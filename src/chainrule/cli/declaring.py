"""The program that NETWORK and options declare: for the commands that need no table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .choices import optimizer_of, penalty_of, schedule_of

if TYPE_CHECKING:
    import typer

    from ..program.steps import Program


@dataclass(frozen=True)
class Usual:
    """What holds where an option says nothing."""

    network: str
    activation: str
    bias: bool
    rate: float | None
    form: str


FOUNDING = Usual("3-4-1", activation="sigmoid", bias=False, rate=1.0, form="step")
OTHERS = Usual("", activation="relu", bias=True, rate=None, form="module")


def declared_program(
    ctx: typer.Context,
    network: str | None,
    usual: Usual,
    *,
    activation: str | None,
    output: str | None,
    bias: bool | None,
    batch_norm: bool,
    dropout: float,
    loss: str | None,
    optimizer: str,
    rate: float | None,
    schedule: str,
    l1: float,
    l2: float,
    clip_norm: float | None,
    clip_delta: float | None,
) -> Program:
    """The program of `784-128-10` or of a network file; what both leave open is as usual."""
    from ..derivation import derive
    from ..network import Network
    from .network_option import NETWORK_OPTIONS, check_options, is_file, with_file

    file = None
    if network is not None and is_file(network):
        from ..files import read_network

        file = read_network(network)
        check_options(ctx, file, network, NETWORK_OPTIONS)
        found_loss, found_output = loss_and_output(
            str(file.network.outputs), loss, file.network.layers[-1].activation_name
        )
    else:
        found_loss, found_output = loss_and_output(network, loss, output)
    declared = (
        file.network
        if file is not None
        else Network.parse(
            usual.network or network or "",
            activation=usual.activation if activation is None else activation,
            output=found_output,
            bias=usual.bias if bias is None else bias,
            batch_norm=batch_norm,
            dropout=dropout,
        )
    )
    base = rate if rate is not None else usual.rate if optimizer == "gradient_descent" else None
    chosen = optimizer_of(optimizer, base)
    if schedule != "constant":
        chosen = optimizer_of(optimizer, schedule_of(schedule, float(chosen.hyperparameters["learning_rate"])))
    given: dict[str, Any] = {"loss": found_loss, "optimizer": chosen, "penalty": penalty_of(l1, l2)}
    given |= {"clip_norm": clip_norm, "clip_delta": clip_delta}
    return derive(declared, **with_file(file, given))


def loss_and_output(network: str | None, loss: str | None, output: str | None) -> tuple[str, str]:
    """Loss and output activation, each chosen to go with the other where only one of them is given."""
    from ..formulas.losses import loss_for, output_for

    if loss is not None:
        founding = network is None and output_for(loss) == "linear"
        return loss, output or ("sigmoid" if founding else output_for(loss))
    if network is None and output in (None, "sigmoid"):
        return "half_squared_error", "sigmoid"
    if output is not None:
        return loss_for(output) or "half_mean_squared_error", output
    several = (network or "").rpartition("-")[2].strip() not in ("1", "01")
    found = "softmax_cross_entropy" if several else "half_mean_squared_error"
    return found, output_for(found)
