"""PyTorch with torch.compile around model and loss; the fused optimizer stays as it is."""

from __future__ import annotations

from typing import Any

from ..cases import Case
from .contender import Predictor
from .torch_eager import TorchEager


class TorchCompile(TorchEager):
    """Compiled for the shapes of its case."""

    name, key, package = "torch.compile", "compile", ""

    @classmethod
    def fits(cls, case: Case) -> bool:
        return case.dtype == "float32" or case.optimizer == "adam"

    def make_loss(self) -> Any:
        return self.torch.compile(super().make_loss(), dynamic=False)

    def predictor(self) -> Predictor | None:
        return None
