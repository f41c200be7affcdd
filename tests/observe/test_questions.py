"""The pages of questions: their numbers come from runs, and every language says the same."""

import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = ("en", "es", "de", "zh-Hans", "zh-Hant")


@pytest.fixture(scope="module")
def made():
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(DOCS))
    patch.delenv("CHAINRULE_ENGINE", raising=False)  # one run of 221,000 steps
    import make_questions  # type: ignore[import-not-found]  # beside the pages, not on the path

    yield make_questions, make_questions.figures()
    patch.undo()


def test_the_pages_are_in_step_with_the_runs(made):
    make_questions, numbers = made
    for language in LANGUAGES:
        text = (DOCS / f"questions.{language}.md").read_text(encoding="utf-8")
        assert text == make_questions.page(language, numbers), "run python docs/make_questions.py"


def test_every_number_is_said_in_every_language(made):
    _, numbers = made
    for language in LANGUAGES:
        text = (DOCS / "questions" / f"{language}.txt").read_text(encoding="utf-8")
        assert set(re.findall(r"\{(\w+)\}", text)) == set(numbers) - {"best"}, language
        assert len(re.findall("^## ", text, re.MULTILINE)) == 14


def test_the_figures_of_the_founding_facts(made):
    _, numbers = made
    expected = {
        "with_slope": "0.043", "without": "0.00132", "cubed": "0.12", "cubed_slope": "0.36", "slope_0": "0.25",
        "slope_1": "0.197", "slope_m2": "0.105", "entropy_steps": "110", "rows_4": "0.0241", "rows_1000": "0.5",
        "rows_slow": "0.0241", "column_1": "1", "xor_columns": "0", "first_error": "0.496", "x1": "6.8", "x2": "5.84",
        "stuck_cubed": "16", "seeds": "20",
    }  # fmt: skip
    assert {name: numbers[name] for name in expected} == expected


def test_every_page_shows_every_picture():
    for language in LANGUAGES:
        text = (DOCS / "questions" / f"{language}.txt").read_text(encoding="utf-8")
        shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
        assert all((DOCS / name).read_bytes().startswith(b"\x89PNG") for name in shown)
        folder = DOCS / "questions" / language
        assert sorted(shown) == sorted(f"questions/{language}/{file.name}" for file in folder.iterdir())


def test_the_pictures_are_in_step_with_the_runs(made):
    """All but a few dots are the same: the last bits of a run may differ from machine to machine."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.image import imread

    make_questions, _ = made
    for name, picture in make_questions.pictures().items():
        again = io.BytesIO()
        make_questions.draw(picture, "en", again)
        again.seek(0)
        kept, drawn = imread(DOCS / "questions" / "en" / f"{name}.png"), imread(again)
        assert kept.shape == drawn.shape
        assert (abs(kept - drawn).max(axis=2) > 0.1).mean() < 0.002, f"{name}: run python docs/make_questions.py"
