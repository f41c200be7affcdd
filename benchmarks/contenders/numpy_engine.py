"""chainrule's NumPy engine: the emitted NumPy, a step a call."""

from __future__ import annotations

from .chainrule_engine import ChainruleEngine


class NumPyEngine(ChainruleEngine):
    """What runs where there is no compiler."""

    name, key, engine_name = "chainrule NumPy", "numpy", "numpy"
