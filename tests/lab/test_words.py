"""The page says nothing that is not in the catalogue, and the catalogue holds nothing that nobody says."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXTS = json.loads((ROOT / "src/chainrule/messages/en/lab.json").read_text(encoding="utf-8"))
WEB = ROOT / "web" / "src"
SOURCES = [*WEB.rglob("*.svelte"), *WEB.rglob("*.ts"), ROOT / "src/chainrule/cli/lab.py"]
SAID = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)


def test_every_text_that_is_said_exists():
    said = set(re.findall(r'"(lab\.[a-z0-9_]+)"', SAID))
    assert said <= set(TEXTS)


def test_every_text_is_said():
    said = set(re.findall(r'"(lab\.[a-z0-9_]+)"', SAID))
    families = tuple(re.findall(r"`(lab\.[a-z0-9_]+_)\$\{", SAID))
    unused = {key for key in TEXTS if key not in said and not key.startswith(families)}
    assert not unused


def test_screens_and_data_sets_have_names():
    from chainrule.lab.data_sets import DATA_SETS

    screens = re.findall(r'name: "([a-z]+)", load', (ROOT / "web/src/screens/index.ts").read_text())
    assert screens
    assert {f"lab.screen_{name}" for name in screens} <= set(TEXTS)
    assert {f"lab.data_{name}" for name in DATA_SETS} <= set(TEXTS)


def test_no_sentence_stands_in_a_component():
    """Text between tags comes from say(): words of three letters or more in the markup are a mistake."""
    allowed = {
        "chainrule",
        "lab",
        "answer",
        "from",
        "the",
        "server",
        "delta",
    }  # the line that must do without a catalogue
    for path in SOURCES:
        if path.suffix == ".svelte":
            markup = re.sub(r"<(script|style)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            while re.search(r"\{[^{}]*\}", markup):
                markup = re.sub(r"\{[^{}]*\}", "", markup)
            shown = re.sub(r"<!--.*?-->|<[^<>]*>", " ", markup, flags=re.DOTALL)
            words = set(re.findall(r"[a-zA-Z]{3,}", shown)) - allowed
            assert not words, (path.name, words)
