"""Every text of the help pages is in every catalogue, and nothing else is."""

import json
from importlib.resources import files

import pytest

from chainrule.messages import LANGUAGES
from tests.cli.help_texts import texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_the_texts_of_the_help_pages(language):
    found = json.loads(files("chainrule.messages").joinpath(language, "help.json").read_text(encoding="utf-8"))
    wanted = {f"help.{text}" for text in texts()}
    assert found.keys() == wanted, "python -m tests.cli.help_texts brings them up to date and says what is to translate"
