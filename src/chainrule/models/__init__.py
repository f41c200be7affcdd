"""What comes after training: a model saved and loaded, applied to new rows, and carried elsewhere.

`load` and `save` are the way in and out; `build` compiles a program for other hosts; a `Predictor` answers for rows of
a table; `Checkpoints` keeps a training.
"""

from .checkpoints import Checkpoints, resume
from .libraries import build
from .predictor import Predictor
from .saving import load, save

__all__ = ["Checkpoints", "Predictor", "build", "load", "resume", "save"]
