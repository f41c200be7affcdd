"""The experiment in hand as a page that goes on without the lab, in the language in which it was read."""

import pytest
from playwright.sync_api import expect

from chainrule.lab.live import live
from tests.lab.conftest import visiting
from tests.lab.test_answers import asked

TABLE = "width,height,kind\n" + "".join(f"{i % 9},{i * i % 7},{'ab'[i % 9 > 4]}\n" for i in range(40))


def saved(page, tmp_path, share, button):
    page.get_by_role("button", name=share).click()
    with page.expect_download() as made:
        page.get_by_role("button", name=button).click()
    path = tmp_path / made.value.suggested_filename
    made.value.save_as(path)
    page.get_by_role("status").get_by_text(path.name).wait_for()
    page.keyboard.press("Escape")
    return path


def test_the_button_writes_a_page_that_goes_on_from_where_the_lab_stands(visit, offline, tmp_path):
    page = visit.open("#lang=de&data=moons:60:0.2:0.25:2&inputs=x1*x2&layers=4:tanh&batch=15&seed=9")
    page.get_by_test_id("epoch").wait_for()
    page.get_by_role("table", name="W1", exact=True).locator("button").nth(2).click()
    page.get_by_test_id("parameter").fill("0.25")
    page.get_by_test_id("parameter").press("Enter")
    page.wait_for_selector('table[aria-label="W1"] button[data-value="0.25"]')
    page.get_by_role("button", name="Ein Schritt").click()
    page.wait_for_selector('table[aria-label="W1"] button:not([data-value="0.25"])[data-at="2"]')
    numbers = visit.array("W1")
    path = saved(page, tmp_path, "Teilen", "Als lebende Seite speichern")
    assert visit.address.rstrip("/").rpartition("/")[2] not in path.read_text(encoding="utf-8")  # no token
    with visiting(offline, path.as_uri()) as other:
        goes_on(visit, other, numbers)


def goes_on(visit, other, numbers):
    other.open()
    other.shows({"W1": numbers}, atol=0)
    expect(other.page.locator("html")).to_have_attribute("lang", "de")
    for one in (visit, other):
        one.page.get_by_role("button", name="Ein Schritt").click()
        one.page.wait_for_selector(f'table[aria-label="W1"] button:not([data-value="{numbers[2]!r}"])[data-at="2"]')
    other.shows({"W1": visit.array("W1")}, atol=0)


def test_a_table_of_ones_own_comes_along_prepared():
    body = asked(columns=["width", "height"], seed=3, epoch=4, language="es", table={
        "name": "own.csv", "text": TABLE, "target": "kind", "seed": 1,
    })  # fmt: skip
    del body["rows"]
    made = live(body)
    assert (made["rows"], made["whole"]) == (40, 0)
    assert '<html lang="es">' in made["page"]
    by_digest = {**body, "table": {"name": "own.csv", "digest": "0" * 16, "target": "kind"}}
    assert live(by_digest) == {"again": True}
    for changes, said in (
        ({"columns": ["width", "weight"]}, "of other data"),
        ({"language": "la"}, "known are"),
        ({"batch": 41}, "batch_size"),
        ({"changes": "x" * 200_000}, "characters"),
    ):
        with pytest.raises(ValueError, match=said):
            live({**body, **changes})
