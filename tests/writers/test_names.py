"""Texts of users never leave the comment or docstring they stand in, and never change the code."""

import ast
import io
import json
import tokenize
from dataclasses import replace

import pytest

import chainrule as cr
from chainrule.messages import LANGUAGES as SPOKEN
from chainrule.messages.columns import width_of
from chainrule.program.expr import Name
from chainrule.program.steps import ProgramError, Step
from chainrule.writers import LANGUAGES, options_of, write, writer
from chainrule.writers.names import as_comment, as_markdown, check_names
from chainrule.writers.run import Preparation
from tests.writers.networks import ARRAY_LANGUAGES, NETWORKS, RUNS

HOSTILE = [
    'a"""\nimport os\n"""',
    "'''\nimport os",
    "x\r\nimport os",
    "x\u2028import os\x0bimport os\x0cimport os\x85import os",
    "ends in a backslash \\",
    'ends in a quote"',
    "*/ int main(void) { /* x",
    '*"/ closes up',
    "{% include '/etc/passwd' %} {{ config }} ${HOME} #{x} <%= x %> {#",
    "<script>alert(1)</script><!-- --> ]]>",
    "# coding: latin-1",
    "`rm -rf`",
    "\u202egnp.exe \u2066 \ufeff \0",
    "%s %(x)s {0} {x!r}",
    "x" * 10_000,
]


def program(title: str) -> cr.Program:
    """A network whose activation carries the text as its name."""
    named = cr.formula(title, "z * sigmoid(z)")
    return cr.derive(cr.Network(3, [cr.Dense(4, named), cr.Dense(1)]), "mean_squared_error")


def code(source: str) -> str:
    """A module without its docstring."""
    tree = ast.parse(source)
    assert isinstance(tree.body[0], ast.Expr)
    return ast.dump(ast.Module(tree.body[1:], []))


def comments(source: str) -> list[str]:
    return [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT]


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("title", [text for text in HOSTILE if text.isprintable()])  # no formula has another name
def test_a_hostile_name_changes_no_code(title, language):
    hostile, tame = (program(name).source(language) for name in (title, "tame"))
    compile(hostile, "<hostile>", "exec")
    assert code(hostile) == code(tame)
    assert comments(hostile) == comments(tame)
    assert len(hostile.splitlines()) == len(tame.splitlines())


@pytest.mark.parametrize("title", [text for text in HOSTILE if text.isprintable()])  # no formula has another name
def test_a_hostile_name_changes_no_notebook(title):
    run = RUNS["poisson_schedule"]
    hostile, tame = (json.loads(write(program(name), "numpy", "notebook", run=run)) for name in (title, "tame"))
    first, *cells = hostile["cells"]
    assert cells == tame["cells"][1:]
    assert len(first["source"]) == len(tame["cells"][0]["source"])
    assert not set("<>`") & set("".join(first["source"]))


@pytest.mark.parametrize("title", HOSTILE)
def test_what_is_left_of_it_is_one_harmless_line(title):
    text = as_comment(title)
    assert len(text) <= 200
    assert text.isprintable()
    for closing in ('"', "\\", "`", "*/", "/*", "{{", "}}", "{%", "%}", "${", "#{", "<%", "-->", "<!--", "]]>"):
        assert closing not in text


def test_markdown_means_only_itself():
    assert as_markdown("z_1 * <b> [x](y) $a$ # 3-4-1") == r"z\_1 \* &lt;b&gt; \[x\](y) \$a\$ \# 3-4-1"


@pytest.mark.parametrize("name", ["np", "import", "step", "a b", "x;y", "_private", "é", "", "1z", "w"])
def test_names_that_are_taken_or_none_are_refused(name):
    given = NETWORKS["founding_3_1"]()
    step = Step(name, Name("X", ("N", 3)), "forward", "shared")
    strange = cr.Program(**{**vars(given), "steps": (step, *given.steps)})
    with pytest.raises(ProgramError, match="cannot be a name in a program"):
        check_names(strange)


def test_an_edited_program_says_so():
    edited = NETWORKS["founding_3_4_1"]().replace("delta2", "(a2 - y)**3")
    assert "Edited by hand: delta2." in edited.source()
    assert "delta2 = (a2 - y)**3" in edited.source()


# --- options ---------------------------------------------------------------------------------------------------------


OPTIONS = {
    "teaching": True, "names": "founding", "notes": "de", "real": "float", "prefix": "net_", "rows": 8, "keep": True,
    "weights": {}, "self_test": None, "functions": ("step",), "kernels": "tiled", "typo": 1,
}  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_option_is_taken_or_refused_by_name(language, option):
    given = {option: OPTIONS[option]}
    if option == "weights":
        given = {"weights": {"W1": [[1.0], [2.0], [3.0]]}}
    program, message = NETWORKS["founding_3_1"](), ""
    try:
        assert program.source(language, **given)
    except ValueError as refusal:
        message = str(refusal)
    taken = option in options_of(writer(language)) or (language, option) in {
        ("c", "kernels"),
        ("javascript", "functions"),
    }
    assert not message or f"no option '{option}'" in message or option in ("kernels", "self_test")
    assert bool(message) != (taken or option == "functions") or option == "self_test"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_option_that_asks_for_nothing_is_no_offence(language):
    program = NETWORKS["founding_3_1"]()
    assert program.source(language, teaching=False, names="ours", notes="en") == program.source(language)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "c", "teaching": True}, "c has no option 'teaching' in the form module; known: .*prefix"),
        ({"form": "step", "functions": ("step",)}, "numpy has no option 'functions' in the form step"),
        ({"functions": ("train",)}, "unknown function 'train'; known: step, predict, evaluate, trace"),
        ({"notes": "fr"}, "unknown notes 'fr'; known: en, es, de"),
        ({"language": "cobol"}, "unknown language 'cobol'; known: numpy, jax"),
        ({"form": "poem"}, "unknown form 'poem' for numpy; known: module, step, script, notebook"),
        ({"form": "script"}, "form 'script' needs a run"),
        ({"names": "mine"}, "unknown names 'mine'; known: ours, founding"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        write(NETWORKS["founding_3_1"](), **options)


def test_a_condensed_founding_form_names_only_what_is_there():
    text = NETWORKS["founding_3_4_1"]().source(names="founding")
    assert "syn0, syn1 = W1, W2" in text
    assert "delta1 = (delta2 @ W2.T) * (a1 * (1 - a1))  # -l1_delta" in text
    assert "nonlin" not in text


def test_the_founding_names_stand_beside_the_step_too():
    text = NETWORKS["founding_3_4_1"]().source(form="step", names="founding", teaching=True)
    assert text.startswith("# The names of the founding texts, beside ours:\n#     l0 = X: the input\n")
    assert "[nonlin(l1, True)]" in text
    assert "nonlin" not in NETWORKS["dropout"]().source(names="founding", teaching=True)


@pytest.mark.parametrize("notes", SPOKEN)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_teaching_form_fits_on_a_page(name, notes):
    text = NETWORKS[name]().source("numpy", teaching=True, names="founding", notes=notes)
    assert max(map(width_of, text.splitlines())) <= 115


def test_no_formula_of_the_legend_is_broken():
    for notes in SPOKEN:
        lines = NETWORKS["founding_3_4_1"]().source(names="founding", notes=notes).splitlines()
        assert any("dL/da = a - y" in line for line in lines)
        assert any("y - a" in line for line in lines)


@pytest.mark.parametrize("notes", SPOKEN[1:])
def test_no_english_sentence_is_left(notes):
    text = NETWORKS["batch_norm"]().source(form="script", run=RUNS["batch_norm"], notes=notes)
    text += NETWORKS["dropout"]().source(form="notebook", run=RUNS["dropout"], notes=notes)
    for sentence in (
        "Derived and",
        "One training step",
        "The output",
        "# the ",
        "forward",
        "phase by phase",
        "start at",
    ):
        assert sentence not in text


# --- how the data came about -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_columns_and_classes_stay_data(text, language):
    columns, classes = [text] * 3 + ["größe"], ["setosa", text, "c"]
    made = Preparation(columns, [0.5, 1.0, 2.0, 3.0], [1.0, 2.0, 1.0, 1.5], classes)
    source = NETWORKS["gelu_clip"]().source(language, form="script", run=replace(RUNS["gelu_clip"], preparation=made))
    constants = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            constants[ast.unparse(node.targets[0])] = ast.literal_eval(node.value)
    assert constants == {"FEATURES": columns, "CLASSES": classes}
    assert source.count("MEAN = ") == source.count("STD = ") == 1
    assert all(line.isprintable() for line in source.splitlines())
    tame = replace(RUNS["gelu_clip"], preparation=replace(made, columns=["a"] * 4, classes=["a", "b", "c"]))
    assert comments(source) == comments(NETWORKS["gelu_clip"]().source(language, form="script", run=tame))
    assert "error1" not in text
