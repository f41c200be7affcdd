"""The emitted modules beside what an expert wrote for the same ten networks: as short, and with no strange names."""

import ast
import io
import tokenize
from pathlib import Path

import pytest

from chainrule.program.ops import OPS
from chainrule.program.steps import Program
from tests.writers.networks import ARRAY_LANGUAGES, NETWORKS

LISTINGS = Path(__file__).parents[1] / "listings"
ALLOWED = 1.15
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
LIBRARIES = {"math", "numpy", "jax", "jax.numpy", "jax.nn", "jax.scipy.stats", "jax.scipy.special"}
LETTERS = {"w", "dw", "update"}  # of the update rule, beside the optimizer's slots; `update` is JAX's function of it


def statements(source: str) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(source)))


def tokens(source: str) -> int:
    return sum(token.type not in LAYOUT for token in tokenize.generate_tokens(io.StringIO(source).readline))


def known_names(program: Program) -> set[str]:
    """What may be assigned: steps, parameters, state, inputs, hyper-parameters, letters of rules and definitions."""
    letters = set(program.declaration.optimizer.slots) | LETTERS | {"_", "state", "parameters"}
    for row in OPS.values():
        letters |= {part.split("=")[0].strip() for part in row.definition.split(";")[:-1]} | set(row.arguments)
    functions = {"step", "predict", *OPS}
    return set(program.environment) | letters | functions


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_as_short_as_an_expert_writes(name, language):
    emitted = NETWORKS[name]().source(language)
    expert = (LISTINGS / f"{name}_{language}.py").read_text(encoding="utf-8")
    assert statements(emitted) <= ALLOWED * statements(expert)
    assert tokens(emitted) <= ALLOWED * tokens(expert)


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_no_stranger_among_the_names(name, language):
    program = NETWORKS[name]()
    tree = ast.parse(program.source(language))
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert assigned | defined <= known_names(program)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= LIBRARIES


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_everything_imported_or_defined_is_used(name, language):
    source = NETWORKS[name]().source(language)
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} - {"step", "predict"}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert imported | defined <= used


@pytest.mark.parametrize("language", ARRAY_LANGUAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_lines_fit_on_a_page(name, language):
    assert max(map(len, NETWORKS[name]().source(language).splitlines())) <= 100
