"""chainrule's C engine: the emitted C, compiled; one call makes all steps."""

from __future__ import annotations

from .chainrule_engine import ChainruleEngine
from .contender import Predictor


class CEngine(ChainruleEngine):
    """What all others are compared with."""

    name, key, engine_name = "chainrule C", "c", "c"

    @classmethod
    def missing(cls) -> str:
        from chainrule.engines.compiler import allowed, find_compiler

        if not allowed():
            return "CHAINRULE_ENGINE=numpy forbids compiling"
        return "" if find_compiler() else "there is no C compiler here"

    def predictor(self) -> Predictor:
        return self.engine.row_predictor(self.parameters, self.state)
