"""Everything chainrule says to people: one catalogue a language, key -> text, shared with the web pages.

A catalogue is a folder, `en/`, with a file for each topic: `en/demo.json` holds the keys `demo.*`.

A text is looked up by its key and filled in where it says `{name}`:

    say("demo.trained", "en", iterations=60_000, seconds="1.9")    # '60,000 iterations in 1.9 s'

A missing key or a missing value is a KeyError, never another language or an empty text in its place.
"""

import json
import os
from functools import cache
from importlib.resources import files
from numbers import Integral

__all__ = ["LANGUAGES", "catalogue", "choose_language", "number", "say"]

LANGUAGES = ("en", "es", "de", "zh-Hans", "zh-Hant")

_VARIABLES = ("CHAINRULE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def say(key: str, language: str = "en", **values: object) -> str:
    """Return the text of `key` in one of LANGUAGES, its placeholders filled in; see `number`.

    Raises
        KeyError: an unknown language or key, or a placeholder without a value.
    """
    text = catalogue(language)[key]
    return text.format_map({name: number(v, language) if isinstance(v, Integral) else v for name, v in values.items()})


def number(value: Integral | int, language: str = "en") -> str:
    """A whole number with its thousands apart: by a comma, or by a space where the comma is the decimal sign."""
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}" if language in ("es", "de") else ",")


def choose_language(explicit: str | None = None) -> str:
    """Return the language to speak: as asked for, else as CHAINRULE_LANG or the locale has it, else English.

    The first of these that is set decides. Locale names and language tags are both understood: `de_AT.UTF-8`, `zh-HK`.
    """
    wishes = (explicit, *(os.environ.get(variable) for variable in _VARIABLES))
    wish = next(filter(None, wishes), "en")
    language, *rest = wish.partition(".")[0].partition("@")[0].lower().replace("_", "-").split("-")
    if language == "zh":
        return "zh-Hant" if _TRADITIONAL.intersection(rest) and "hans" not in rest else "zh-Hans"
    return language if language in LANGUAGES else "en"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every text of a language, key -> text.  KeyError: an unknown language."""
    if language not in LANGUAGES:
        raise KeyError(f"no messages in {language!r}; the languages are {', '.join(LANGUAGES)}")
    texts: dict[str, str] = {}
    for file in files(__name__).joinpath(language).iterdir():
        texts |= json.loads(file.read_text(encoding="utf-8"))
    return texts
