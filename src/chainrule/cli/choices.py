"""From what is typed to what is declared: `adam:rho1=0.8`, `cosine`, `64-32`; and the names that Tab completes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..formulas.optimizers import Optimizer
    from ..formulas.penalties import Penalty
    from ..formulas.schedules import Schedule


def configured(kind: str, text: str, table: Mapping[str, type[Any]], **given: Any) -> Any:
    """`momentum:mu=0.95` as an object of the table.

    given       values where the text says nothing; those the class does not have are left out

    Raises
        ValueError: an unknown name or setting (the message lists the known ones), a value that is no number.
    """
    name, _, rest = text.partition(":")
    key = name.strip().lower().replace("-", "_")
    if key not in table:
        raise ValueError(f"unknown {kind} '{name}'; known: {', '.join(table)}")
    known = [field.name for field in fields(table[key]) if field.name != "rate"]
    values = {field: value for field, value in given.items() if field in (*known, "rate")}
    for setting in filter(None, rest.split(",")):
        field, equals, number = (part.strip() for part in setting.partition("="))
        if field == "rate" or field not in known:
            hint = f"it has {', '.join(known)}" if known else "it has none"
            hint += "; the rate is --rate" if field == "rate" else ""
            raise ValueError(f"{kind} {key} has no setting '{field}'; {hint}")
        values[field] = number_of(f"{kind} {key}: {field}", number if equals else "")
    return table[key](**values)


def number_of(what: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} must be a number, not '{text}'") from None


def optimizer_of(text: str, rate: float | Schedule | None) -> Optimizer:
    """`adam`, `momentum:mu=0.95`."""
    from ..formulas.optimizers import OPTIMIZERS

    made: Optimizer = configured("optimizer", text, OPTIMIZERS, **({} if rate is None else {"rate": rate}))
    return made


def schedule_of(text: str, rate: float, **given: float) -> Schedule:
    """`cosine`, `step:every=500,factor=0.5`."""
    from ..formulas.schedules import SCHEDULES

    made: Schedule = configured("schedule", text, SCHEDULES, rate=rate, **given)
    made.learning_rate()  # checks the settings now
    return made


def penalty_of(l1: float | None, l2: float | None) -> Penalty | None:
    """The penalty with these strengths; none where both are 0 or not given."""
    from ..formulas.penalties import L1, L2, ElasticNet

    if l1 and l2:
        return ElasticNet(l1, l2)
    if l1:
        return L1(l1)
    return L2(l2) if l2 else None


def hidden_layers(text: str) -> tuple[int, ...]:
    """The units of the hidden layers, from `64-32` or `none`."""
    if text.strip().lower() == "none":
        return ()
    units = text.replace(" ", "").split("-")
    if not all(unit.isdecimal() and unit.isascii() for unit in units):
        raise ValueError(
            f"--layers '{text}': write the units of each hidden layer, joined by hyphens, as in 64-32, or none"
        )
    return tuple(map(int, units))


# --- completion ----------------------------------------------------------------------------------------------------


def languages() -> list[str]:
    from ..writers import LANGUAGES

    return list(LANGUAGES)


def activations() -> list[str]:
    from ..formulas.activations import ACTIVATIONS

    return list(ACTIVATIONS)


def losses() -> list[str]:
    from ..formulas.losses import LOSSES

    return list(LOSSES)


def optimizers() -> list[str]:
    from ..formulas.optimizers import OPTIMIZERS

    return list(OPTIMIZERS)


def schedules() -> list[str]:
    from ..formulas.schedules import SCHEDULES

    return list(SCHEDULES)


def encodings() -> list[str]:
    from ..data.dialect import ENCODINGS

    return list(ENCODINGS)


def engines() -> list[str]:
    from ..engines import ENGINES

    return ["auto", *ENGINES]
