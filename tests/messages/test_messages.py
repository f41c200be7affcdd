"""The catalogue says the same things in every language, and says them all."""

import json
import re
import unicodedata
from importlib.resources import files
from itertools import combinations

import pytest

from chainrule.messages import LANGUAGES, choose_language, say

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
FORMS = re.compile(r"\{([a-z_]+):[^{}|]+\|[^{}|]+\}")  # of a word, for one and for many: as the language has them
# Keys whose text may be the same in two languages: names and numbers; and words that both Chinese scripts write alike.
SAME_TEXT = {
    "descend.method_newton", "help.-10,10", "help.10", "help.relu",
    "help.numpy, jax, c, javascript", "help.utf-8, utf-16, cp1252, gb18030, ...",
    "lab.parameter_difference", "lab.parameter_gradient", "lab.speed_slow",
    "help.See it", "help.Usage:", "help.Use it", "help.add biases", "usage.error", "usage.no_argument",
}  # fmt: skip
# Notes stand at the end of a line of code. A Chinese character is two columns wide.
NOTE_WIDTH = {"en": 60, "es": 70, "de": 70, "zh-Hans": 60, "zh-Hant": 60}
# A sample of characters that exist in one of the two Chinese scripts only.
SIMPLIFIED = set("输权误们这为个层络经网损导数对")
TRADITIONAL = set("輸權誤們這為個層絡經網損導數對")


def topics(language: str) -> list[str]:
    return sorted(file.name for file in files("chainrule.messages").joinpath(language).iterdir())


def pairs(language: str) -> list[tuple[str, str]]:
    """The entries of a catalogue as they stand in its files: in order, repeated keys included."""
    entries: list[tuple[str, str]] = []
    for topic in topics(language):
        text = files("chainrule.messages").joinpath(language, topic).read_text(encoding="utf-8")
        own: list[tuple[str, str]] = json.loads(text, object_pairs_hook=list)
        assert all(f"{key.partition('.')[0]}.json" == topic for key, _ in own), topic
        entries += own
    return entries


CATALOGUES = {language: dict(pairs(language)) for language in LANGUAGES}


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogue:
    def test_keys_are_sorted_unique_and_those_of_english(self, language):
        assert topics(language) == topics("en")
        keys = [key for key, _ in pairs(language)]
        assert keys == sorted(set(keys))
        assert keys == list(CATALOGUES["en"])

    def test_placeholders_are_those_of_english(self, language):
        for key, text in CATALOGUES[language].items():
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(CATALOGUES["en"][key])), key
            assert set(FORMS.findall(text)) <= set(PLACEHOLDER.findall(text)), key
            rest = FORMS.sub("", PLACEHOLDER.sub("", text))
            assert not set("{}") & set(rest), f"{key}: a brace that is no placeholder"

    def test_every_text_says_something(self, language):
        for key, text in CATALOGUES[language].items():
            assert text.strip(), key
            assert text == text.strip(), key

    def test_notes_and_headings_fit_on_one_line(self, language):
        for key, text in CATALOGUES[language].items():
            if key.startswith(("note.", "phase.")):
                assert text.isprintable(), key  # no line break: it would end the comment
                assert width(text) <= NOTE_WIDTH[language], key

    def test_commands_are_not_translated(self, language):
        for command in ("chainrule source 3-4-1", "chainrule train examples/iris.csv --target species"):
            assert command in say("demo.next", language)

    def test_formulas_keep_their_names(self, language):
        for key, text in CATALOGUES["en"].items():
            for name in re.findall(r"dL/d[az]|clip_\w+|gamma|beta|\by - a\b|\ba - y\b|XOR|3-4-1|3-1|chainrule", text):
                assert name in CATALOGUES[language][key], key


@pytest.mark.parametrize(("one", "other"), list(combinations(LANGUAGES, 2)))
def test_no_text_is_left_untranslated(one, other):
    same = {key for key, text in CATALOGUES[one].items() if text == CATALOGUES[other][key]}
    assert same <= SAME_TEXT


def test_chinese_scripts_are_not_mixed():
    assert not TRADITIONAL & set("".join(CATALOGUES["zh-Hans"].values()))
    assert not SIMPLIFIED & set("".join(CATALOGUES["zh-Hant"].values()))


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant"])
def test_chinese_punctuation_is_of_full_width(language):
    half = re.compile(r"[\u4e00-\u9fff][,;:!?](?! )|[,;:!?][\u4e00-\u9fff]")
    assert not [key for key, text in CATALOGUES[language].items() if half.search(text)]


def test_say_fills_in_the_placeholders():
    assert say("demo.trained", "de", iterations="60,000", seconds="1.9") == "60,000 Iterationen in 1.9 s"
    assert say("founding.delta", theirs="l1_delta", ours="delta1").startswith("l1_delta = -delta1")
    assert say("phase.forward") == "forward"


def test_thousands_are_set_apart_as_the_language_does():
    assert say("demo.trained", iterations=60_000, seconds="1.9").startswith("60,000 ")
    assert say("demo.trained", "de", iterations=60_000, seconds="1.9").startswith("60\N{NO-BREAK SPACE}000 ")


def test_values_are_taken_literally():
    assert "{ours}" in say("founding.input", theirs="{ours}", ours="X")


@pytest.mark.parametrize(
    ("key", "language", "values"),
    [
        ("note.nothing", "en", {}),
        ("note.delta", "fr", {}),
        ("demo.trained", "en", {"iterations": 1}),
    ],
)
def test_what_is_missing_is_an_error(key, language, values):
    with pytest.raises(KeyError):
        say(key, language, **values)


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("de", "de"),
        ("de_AT.UTF-8", "de"),
        ("es_ES@euro", "es"),
        ("ES", "es"),
        ("zh", "zh-Hans"),
        ("zh_CN.UTF-8", "zh-Hans"),
        ("zh_SG", "zh-Hans"),
        ("zh-Hans", "zh-Hans"),
        ("zh_Hans_HK", "zh-Hans"),
        ("zh_TW", "zh-Hant"),
        ("zh_HK.UTF-8", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("C", "en"),
        ("C.UTF-8", "en"),
        ("fr_FR", "en"),
        ("english", "en"),
    ],
)
def test_choose_language_understands_locales_and_tags(wish, language):
    assert choose_language(wish) == language


def test_choose_language_takes_the_first_that_is_set(monkeypatch):
    for variable in ("CHAINRULE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    assert choose_language() == "en"
    for variable, wish, language in (
        ("LANG", "de_DE.UTF-8", "de"),
        ("LC_MESSAGES", "es_MX.UTF-8", "es"),
        ("LC_ALL", "zh_TW.UTF-8", "zh-Hant"),
        ("CHAINRULE_LANG", "zh", "zh-Hans"),
    ):
        monkeypatch.setenv(variable, wish)
        assert choose_language() == language
    assert choose_language("en") == "en"
    monkeypatch.setenv("CHAINRULE_LANG", "")  # set but empty is not set, as in POSIX
    assert choose_language() == "zh-Hant"
