"""Every picture: drawn in every language, light and dark, readable without colour, with what it says being true."""

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES, say
from chainrule.plot import style
from tests.tools import Late

matplotlib, pyplot, colors = Late("matplotlib"), Late("matplotlib.pyplot"), Late("matplotlib.colors")

X = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
Y = [0, 1, 1, 0]


@pytest.fixture(autouse=True)
def closed():
    matplotlib.use("Agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def founding():
    net = cr.Network.parse("3-4-1", activation="sigmoid", output="sigmoid", bias=False, initial="uniform")
    program = cr.derive(net, "half_squared_error", cr.GradientDescent(1.0))
    kept = [cr.WeightHistory()]
    return cr.Training(program, X, Y, epochs=100, seed=1, dtype="float64", callbacks=kept, progress=False).fit()


@pytest.fixture(scope="module")
def classes():
    random = np.random.RandomState(0)
    points = random.randn(60, 2)
    labels = (points[:, 0] > 0).astype(int) + (points[:, 1] > 1)
    program = cr.derive(
        cr.Network.parse("2-6-3", activation="tanh", output="softmax"), "softmax_cross_entropy", cr.Adam(0.05)
    )
    return cr.Training(
        program, points, labels, epochs=12, batch_size=20, callbacks=[cr.WeightHistory()],
        validation=(points[:20], labels[:20]), progress=False,
    ).fit()  # fmt: skip


def pictures(founding, classes):
    program, weights = founding.program, founding.parameters
    return {
        "slope": lambda **k: cr.plot.slope("sigmoid", cr.trace(program, X, Y, weights)["z1"], **k),
        "program": lambda **k: cr.plot.program(program, **k),
        "history": lambda **k: cr.plot.history(classes, **k),
        "errors": lambda **k: cr.plot.errors(founding, **k),
        "errors of many": lambda **k: cr.plot.errors(classes, **k),
        "health": lambda **k: cr.plot.health(founding, **k),
        "saturated": lambda **k: cr.plot.health(classes, "saturated", **k),
        "gradient": lambda **k: cr.plot.health(classes, "gradient", **k),
        "contributions": lambda **k: cr.plot.contributions(program, X, Y, weights, **k),
        "correlation": lambda **k: cr.plot.correlation(program, X, Y, weights, **k),
        "descent": lambda **k: cr.plot.descent(cr.descend("x^2 - 4x + 6", 8), **k),
        "mountain": lambda **k: cr.plot.descent(cr.descend("x^2 + 3*y^2", (4, 2)), "newton", **k),
        "landscape": lambda **k: cr.plot.landscape(cr.landscape(founding, points=11), **k),
        "line": lambda **k: cr.plot.landscape(cr.landscape(founding, "line", points=11), **k),
        "boundary": lambda **k: cr.plot.boundary(classes, points=31, **k),
        "boundary of one": lambda **k: cr.plot.boundary(founding, points=31, **k),
        "compare": lambda **k: cr.plot.compare({"a": [[3, 2, 1], [4, 2, 2]], "b": classes}, **k),
        "differences": lambda **k: cr.plot.differences(cr.differences("sigmoid(x)"), **k),
    }


def languages() -> list[str]:
    """Those with a font here; where every tool is required, all."""
    try:
        style.families("zh-Hans")
    except ValueError:
        assert "CHAINRULE_REQUIRE_TOOLS" not in os.environ
        return ["en", "es", "de"]
    return list(LANGUAGES)


def test_every_picture_is_drawn_light_and_dark_in_any_language(founding, classes, tmp_path):
    spoken = languages()
    for i, (name, draw) in enumerate(pictures(founding, classes).items()):
        language, dark = spoken[i % len(spoken)], bool(i % 2)
        ax = draw(language=language, dark=dark, size=((3.2, 2.4), (6.4, 4.0))[i % 3 == 0])
        background = sum(colors.to_rgb(ax.figure.get_facecolor()))
        assert (background < 0.6) == dark, name
        file = tmp_path / "picture.png"
        ax.figure.savefig(file, dpi=50)  # a missing character would be a warning, and so an error
        assert file.stat().st_size > 1000
        ticks = [*ax.get_xticklabels(which="both"), *ax.get_yticklabels(which="both")]
        assert not any("$" in tick.get_text() for tick in ticks), name
        pyplot.close(ax.figure)


def test_given_axes_are_drawn_on(founding):
    _, axes = pyplot.subplots(1, 2)
    assert cr.plot.history(founding, ax=axes[1]) is axes[1]
    assert axes[1].has_data()
    assert not axes[0].has_data()


def test_given_axes_take_language_and_colours(founding, tmp_path):
    figure, axes = pyplot.subplots(1, 2)
    cr.plot.history(founding, ax=axes[0], dark=True, language=languages()[-1])
    assert sum(colors.to_rgb(axes[0].get_facecolor())) < 0.6
    assert sum(colors.to_rgb(axes[0].xaxis.label.get_color())) > 2
    figure.savefig(tmp_path / "both.png", dpi=50)


def test_a_comparison_is_drawn_layer_by_layer(founding):
    cubed = founding.program.replace("error2", "(a2 - y)**3")
    found = cr.compare({"as declared": founding.program, "cubed": cubed}, X, Y, epochs=20, seeds=3)
    ax = cr.plot.compare(found, language="en")
    assert len(ax.get_lines()[0].get_ydata()) == 20
    for what in ("slope_mean", "gradient_norm"):
        line = cr.plot.compare(found, what).get_lines()[1]
        assert line.get_xdata().tolist() == [1, 2]
        assert line.get_ydata() == pytest.approx(np.median(found["cubed"].end[what], axis=0))
    axes = cr.plot.comparison(found, language="en")
    assert [ax.get_ylabel().replace("\n", " ") for ax in axes] == [
        "loss",
        "mean slope after training",
        "norm of the gradient after training",
    ]
    assert [ax.get_legend() is None for ax in axes] == [False, True, True]
    with pytest.raises(ValueError, match="a Comparison has"):
        cr.plot.compare(found, "accuracy")
    with pytest.raises(ValueError, match="nothing to compare"):
        cr.plot.compare({})


def test_a_comparison_without_slopes_is_drawn_all_the_same():
    line = cr.derive(cr.Network.parse("3-1"), "half_squared_error")
    found = cr.compare({"linear": line}, X, Y, epochs=3, seeds=2)
    assert len(cr.plot.comparison(found, dark=True, language=languages()[-1])) == 2


def test_lines_differ_without_colour(founding):
    ax = cr.plot.errors(founding, language="en")
    looks = {(str(line.get_linestyle()), line.get_marker()) for line in ax.get_lines()}
    assert len(looks) == 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["row 1", "row 2", "row 3", "row 4"]


def test_pictures_show_the_numbers_of_the_run(founding, classes):
    ax = cr.plot.history(classes)
    assert ax.get_lines()[0].get_ydata().tolist() == classes.history["loss"]
    ax = cr.plot.errors(founding)
    last = [line.get_ydata()[-1] for line in ax.get_lines()]
    assert last == pytest.approx(abs(founding.predict(X)[:, 0] - Y))
    ax = cr.plot.slope("sigmoid")
    z, slope = ax.get_lines()[1].get_data()
    a = 1 / (1 + np.exp(-z))
    assert slope == pytest.approx(a * (1 - a))


def test_an_own_formula_has_a_slope(founding):
    assert cr.plot.slope("z * sigmoid(1.7 * z)").has_data()
    assert cr.plot.slope("gelu").has_data()
    with pytest.raises(ValueError, match="unknown activation"):
        cr.plot.slope("sigmoidal")


def test_what_cannot_be_drawn_says_why(founding, classes):
    plain = cr.Training(founding.program, X, Y, epochs=1, dtype="float64", progress=False)
    with pytest.raises(ValueError, match="no finished epoch"):
        cr.plot.history(plain)
    for draw in (cr.plot.errors, cr.plot.health, cr.landscape):
        with pytest.raises(ValueError, match="WeightHistory"):
            draw(plain)
    with pytest.raises(ValueError, match="no unit 9 in layer 1"):
        cr.plot.contributions(founding.program, X, Y, founding.parameters, unit=9)
    with pytest.raises(ValueError, match="no output 3"):
        cr.plot.correlation(founding.program, X, Y, founding.parameters, output=3)
    with pytest.raises(ValueError, match="two different inputs"):
        cr.plot.boundary(founding, columns=(0, 7))
    with pytest.raises(ValueError, match="unknown method"):
        cr.plot.descent(cr.descend("x^2", 1), "magic")
    deep = cr.derive(cr.Network.parse("-".join(["4"] * 30)), "mean_squared_error", cr.GradientDescent(0.1))
    with pytest.raises(ValueError, match="cannot be read"):
        cr.plot.program(deep.full)


def test_without_a_chinese_font_it_says_which_to_install(monkeypatch):
    from matplotlib import font_manager

    monkeypatch.setattr(font_manager.fontManager, "get_font_names", lambda: ["DejaVu Sans"])
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    style.families.cache_clear()
    with pytest.raises(ValueError, match="fonts-noto-cjk"):
        cr.plot.slope("sigmoid", language="zh-Hans")
    style.families.cache_clear()


def test_without_matplotlib_it_says_how_to_install_it(monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[plot\]'"):
        cr.plot.slope("sigmoid")


def test_titles_break_where_the_language_does():
    from chainrule.plot.style import columns, wrapped

    text = say("plot.landscape_title", "zh-Hans", count=14)
    lines = wrapped(text, 24).split("\n")
    assert len(lines) > 2
    assert max(map(columns, lines)) <= 24
    assert not any(line[0] in "，。、；：" for line in lines)
    assert "".join(lines) == text
    assert wrapped("3-4-1 sigmoid, half squared error：每一步", 16) == "3-4-1 sigmoid,\nhalf squared\nerror：每一步"


def test_powers_at_the_ticks_are_plain_characters():
    ax = cr.plot.compare({"a": [[0.9, 0.4, 0.2, 0.15]]}, language="en")
    ax.figure.canvas.draw()
    texts = {tick.get_text() for tick in ax.get_yticklabels(which="both")}
    assert {"2×10⁻¹", "4×10⁻¹"} <= texts


def test_a_run_that_ended_early_counts_as_far_as_it_went() -> None:
    course = np.linspace(9, 1, 1000)
    table = [course, course + 1, np.where(course > 5, course + 2, np.nan)]
    line = cr.plot.compare({"a": table}, language="en").get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), np.nanmedian(table, axis=0))
