"""Writers: a Program becomes source code. One file a language; a writer sees a Program and nothing else.

`arrays` is the family of array languages, where a step is a line.
"""

from __future__ import annotations

from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..program.steps import Program

LANGUAGES = {
    "numpy": ("numpy", "NumPyWriter"),
    "jax": ("jax", "JaxWriter"),
    "c": ("c", "CWriter"),
    "javascript": ("javascript", "JavaScriptWriter"),
}
USUAL = {"teaching": False, "names": "ours", "notes": "en"}  # asks for nothing: no language refuses it
KERNELS = {
    "c": {
        "plain": ("c", "CWriter"),
        "tiled": ("tiled", "TiledCWriter"),
        "lanes": ("lanes", "LanesCWriter"),
        "threads": ("threads", "ThreadsCWriter"),
    },
}


def writer(language: str, kernels: str = "plain") -> Any:
    """The writer of a language, with a kernel set.  ValueError: an unknown one (the message lists the known ones)."""
    if language not in LANGUAGES:
        raise ValueError(f"unknown language '{language}'; known: {', '.join(LANGUAGES)}")
    sets = KERNELS.get(language, {"plain": LANGUAGES[language]})
    if kernels not in sets:
        raise ValueError(f"unknown kernels '{kernels}' for {language}; known: {', '.join(sets)}")
    module, name = sets[kernels]
    return getattr(import_module(f".{module}", __name__), name)


def write(program: Program, language: str = "numpy", form: str = "module", **options: Any) -> str:
    """A program as source code.

    form        module      `step`, which returns the loss, and `predict`
                step        the statements of the step alone
                script      a complete program with data, weights and loop; needs `run`
                notebook    the same as a Jupyter notebook, a cell per phase; needs `run`
                predictor   trained weights, the preparation of a table, and what the outputs mean; needs `model`
    options     teaching    every z, error and slope named, with shape and note at each line
                names       "founding" shows the founding texts' names beside ours
                notes       the language of the notes: en, es, de, zh-Hans, zh-Hant
                functions   which functions a module holds: step, predict, evaluate, trace
                kernels     of C: plain loops; tiled, lanes or threads for desktops and servers
                real, rows  of C: float or double, and the most rows a call takes; weights and self_test: what a device
                            has baked in and checks (`Training.source` makes both where they are True)

    The array languages have teaching, names and notes; what a language lacks is refused unless it asks for nothing.

    Raises
        ValueError: an unknown language, form or option (the message lists the known ones).
    """
    family = writer(language, options.pop("kernels", "plain"))
    if form not in family.forms:
        raise ValueError(f"unknown form '{form}' for {language}; known: {', '.join(family.forms)}")
    own, of_form = options_of(family), set(signature(getattr(family, form)).parameters) - {"self"}
    if "run" in of_form and "run" not in options:
        raise ValueError(f"form '{form}' needs a run: data, epochs and batches; `Training.source` gives it")
    if "model" in of_form and "model" not in options:
        raise ValueError(f"form '{form}' needs a model: weights and preparation; `Predictor.source` gives it")
    for name in [name for name in options if name not in {*own, *of_form}]:
        value = options.pop(name)
        if name not in USUAL or value != USUAL[name]:
            known = sorted({*own, *of_form, *["kernels"] * (language in KERNELS)})
            raise ValueError(f"{language} has no option '{name}' in the form {form}; known: {', '.join(known)}")
    chosen = family(program, **{name: value for name, value in options.items() if name in own})
    text: str = getattr(chosen, form)(**{name: value for name, value in options.items() if name in of_form})
    return text


def options_of(family: type) -> dict[str, Any]:
    """The options of a writer, with their defaults."""
    found: dict[str, Any] = {}
    for base in reversed(family.__mro__):
        if "__init__" in vars(base):
            parameters = signature(vars(base)["__init__"]).parameters.values()
            found |= {p.name: p.default for p in parameters if p.kind is Parameter.KEYWORD_ONLY}
    return found
