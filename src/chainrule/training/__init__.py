"""Training: epochs, batches, history, stopping. Callbacks observe and steer."""

from .callbacks import Callback, EarlyStopping, ReduceOnPlateau
from .failure import Diverged
from .training import Training

__all__ = ["Callback", "Diverged", "EarlyStopping", "ReduceOnPlateau", "Training"]
