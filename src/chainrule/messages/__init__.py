"""Everything chainrule says to people: one catalogue a language, key -> text, shared with the web pages.

A text is looked up by its key and filled in where it says `{name}`:

    say("demo.trained", "de", iterations="60,000", seconds="1.9")    # '60,000 Iterationen in 1.9 s'

A missing key or a missing value is a KeyError, never another language or an empty text in its place.
"""

import json
import os
from functools import cache
from importlib.resources import files

__all__ = ["LANGUAGES", "choose_language", "say"]

LANGUAGES = ("en", "es", "de", "zh-Hans", "zh-Hant")

_VARIABLES = ("CHAINRULE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def say(key: str, language: str = "en", **values: object) -> str:
    """Return the text of `key` in one of LANGUAGES, its placeholders filled in.

    Raises
        KeyError: an unknown language or key, or a placeholder without a value.
    """
    return _catalogue(language)[key].format_map(values)


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
def _catalogue(language: str) -> dict[str, str]:
    if language not in LANGUAGES:
        raise KeyError(f"no messages in {language!r}; the languages are {', '.join(LANGUAGES)}")
    texts: dict[str, str] = json.loads(files(__name__).joinpath(f"{language}.json").read_text(encoding="utf-8"))
    return texts
