"""Layers: one file each. A layer writes its named forward steps into a Builder; it declares no backward."""

from .activation import Activation
from .batch_norm import BatchNorm
from .dense import Dense
from .dropout import Dropout
from .layer import Layer

LAYERS: dict[str, type[Layer]] = {"dense": Dense, "dropout": Dropout, "batch_norm": BatchNorm, "activation": Activation}

__all__ = ["LAYERS", "Activation", "BatchNorm", "Dense", "Dropout", "Layer"]
