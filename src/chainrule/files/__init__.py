"""Network files (JSON), model and checkpoint files (safetensors), and how files are written so that nothing is lost.

Reading never runs code and never trusts: sizes are checked before memory is taken, and every name, shape, type and
number before it is used. What is refused is a `DataError`, which says what, where and what to do."""

from .errors import FileError
from .network_file import NetworkFile, read_network

__all__ = ["FileError", "NetworkFile", "read_network"]
