"""Command lines that cannot be understood: refused in the reader's language, in words of our own."""

import pytest

from chainrule.cli.usage import SENTENCES
from chainrule.messages import LANGUAGES, say

WRONG = [
    (["nope"], "command", {"given": "nope"}),
    (["trian"], "command_like", {"given": "trian", "known": "train"}),
    (["train", "x", "--nope"], "option_like", {"given": "--nope", "known": "--dtype, --model"}),
    (["train", "x", "--zzz"], "option", {"given": "--zzz"}),
    (["train"], "no_argument", {"name": "FILE"}),
    (["train", "x"], "no_option", {"name": "--target / -t"}),
    (["train", "x", "-t"], "no_value", {"name": "-t"}),
    (["train", "x", "-t", "y", "--balance=1"], "needless_value", {"name": "--balance"}),
    (["train", "x", "-t", "y", "--epochs", "1.5"], "whole", {"name": "--epochs", "given": "1.5"}),
    (["train", "x", "-t", "y", "--test", "many"], "number", {"name": "--test", "given": "many"}),
    (["train", "x", "-t", "y", "more", "more"], "too_much", {"given": "more more"}),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_is_told_in_five_languages(cli, language):
    command = {"trian": "chainrule", "nope": "chainrule"}
    for arguments, key, values in WRONG:
        result = cli("--lang", language, *arguments)
        place = say("usage.help", language, command=command.get(arguments[0], "chainrule train"))
        wanted = f"{say('usage.error', language)}: {say(f'usage.{key}', language, **values)}\n{place}\n"
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", wanted)


def test_no_sentence_of_the_parser_is_without_a_case():
    assert {key for key, _ in SENTENCES} - {key for _, key, _ in WRONG} == set()


def test_an_option_of_the_command_says_the_language_too_and_nothing_reaches_the_terminal(cli):
    result = cli("train", "\x1b[31m", "--\x1b[31m", "--lang", "de")
    assert result.stderr.startswith("Fehler: die Option --\\x1b[31m gibt es nicht\n")
    assert "\x1b" not in result.stderr
