"""A page without a server: one HTML file that carries its script, its styles and the answers to its questions.

It opens from `file://` and from any web server, asks the network for nothing, and says in words what it does not carry.
The script is one of `web/src/carried/`, built as a classic script; `web/src/core/carried.ts` looks the answers up.

    carried = Carried({"language": "en", "table": None})
    carried.experiment(Experiment.of("#data=..."))         # its data, its program, for every rate and seed
    html = carried.page("lab", "chainrule lab")
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..files.json_text import Record
from ..messages import LANGUAGES
from . import answers
from .bodies import listed
from .built import PAGE, PageMissingError, messages_of, start_of
from .experiment import Experiment

BATCHES = (1, 4, 10, 32, 100)  # those of the page's control
ICON = "favicon.svg"


class Carried:
    """The answers that a page brings along, by their questions.

    start           what the page begins with: language, table, and whatever else the script of the page wants
    languages       those that it can be read in
    plain           leave the packing to the server of the page: larger as a file, smaller on its way
    """

    def __init__(self, start: Mapping[str, Any], languages: Sequence[str] = LANGUAGES, plain: bool = False) -> None:
        self.plain = plain
        self.language = str(start.get("language", "en"))
        self.answers: dict[str, object] = {}
        self.put("start", None, {**start_of(start), "languages": list(languages)})
        for language in languages:
            self.put(f"messages/{language}", None, messages_of(language))

    def put(self, name: str, body: object, answer: object) -> None:
        """Carry the answer to one question.  `body` None: a question without one, such as `start`."""
        self.answers[question(name, body)] = {"plain": answer} if self.plain else packed(answer)

    def has(self, name: str, body: object) -> bool:
        return question(name, body) in self.answers

    def experiment(self, place: Experiment) -> None:
        """Carry an experiment: its data, and its program for every rate, strength, seed and size of a batch.

        Raises
            ValueError: data or network as the lab refuses them.
        """
        data_body = place.data_body()
        data = answers.data(data_body)
        if not self.has("data", data_body):
            self.put("data", data_body, data)
        body = place.program_body(data)
        normed = place.batch_norm
        least = 2 if normed else 1  # batch norm takes no batch of one row
        for batch in {None, body["batch"], *(size for size in BATCHES if least <= size < body["rows"])}:
            asked = {"rows": body["rows"], "batch": batch, "joined": normed}
            if not self.has("offsets", asked):
                self.put("offsets", asked, answers.offsets(body["rows"], batch, normed))
        if not self.has("program", body):
            self.put("program", body, answers.program(body))

    def sources(self, place: Experiment, wanted: Iterable[tuple[str, str | None]]) -> None:
        """Carry the program of an experiment in programming languages; each explained in a language, or plain."""
        body = place.program_body(answers.data(place.data_body()))
        asked = {name: body[name] for name in ("columns", "inputs", "network", "edits")}
        program = None
        for language, notes in wanted:
            key = {**asked, "language": language, "teaching": notes is not None, "notes": notes}
            if self.has("source", key):
                continue
            program = program or answers.declared(Record(asked, "source"))[0]
            text, blocks = answers.written(program, language, notes), answers.listed(program, language)
            self.put("source", key, {"text": text, "language": language, "blocks": blocks})

    def page(self, script: str, title: str) -> str:
        """The page, whole: `script` names one of `web/src/carried/`.

        Raises
            OSError: the page of the lab has not been built.
        """
        folder = PAGE / "carried"
        try:
            code = (folder / f"{script}.js").read_text(encoding="utf-8")
            style = (folder / f"{script}.css").read_text(encoding="utf-8")
            icon = base64.b64encode((PAGE / ICON).read_bytes()).decode()
        except FileNotFoundError:
            raise PageMissingError from None
        code, style = in_element(code, "script"), in_element(style, "style")
        policy = (
            f"default-src 'none'; script-src {digest(code)} blob:; worker-src blob:; style-src {digest(style)}; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'"
        )
        text = json.dumps(self.answers, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=listed)
        carried = text.replace("<", "\\u003c")
        return PAGE_TEXT.format(language=html.escape(self.language), policy=policy, title=html.escape(title), icon=icon,
                                style=style, carried=carried, code=code)  # fmt: skip


# blob: is for the worker, which is handed its code and the emitted program as text.
PAGE_TEXT = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<link rel="icon" href="data:image/svg+xml;base64,{icon}">
<style>{style}</style>
</head>
<body>
<div id="lab"></div>
<script type="application/json" id="carried">{carried}</script>
<script>{code}</script>
</body>
</html>
"""


def question(name: str, body: object = None) -> str:
    """The key of an answer: what the answer depends on, and nothing else. As `web/src/core/question.ts` has it."""
    if body is None:
        return name
    assert isinstance(body, Mapping)
    if name == "descent":
        return f"{name} {canonical({part: body[part] for part in ('function', 'start', 'rate')})}"
    if name not in ("program", "source"):
        return f"{name} {canonical(body)}"
    network = {**body["network"], "optimizer": body["network"]["optimizer"]["name"]}
    network["penalty"] = network.get("penalty", {"name": None})["name"]
    kept = {part: body[part] for part in ("columns", "inputs", "edits")} | {"network": network}
    if name == "source":
        kept |= {"language": body["language"], "notes": body["notes"] if body["teaching"] else None}
    return f"{name} {canonical(kept)}"


def canonical(value: object) -> str:
    """JSON as JavaScript writes it, its keys in order: 1.0 is 1."""

    def plain(inner: object) -> object:
        if isinstance(inner, Mapping):
            return {key: plain(part) for key, part in inner.items()}
        if isinstance(inner, (list, tuple)):
            return [plain(part) for part in inner]
        return int(inner) if isinstance(inner, float) and inner.is_integer() else inner

    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def packed(answer: object) -> str:
    text = json.dumps(answer, allow_nan=False, separators=(",", ":"), default=listed)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def in_element(code: str, element: str) -> str:
    """Code that cannot end its own element, nor begin a comment in it; the build writes neither outside of strings."""
    return code.replace(f"</{element}", f"<\\/{element}").replace("<!--", "<\\!--")


def digest(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


__all__ = ["Carried", "question"]
