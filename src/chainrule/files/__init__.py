"""Network files (JSON), model and checkpoint files (safetensors), and how files are written so that nothing is lost.

Reading never runs code and never trusts: sizes are checked before memory is taken, and every name, shape, type and
number before it is used. What is refused is a `DataError`, which says what, where and what to do."""

from .atomic import check_target, replace_file, replacing, write_file
from .checkpoint_file import Checkpoint, CheckpointPath, read_checkpoint
from .errors import FileError
from .model_file import Model, check_model_target
from .network_file import NetworkFile, read_network
from .tensors import kind_at

__all__ = [
    "Checkpoint",
    "CheckpointPath",
    "FileError",
    "Model",
    "NetworkFile",
    "check_model_target",
    "check_target",
    "kind_at",
    "read_checkpoint",
    "read_network",
    "replace_file",
    "replacing",
    "write_file",
]
