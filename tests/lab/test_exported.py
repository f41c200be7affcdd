"""`chainrule lab --export`: the same walk through the lab that is served and through the one that is written."""

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

from chainrule.cli import app
from chainrule.lab.experiment import Experiment
from chainrule.lab.exported import FORMAT, MARK, choices, export
from chainrule.lab.path import CHAPTERS
from tests.lab.conftest import SCREENS, visiting
from tests.lab.test_path import seen

LANGUAGES = ("en", "es", "de", "zh-Hans", "zh-Hant")


def run(*arguments):
    return CliRunner(env={"CHAINRULE_LANG": "en", "COLUMNS": "200"}).invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(scope="session")
def exported(page_built, tmp_path_factory):
    """The guided path alone; all that can be enumerated takes half a minute."""
    everything: list[Experiment] | None = None if os.environ.get("CHAINRULE_TEST_ALL") == "1" else []
    return export(tmp_path_factory.mktemp("exported") / "lab", "en", everything)


@pytest.fixture(params=["served", "exported"])
def either(request):
    address = request.getfixturevalue("served").address
    if request.param == "exported":
        address = request.getfixturevalue("exported").page.as_uri()
    with visiting(request.getfixturevalue("offline" if address.startswith("file:") else "online"), address) as made:
        yield made


def test_every_chapter_is_set_up_with_the_numbers_of_python(either):
    page = either.page
    either.open("#lang=en&path=slope&screen=descent")
    some = CHAPTERS if "file:" in either.address else CHAPTERS[:3]  # the rest is the same page, test_guided has more
    for chapter in some:
        for i in range(len(chapter.ways)):
            if i:
                page.get_by_test_id("way").nth(i).click()
            elif chapter is not CHAPTERS[0]:
                page.get_by_test_id("path-next").click()
            if chapter.name in ("slope", "descent"):
                page.get_by_test_id("iterate").wait_for()
                continue
            page.locator(f'aside[data-chapter="{chapter.name}"]').wait_for()
            either.loses(seen(chapter.name, i).loss)
        if chapter.name == "weight":
            page.locator(".pulls button").first.click()
            page.locator('aside[data-reached="true"]').wait_for()
    expect(page.locator(".alert")).to_have_count(0)


@pytest.fixture
def opened(exported, offline):
    with visiting(offline, exported.page.as_uri()) as made:
        yield made


def test_every_screen_in_every_language_and_axe_finds_nothing(opened):
    page = opened.open("#lang=en&screen=network")
    for i, screen in enumerate(SCREENS):
        page.locator("header select").select_option(LANGUAGES[i % len(LANGUAGES)])
        opened.turn(screen)
        assert "⟦" not in page.inner_text("body")
        opened.is_clean(*("label", "button-name") if i else ())  # test_screens has the rest


def test_the_first_page_is_the_first_question_and_a_link_leads_back(opened):
    page = opened.open()
    page.get_by_role("heading", name="What is a slope?").wait_for()
    page.get_by_test_id("path-next").click()
    page.get_by_test_id("dot").get_by_text("Unit 1, sample 3").wait_for()
    opened.run(7)
    link = page.evaluate("location.href") + "&epoch=7"
    loss = page.get_by_test_id("loss").get_attribute("title")
    opened.open(link[link.index("#") :])
    expect(page.get_by_test_id("loss")).to_have_attribute("title", loss)


def test_what_is_no_export_is_not_written_over(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "thesis.txt").write_text("mine")
    result = run("lab", "--export", str(kept))
    assert result.exit_code == 2
    assert "is no export of the lab" in result.stderr
    assert [path.name for path in kept.iterdir()] == ["thesis.txt"]
    (kept / MARK).write_text(json.dumps({"format": "another"}))
    assert run("lab", "--export", str(kept)).exit_code == 2
    result = run("lab", "--export", str(tmp_path / "no" / "such"))
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
    result = run("lab", "examples/iris.csv", "--export", str(tmp_path / "new"))
    assert result.exit_code == 2
    assert "DATA.csv goes with a lab that is served" in result.stderr
    assert not (tmp_path / "new").exists()


def test_an_export_is_written_anew_and_leaves_other_files_alone(exported):
    folder = exported.page.parent
    mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    assert (mark["format"], mark["bytes"]) == (FORMAT, exported.size)
    assert exported.size < 5 * 2**20
    assert sorted(path.name for path in folder.iterdir()) == [MARK, "index.html"]


def test_what_can_be_chosen_is_a_list_of_experiments():
    found = list(choices())
    assert len(set(found)) > 150
    assert len({place.network(1)["layers"][0]["units"] for place in found}) >= 8
    assert {place.data[0] for place in found} >= {"circle", "digits", "curve", "founding_xor"}


def test_the_file_needs_nothing_else(exported):
    text = Path(exported.page).read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?!data:)[^"']+["']""", text[: text.index("<script")])
