"""Practice: rebuild a training step from memory, checked quantity by quantity.

exercise.py     what is asked           cases.py    for which data      sheet.py    the file the learner gets
running.py      a learner's file in a process of its own: child.py is that process
checking.py     from what was seen to a verdict; slips.py and reasons.py: why; measuring.py: finite differences
words.py        a verdict in words      hints.py    three steps towards the solution
ladder.py       fifteen exercises       progress.py what was done, and when it comes again
grading.py      a folder of files       notebook.py `cr.practice("3-4-1").check(step)`
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .notebook import Practice, practice

__all__ = ["Practice", "practice"]


class Room(ModuleType):
    """This module: `cr.practice` is the function, and also where this room was imported before it was asked for."""

    def __call__(self, *args: Any, **options: Any) -> Practice:
        return practice(*args, **options)


sys.modules[__name__].__class__ = Room
