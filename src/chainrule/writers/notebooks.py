"""The Jupyter notebooks of the Python languages: a cell per phase of a first step, then the whole training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from ..program.steps import PHASES
from .expressions import short_number
from .layout import with_comments
from .names import as_markdown
from .run import Run
from .scripts import PythonScripts

Cell = tuple[str, Sequence[str]]


class PythonNotebooks(PythonScripts):
    """What NumPy and JAX notebooks share."""

    forms: ClassVar[tuple[str, ...]] = (*PythonScripts.forms, "notebook")

    def notebook(self, run: Run) -> str:
        """A Jupyter notebook: data, weights, a first step phase by phase, the step as a function, the training."""
        self.needs.add("np")
        data = self.data(run) if run.X is not None else self.data_from_path(run)
        weights = self.weights(run)
        cells: list[Cell] = [("markdown", [f"## {self.say('source.phases')}"]), ("code", self.first_batch(run))]
        for phase in PHASES:
            steps = self.program.phase(phase)
            if steps:
                deltas = ", ".join(step.name for step in steps if step.name.startswith("delta"))
                shown = {"forward": self.program.prediction, "update": self.program.trainable[0], "backward": deltas}
                cells.append(("markdown", [f"### {as_markdown(self.heading(phase, True))}"]))
                cells.append(("code", [*with_comments(self.phase(steps)), "", shown.get(phase) or steps[-1].name]))
        cells.append(("markdown", [f"## {self.say('source.functions')}"]))
        cells += [("code", self.define("step")), ("code", self.define("predict"))]
        cells.append(("markdown", [f"## {self.say('source.from_start')}"]))
        cells += [("code", weights), ("code", self.training_loop(run)), ("code", self.results(run))]
        definitions = self.definitions()
        top = [*self.import_lines(), *self.set_up(run), *["", ""] * bool(definitions), *definitions]
        first: list[Cell] = [
            ("markdown", [f"# {as_markdown(self.program.title)}", "", *self.provenance()]),
            ("code", top),
        ]
        return notebook_text([*first, ("code", data), ("code", weights), *cells])

    def data_from_path(self, run: Run) -> list[str]:
        """The rows from a CSV named at the top of the cell."""
        return [
            self.about_file(run),
            'path = "data.csv"',
            *self.data_from_file(run, "path"),
            *self.preparation(run),
        ]

    def first_batch(self, run: Run) -> list[str]:
        """The names that the step uses, at the top level of a notebook."""
        program = self.program
        _, unpack = self.signature("step")
        lines = [*unpack, *self.counted("step")] + ["t = 1"] * program.counts_steps
        values = {**program.hyperparameters, **run.hyperparameters}
        lines += [f"{name} = {short_number(value)}" for name, value in values.items()]
        for mask in program.masks:
            lines.append(f"{mask.name} = np.ones((len(X), {mask.units}), X.dtype)  # {self.say('source.all_kept')}")
        return lines


def notebook_text(cells: Sequence[Cell]) -> str:
    """Cells as the JSON of a notebook (nbformat 4.5)."""
    content = []
    for i, (kind, lines) in enumerate(cells):
        source = "\n".join(lines).strip("\n").splitlines(keepends=True)
        cell: dict[str, object] = {"id": f"cell-{i}", "cell_type": kind, "metadata": {}, "source": source}
        content.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": content, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
