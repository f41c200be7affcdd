"""What a file of somebody else may take while it is checked."""

from __future__ import annotations

from typing import Annotated

from ..options import option

BOUNDS = "What a file may take"

SecondsOption = Annotated[float, option(BOUNDS, "seconds until a file is stopped")]
MemoryOption = Annotated[int, option(BOUNDS, "megabytes of memory")]
