"""Who takes part: one class a peer, in the order of the tables; the first is what all are compared with."""

from __future__ import annotations

from importlib import import_module

from .contender import Contender, Predictor

HOMES = {
    "c": ("c_engine", "CEngine"),
    "fit": ("fit", "Fit"),
    "numpy": ("numpy_engine", "NumPyEngine"),
    "hand": ("by_hand", "ByHand"),
    "sklearn": ("scikit_learn", "ScikitLearn"),
    "jax": ("jax_scan", "JaxScan"),
    "torch": ("torch_eager", "TorchEager"),
    "compile": ("torch_compile", "TorchCompile"),
}
USUAL = tuple(key for key in HOMES if key != "compile")  # which takes minutes to compile
SHORT = ("c", "fit", "numpy", "hand")  # what needs NumPy alone


def contender(key: str) -> type[Contender]:
    module, name = HOMES[key]
    found: type[Contender] = getattr(import_module(f".{module}", __name__), name)
    return found


__all__ = ["HOMES", "SHORT", "USUAL", "Contender", "Predictor", "contender"]
