"""Diagnosis: what is wrong with a training, where, since when, and what to do about it.

    run.diagnose()                      # verdicts, the most fundamental fault first; then how ready each unit is
    run.diagnose().faults[0].rerun()    # a new training with the remedy applied, not yet fitted

`RULES`, in rules.py, is the table of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from ..messages import choose_language, say
from ..training import Training
from .evidence import Evidence, Recorded
from .judging import Finding, judge
from .readiness import CASES, readiness
from .remedies import remedied
from .rules import RULES, Rule

DATED = ("epoch", "end")  # what is said of the time when it began names an epoch


@dataclass(frozen=True)
class Verdict:
    """One verdict on one run."""

    rule: Rule
    finding: Finding
    run: Training

    @property
    def name(self) -> str:
        return self.rule.verdict

    def measured(self, language: str = "en") -> str:
        """What was measured, where and since when."""
        finding = self.finding
        since = finding.when or ("unknown" if finding.since is None else "start" if finding.since == 0 else "epoch")
        when = say(f"diagnose.since_{since}", language, **({"epoch": finding.since} if since in DATED else {}))
        values = {"observation": finding.what, "value": f"{finding.value:.3g}", "bound": f"{finding.bound:g}"}
        text = say("diagnose.measured", language, when=when, **values)
        return f"{text} ({finding.detail})" if finding.detail else text

    def text(self, language: str = "en") -> str:
        says = (say(f"diagnose.{self.name}", language), self.measured(language), self.remedy(language))
        return "\n".join((says[0], *(f"    {line}" for line in says[1:])))

    def remedy(self, language: str = "en") -> str:
        return say(f"diagnose.{self.name}_remedy", language)

    def rerun(self) -> Training:
        """A new training with the remedy applied: same data, same seed; call `fit` on it."""
        return remedied(self.run, self.rule.remedy)

    def __str__(self) -> str:
        return self.text(choose_language())


@dataclass(frozen=True)
class Diagnosis:
    """The verdicts on a run, the most fundamental first.

    readiness   layer -> for each unit stuck, finished, improvable or undecided
    """

    verdicts: tuple[Verdict, ...]
    readiness: dict[int, tuple[str, ...]]

    @property
    def faults(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.rule.fault)

    def text(self, language: str = "en") -> str:
        lines = [verdict.text(language) for verdict in self.verdicts]
        if not self.faults:
            lines.insert(0, say("diagnose.healthy", language))
        names = [case.name for case in CASES]
        for layer, cases in self.readiness.items():
            counts = [(case, cases.count(case)) for case in names if case in cases]
            each = "; ".join(f"{count} {say(f'diagnose.unit_{case}', language)}" for case, count in counts)
            lines.append(say("diagnose.units", language, layer=layer, listed=each))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text(choose_language())

    def _repr_html_(self) -> str:
        language = choose_language()
        rows = "".join(
            f"<tr><td>{escape(say(f'diagnose.{v.name}', language))}</td><td>{escape(v.measured(language))}</td>"
            f"<td>{escape(v.remedy(language))}</td></tr>"
            for v in self.verdicts
        )
        rest = "".join(
            f"<p>{escape(line)}</p>" for line in Diagnosis((), self.readiness).text(language).split("\n")[1:]
        )
        opening = "" if self.faults else f"<p>{escape(say('diagnose.healthy', language))}</p>"
        return f"{opening}<table>{rows}</table>{rest}"


def diagnose(run: Training, recorded: Recorded | None = None) -> Diagnosis:
    """Every rule of `RULES` on a run, and how ready each unit is to learn.

    recorded    of a training that is over and whose last weights the run was given: what is still known of it. Rules
                that read what is not known are silent.

    A run watched by an `Observer` is told since when; otherwise only its start, its end and its history are known.

    Raises
        ValueError: a run that has made no step.
    """
    if recorded is None and not run.t and getattr(run, "diverged", None) is None:
        raise ValueError("nothing to diagnose: this training has made no step; call fit first")
    verdicts = []
    with np.errstate(all="ignore"):
        evidence = Evidence(run, recorded)
        for rule in RULES:
            finding = judge(rule, evidence)
            if finding is not None:
                verdicts.append(Verdict(rule, finding, run))
        ready = readiness(evidence.now, [layer.number for layer in evidence.layers])
    return Diagnosis(tuple(verdicts), ready)


__all__ = ["RULES", "Diagnosis", "Verdict", "diagnose"]
