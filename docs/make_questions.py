"""Writes docs/questions.<language>.md and their pictures: `python docs/make_questions.py`; a test keeps them in step.

The texts stand in docs/questions/<language>.txt, one a language; every number in them is a `{name}` that `figures`
takes from a real run. The pictures, docs/questions/<language>/<name>.png, are drawn from such runs, too.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.observe.experiments import compare_losses, far_turns, loss_programs

HERE = Path(__file__).parent
LANGUAGES = ("en", "es", "de", "zh-Hans", "zh-Hant")
X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
XOR = np.array([[0], [1], [1], [0]], float)
COLUMN = np.array([[0], [0], [1], [1]], float)


def short(value: Any) -> str:
    return f"{float(value):.3g}"


def founding(notation: str = "3-4-1") -> cr.Program:
    return cr.derive(cr.Network.parse(notation, "sigmoid", "sigmoid", bias=False, initial="uniform"))


def trained(program: cr.Program, inputs: Any, targets: Any, epochs: int, seed: int = 1) -> cr.Training:
    return cr.Training(program, inputs, targets, epochs=epochs, seed=seed, dtype="float64", engine="numpy").fit()


def error(run: cr.Training) -> float:
    return float(abs(run.predict(run.X) - run.y).mean())


def figures() -> dict[str, str]:
    """Every number of the pages, by name."""
    found: dict[str, Any] = {}
    program = founding()
    start = cr.trace(program, X, XOR, seed=1)
    found |= {"error2": start["error2"][2, 0], "slope2": start["slope2"][2, 0], "delta2": start["delta2"][2, 0]}
    for name, z in (("slope_0", 0), ("slope_1", 1), ("slope_m2", -2), ("slope_20", 20)):
        one = cr.trace(cr.derive(cr.Network.parse("1-1", output="sigmoid", bias=False)), [[z]], [0], {"W1": [[1.0]]})
        found[name] = one["slope1"][0, 0]
    for name, p in (("sure_no", 0.001), ("unsure", 0.499), ("sure_yes", 0.999)):
        z = np.log(p / (1 - p))
        one = cr.trace(cr.derive(cr.Network.parse("1-1", output="sigmoid", bias=False)), [[z]], [0], {"W1": [[1.0]]})
        found[f"{name}_z"], found[f"{name}_slope"] = z, one["slope1"][0, 0]

    losses = compare_losses(1, 1000, "numpy")
    for name, case in (
        ("with_slope", "error * slope"), ("without", "error"), ("entropy", "cross-entropy"), ("cubed", "error**3"),
        ("cubed_slope", "error**3 * slope"),
    ):  # fmt: skip
        found[name] = losses[case].errors[0]
    cubed = {"cubed": loss_programs()["error**3 * slope"]}
    later = cr.compare(cubed, X, XOR, epochs=10_000, seeds=20, first_seed=0)["cubed"]
    found |= {"stuck_cubed": later.stuck, "seeds": len(later.errors)}
    turns = {turn.name: turn.steps for turn in far_turns(most=2_000, engine="numpy")}
    (slow,) = far_turns(most=221_000, only=["sigmoid, squared error"])
    found |= {"leaky_steps": turns["leaky_relu"], "entropy_steps": turns["sigmoid, cross-entropy"]}
    found |= {"squared_steps": slow.steps}

    x, course = 8.0, []
    for _ in range(33):
        x -= 0.1 * (2 * x - 4)
        course.append(x)
    found |= {"x1": course[0], "x2": course[1], "x10": course[9], "x33": f"{course[32]:.4f}"}

    with (HERE.parent / "examples" / "iris.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    names = [name for name in table[0] if name != "species"]
    kinds = sorted({row["species"] for row in table})
    F = np.array([[float(row[name]) for name in names] for row in table])
    F = (F - F.mean(axis=0)) / F.std(axis=0)
    species = np.array([kinds.index(row["species"]) for row in table])
    iris = cr.Training(
        cr.derive(cr.Network.parse("4-16-3", "relu", "softmax"), "softmax_cross_entropy", cr.Adam(0.01)),
        F[::2], species[::2], epochs=60, batch_size=16, dtype="float64", engine="numpy",
    ).fit()  # fmt: skip
    found["iris"] = f"{(iris.predict(F[1::2]).argmax(axis=1) == species[1::2]).mean():.1%}"

    story = cr.explain(program, X, XOR, weight="W1[0,2]", sample=2, seed=1)
    found |= {"share": story.contribution, "measured": story.measured, "whole": story.gradient}
    found |= {"delta1": start["delta1"][2, 2], "error1": start["error1"][2, 2], "slope1": start["slope1"][2, 2]}

    first, last = trained(program, X, XOR, 1), trained(program, X, XOR, 10_000)
    ready = [case for cases in last.diagnose().readiness.values() for case in cases]
    found |= {case: str(ready.count(case)) for case in ("stuck", "finished", "improvable", "undecided")}
    seen = cr.trace(cr.observed(program), X, XOR, last.parameters)
    found["xor_columns"] = abs(seen["correlation0"]).max()
    found["best_unit"] = abs(seen["correlation1"]).max()
    found["xor_output"] = seen["correlation2"][0, 0]
    found["column_1"] = cr.trace(cr.observed(founding("3-1")), X, COLUMN)["correlation0"][0, 0]
    found["one_layer"] = error(trained(founding("3-1"), X, XOR, 10_000))

    def repeated(rows: int, rate: float) -> float:
        net = cr.Network.parse("3-4-1", "sigmoid", "sigmoid", bias=False, initial="uniform")
        inputs, targets = np.tile(X, (rows // 4, 1)), np.tile(XOR, (rows // 4, 1))
        return error(trained(cr.derive(net, optimizer=cr.GradientDescent(rate)), inputs, targets, 2_000))

    found |= {"rows_4": repeated(4, 1.0), "rows_1000": repeated(1000, 1.0), "rows_slow": repeated(1000, 1 / 250)}
    found |= {"first_error": abs(start["a2"] - XOR).mean(), "last_error": error(last), "first_loss": first.losses[0]}
    found |= {"last_loss": last.losses[-1], "hidden_least": start["a1"].min(), "hidden_most": start["a1"].max()}
    found["last_hidden_least"], found["last_hidden_most"] = seen["a1"].min(), seen["a1"].max()
    found["weights"] = sum(array.size for array in last.parameters.values())
    return {name: written(value) for name, value in found.items()}


def pictures() -> dict[str, Callable[..., Any]]:
    """Every picture of the pages, by name: a function that draws it in a language and returns its Axes."""
    program = founding()
    start = cr.trace(program, X, XOR, seed=1)
    run = cr.Training(
        program, X, XOR, epochs=3_000, seed=1, dtype="float64", engine="numpy", callbacks=[cr.WeightHistory()]
    ).fit()
    losses = compare_losses(5, 1000, "numpy")
    return {
        "slope": lambda **look: cr.plot.slope("sigmoid", start["z1"], **look),
        "losses": lambda **look: cr.plot.compare(losses, **look),
        "descent": lambda **look: cr.plot.descent(cr.descend("x^2 - 4x + 6", 8, 0.1), **look),
        "correlation": lambda **look: cr.plot.correlation(program, X, XOR, run.parameters, **look),
        "errors": lambda **look: cr.plot.errors(run, **look),
    }


def draw(picture: Callable[..., Any], language: str, file: Any) -> None:
    """The picture as PNG; the same run gives the same file."""
    from matplotlib import pyplot

    figure = picture(language=language, size=(6.4, 3.6)).figure
    figure.savefig(file, format="png", dpi=90, metadata={"Software": None})
    pyplot.close(figure)


def written(value: Any) -> str:
    """Whole numbers as they are, others in three digits, texts as given."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else short(value)


def page(language: str, numbers: dict[str, str]) -> str:
    """One page, its numbers filled in."""
    return (HERE / "questions" / f"{language}.txt").read_text(encoding="utf-8").format_map(numbers)


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("Agg")
    values, drawn = figures(), pictures()
    for tag in LANGUAGES:
        (HERE / f"questions.{tag}.md").write_text(page(tag, values), encoding="utf-8")
        (HERE / "questions" / tag).mkdir(exist_ok=True)
        for picture, function in drawn.items():
            draw(function, tag, HERE / "questions" / tag / f"{picture}.png")
