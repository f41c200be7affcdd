"""Writers: a Program becomes source code. One file a language; a writer sees a Program and nothing else.

`arrays` is the family of array languages, where a step is a line.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..program.steps import Program

LANGUAGES = {
    "numpy": ("numpy", "NumPyWriter"),
    "jax": ("jax", "JaxWriter"),
    "c": ("c", "CWriter"),
    "javascript": ("javascript", "JavaScriptWriter"),
}
KERNELS = {
    "c": {"plain": ("c", "CWriter"), "tiled": ("tiled", "TiledCWriter"), "lanes": ("lanes", "LanesCWriter")},
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
    options     teaching    every z, error and slope named, with shape and note at each line
                names       "founding" shows the founding texts' names beside ours
                notes       the language of the notes: en, es, de, zh-Hans, zh-Hant
                functions   which functions a module holds: step, predict, evaluate, trace
                kernels     of C: plain loops; tiled or lanes for desktops and servers

    Raises
        ValueError: an unknown language, form or option.
    """
    kernels = options.pop("kernels", "plain")
    given = {key: value for key, value in options.items() if key not in ("run", "functions")}
    chosen = writer(language, kernels)(program, **given)
    if form not in chosen.forms:
        raise ValueError(f"unknown form '{form}' for {language}; known: {', '.join(chosen.forms)}")
    if form in ("script", "notebook") and "run" not in options:
        raise ValueError(f"form '{form}' needs a run: data, epochs and batches; `Training.source` gives it")
    more = {key: options[key] for key in ("run", "functions") if key in options}
    text: str = getattr(chosen, form)(**more)
    return text
