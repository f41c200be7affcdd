"""The house rules of the source tree: who may import whom, what is pinned, and what never gets into a file."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "chainrule"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# --- Who may import whom ---------------------------------------------------------------------------------------------

# A room, and the rooms it may import. A room that is not in this table fails the test: say here what it may see.
NETWORK_SIDE = {
    "program": set[str](),
    "formulas": {"program"},
    "network": {"program", "formulas"},
    "derivation": {"program", "formulas", "network"},
}
RUNNING_SIDE = {
    "writers": {"program", "messages"},
    "engines": {"program", "messages", "writers"},
    "training": {"program", "messages", "data", "writers", "engines"},
    # A remedy or a comparison declares another network.
    "observe": {*NETWORK_SIDE, "messages", "data", "writers", "engines", "training"},
}
BESIDE = {
    "data": set[str](),
    "messages": set[str](),
    # Files hold declarations, formulas and optimizers among them, and the preparation of a table: they are read back
    # through the classes that check them, and opened and quoted as all files are. They run nothing.
    "files": {"program", "formulas", "network", "derivation", "data"},
}
BELOW = {*NETWORK_SIDE, *RUNNING_SIDE, *BESIDE}
ON_TOP = {
    "models": BELOW,
    "tables": BELOW,
    "plot": BELOW,
    "report": BELOW | {"models", "tables"},
    "estimators": BELOW,
    "practice": BELOW,
    "lab": BELOW | {"models", "plot", "report", "estimators"},
    "cli": BELOW | {"models", "tables", "plot", "report", "estimators", "lab", "practice"},
}
ROOMS = NETWORK_SIDE | RUNNING_SIDE | BESIDE | ON_TOP

# The doors of the package, not rooms: __init__ loads public names when first asked for, __main__ is the command line.
DOORS = {"__init__", "__main__"}

# These run wherever Python does.
STANDARD_LIBRARY_ONLY = {*NETWORK_SIDE, "writers", "messages"}

# The two upward imports, from inside a method: Program.source and printing a Program reach the writers, and
# Training.diagnose reaches what there is to see of a run.
EXCEPTIONS = {("program/steps.py", "writers"), ("training/training.py", "observe")}

# What a dependency is called where its import name is another.
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


class Import(NamedTuple):
    """One imported module, with its full name, and whether it is imported inside a function."""

    module: str
    line: int
    inside_function: bool


def imports_of(source: str, package: str) -> Iterator[Import]:
    """Every import in source, a module of package; `from chainrule import x` counts as chainrule.x."""

    def visit(node: ast.AST, inside: bool) -> Iterator[Import]:
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Import(alias.name, node.lineno, inside)
            case ast.ImportFrom():
                base = package.rsplit(".", node.level - 1)[0] if node.level else ""
                module = ".".join(part for part in (base, node.module) if part)
                for alias in node.names:
                    yield Import(f"{module}.{alias.name}" if module == "chainrule" else module, node.lineno, inside)
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield Import(f"{package}{name}" if name.startswith(".") else name, node.lineno, inside)
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(ast.parse(source), False)


def room_of(path: str) -> str:
    """The room of a file: program/expr.py -> program, network.py -> network."""
    return Path(path).parts[0].removesuffix(".py")


def offences(path: str, source: str) -> list[str]:
    """What the file at path, relative to the package, imports and may not."""
    room = room_of(path)
    package = ".".join(("chainrule", *Path(path).parts[:-1]))
    declared = {Requirement(text).name for text in PROJECT["dependencies"]}
    for group in PROJECT["optional-dependencies"].values():
        declared |= {Requirement(text).name for text in group}
    found = []
    for imported in imports_of(source, package):
        top, _, rest = imported.module.partition(".")
        where = f"{path}:{imported.line}"
        if top == "chainrule":
            target = rest.partition(".")[0]
            if room in DOORS or target in (room, "__version__") or target in ROOMS[room]:
                continue
            if (path, target) in EXCEPTIONS and imported.inside_function:
                continue
            if target in ROOMS:
                found.append(f"{where}: {room} may not import {target}")
            elif room not in ON_TOP:
                found.append(f"{where}: import {target or 'it'} from its room, not through the front door")
        elif top not in sys.stdlib_module_names:
            if room in STANDARD_LIBRARY_ONLY | DOORS:
                found.append(f"{where}: {room} may import the standard library only, not {top}")
            elif DISTRIBUTIONS.get(top, top) not in declared:
                found.append(f"{where}: {top} is not among the dependencies in pyproject.toml")
    return found


def source_files() -> list[str]:
    return sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))


def test_every_room_is_in_the_table():
    on_disk = {room_of(path) for path in source_files()} - DOORS
    unknown = on_disk - set(ROOMS)
    assert not unknown, f"unknown rooms {sorted(unknown)}: say in tests/test_house.py what they may import"


def test_imports_go_one_way():
    known = [path for path in source_files() if room_of(path) in ROOMS or room_of(path) in DOORS]
    found = [offence for path in known for offence in offences(path, (SOURCE / path).read_text(encoding="utf-8"))]
    assert not found, "\n" + "\n".join(found)


def test_the_table_has_no_circle():
    """Every room can be put after all the rooms it imports."""
    settled: set[str] = set()
    while ready := {room for room in ROOMS if room not in settled and ROOMS[room] <= settled}:
        settled |= ready
    assert settled == set(ROOMS)


@pytest.mark.parametrize(
    ("path", "source", "offence"),
    [
        ("program/expr.py", "from ..formulas import layers", "program may not import formulas"),
        ("formulas/layers/dense.py", "from ...writers.numpy import line", "formulas may not import writers"),
        ("writers/c.py", "from chainrule import network", "writers may not import network"),
        ("network.py", "from . import derivation", "network may not import derivation"),
        ("network.py", "def f():\n    import chainrule.cli", "network may not import cli"),
        ("derivation.py", "import importlib as i\ni.import_module('chainrule.engines')", "may not import engines"),
        ("files/model.py", "from ..engines import make_engine", "files may not import engines"),
        ("engines/numpy.py", "from chainrule import derive", "import derive from its room"),
        ("engines/numpy.py", "import chainrule", "import it from its room"),
        ("program/steps.py", "from ..writers import numpy", "program may not import writers"),
        ("program/expr.py", "import numpy as np", "standard library only, not numpy"),
        ("__init__.py", "import numpy", "standard library only, not numpy"),
        ("data/csv.py", "import pandas", "pandas is not among the dependencies"),
    ],
)
def test_an_import_in_the_wrong_direction_is_found(path, source, offence):
    found = offences(path, source)
    assert len(found) == 1
    assert offence in found[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("program/steps.py", "def source(self):\n    from ..writers import write\n    return write(self)"),
        ("program/expr.py", "from .ops import OPS\nfrom chainrule.program.ops import OPS\nimport math"),
        ("formulas/layers/dense.py", "from ...program.expr import Expr\nfrom .base import Layer"),
        ("derivation.py", "from .program.reverse import reverse\nfrom .network import Network"),
        ("estimators.py", "import sklearn.base\nfrom . import derivation\nfrom .data import table"),
        ("cli.py", "import typer\nfrom . import __version__\nfrom .report import write\nimport chainrule as cr"),
        ("__init__.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .network import Network"),
    ],
)
def test_an_import_in_the_right_direction_is_not(path, source):
    assert offences(path, source) == []


def loaded_by(*modules: str) -> set[str]:
    """The modules that a fresh Python loads for these, beyond what it loads anyway."""
    code = "import importlib, json, sys; before = set(sys.modules)\n"
    code += f"for name in {modules!r}: importlib.import_module(name)\n"
    code += "print(json.dumps(sorted(set(sys.modules) - before)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    loaded: list[str] = json.loads(result.stdout)
    return set(loaded)


def third_party(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"chainrule"}


def test_importing_chainrule_loads_no_third_party_module_and_no_room():
    loaded = loaded_by("chainrule")
    assert not third_party(loaded)
    assert not {name for name in loaded if name.startswith("chainrule.")}


def test_the_standard_library_rooms_load_no_third_party_module():
    paths = [path for path in source_files() if room_of(path) in STANDARD_LIBRARY_ONLY]
    names = [path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths]
    assert not third_party(loaded_by(*(f"chainrule.{name}" for name in names)))


# --- What is pinned --------------------------------------------------------------------------------------------------


def pins() -> dict[str, dict[str, str]]:
    """File -> package -> exact version."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        found[path.name] = {}
        for line in path.read_text().splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.fullmatch(r"[\w.-]+==[\w.]+(; .+)?", line), f"{path.name}: {line!r} is not an exact version"
                requirement = Requirement(line)
                found[path.name][requirement.name] = str(requirement.specifier).removeprefix("==")
    return found


def test_a_package_is_pinned_to_one_version():
    seen: dict[str, tuple[str, str]] = {}
    for file, packages in pins().items():
        for name, version in packages.items():
            other_file, other = seen.setdefault(name, (file, version))
            assert version == other, f"{name} is {version} in {file}, {other} in {other_file}"


def test_the_dependencies_are_pinned_within_their_bounds():
    run = pins()["run.txt"]
    for requirement in map(Requirement, PROJECT["dependencies"]):
        assert requirement.specifier.contains(run[requirement.name]), f"{requirement} and requirements/run.txt disagree"


# --- What never gets into a file -------------------------------------------------------------------------------------

# Written so that this file does not match them itself.
REGISTRY_HOSTS = ["pypi[.]org", "pythonhosted[.]org", "npmjs[.]", "yarnpkg[.]com", "deb[.]debian[.]org", "crates[.]io"]
MACHINE_PATHS = ["root", "work", "opt/(?:wheels|pypi)", "home/[a-z_]+", "Users/[A-Za-z_]+"]
FORBIDDEN = re.compile("|".join([*REGISTRY_HOSTS, *(rf"(?<![\w.~*-])/{path}/\w" for path in MACHINE_PATHS)]))


def test_no_file_names_a_registry_host_or_a_path_of_this_machine(tool: Callable[[str], str]):
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = [tool("git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    found = []
    for name in filter(None, names):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        if b"\0" in content[:8192]:
            continue
        text = content.decode(errors="replace")
        matches = FORBIDDEN.finditer(text)
        found += [f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}" for match in matches]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("text", ["https://{}.org/simple", "file://{}work/main", "cd {}root/x", "{}home/ada/x"])
def test_a_registry_host_and_a_machine_path_are_recognised(text):
    assert FORBIDDEN.search(text.format("pypi" if "https" in text else "/"))


@pytest.mark.parametrize("text", ["../work/main", "the root/leaf", "src/work/x", "~/work/x", "/tmp/x", "a / work / b"])
def test_other_paths_are_not(text):
    assert not FORBIDDEN.search(text)
