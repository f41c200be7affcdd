"""Texts of users never leave the comment or docstring they stand in, and never change the code."""

import ast
import io
import json
import tokenize

import pytest

import chainrule as cr
from chainrule.program.expr import Name
from chainrule.program.steps import ProgramError, Step
from chainrule.writers import write
from chainrule.writers.names import as_comment, as_markdown, check_names
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
@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_name_changes_no_code(title, language):
    hostile, tame = (program(name).source(language) for name in (title, "tame"))
    compile(hostile, "<hostile>", "exec")
    assert code(hostile) == code(tame)
    assert comments(hostile) == comments(tame)
    assert len(hostile.splitlines()) == len(tame.splitlines())


@pytest.mark.parametrize("title", HOSTILE)
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
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
    assert "error1" not in text
