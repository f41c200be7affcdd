"""What comes after training: a model saved and loaded, applied to new rows, and carried elsewhere.

`load` and `save` are the way in and out; a `Predictor` answers for rows of a table; `Checkpoints` keeps a training."""

from .checkpoints import Checkpoints, resume
from .predictor import Predictor
from .saving import load, save

__all__ = ["Checkpoints", "Predictor", "load", "resume", "save"]
