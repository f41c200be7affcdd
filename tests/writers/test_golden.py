"""Golden sources: what is emitted for the ten networks, byte for byte. Renewed by `make golden`, and read."""

import pytest

from chainrule.messages import LANGUAGES as SPOKEN
from tests.writers.networks import ARRAY_LANGUAGES, NETWORKS, RUNS


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_modules(name, language, golden):
    golden(f"writers/golden/{name}.{language}.py", NETWORKS[name]().source(language))


@pytest.mark.parametrize(("language", "ending"), [("c", "c"), ("javascript", "mjs")])
@pytest.mark.parametrize("name", ["founding_3_4_1", "adam", "batch_norm"])
def test_modules_of_loops(name, language, ending, golden):
    golden(f"writers/golden/{name}.{ending}", NETWORKS[name]().source(language))


@pytest.mark.parametrize("name", ["founding_3_4_1", "batch_norm"])
def test_scripts_of_loops(name, golden):
    for language, ending in (("c", "c"), ("javascript", "mjs")):
        text = NETWORKS[name]().source(language, form="script", run=RUNS[name])
        golden(f"writers/golden/scripts/{name}.{ending}", text)


@pytest.mark.parametrize("notes", SPOKEN)
@pytest.mark.parametrize("name", ["founding_3_4_1", "batch_norm"])
def test_the_teaching_form(name, notes, golden):
    text = NETWORKS[name]().source("numpy", teaching=True, names="founding", notes=notes)
    golden(f"writers/golden/teaching/{name}.{notes}.py", text)


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("name", RUNS)
def test_scripts(name, language, golden):
    text = NETWORKS[name]().source(language, form="script", run=RUNS[name])
    golden(f"writers/golden/scripts/{name}.{language}.py", text)


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
def test_notebooks(language, golden):
    text = NETWORKS["dropout"]().source(language, form="notebook", run=RUNS["dropout"])
    golden(f"writers/golden/scripts/dropout.{language}.ipynb", text)
