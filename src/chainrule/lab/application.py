"""The pages and the endpoints. Stateless: every answer depends on its request alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..files.json_text import read_json
from ..messages import LANGUAGES, catalogue
from . import answers
from .descent import descent

PAGE = Path(__file__).parent / "page"
TOPICS = ("lab", "note", "phase", "observe", "verdict")
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml",
         ".woff2": "font/woff2"}  # fmt: skip
POSTS: dict[str, Callable[[object], dict[str, Any]]] = {
    "data": answers.data,
    "table": answers.table,
    "program": answers.program,
    "source": answers.source,
    "descent": descent,
}


class PageMissingError(OSError):
    """The page has not been built."""


def page_files(folder: Path = PAGE) -> dict[str, tuple[str, bytes]]:
    """Path -> (type, content) of every file of the built page: what is not in this table does not exist."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix in TYPES:
            name = file.relative_to(folder).as_posix()
            found["/" + ("" if name == "index.html" else name)] = (TYPES[file.suffix], file.read_bytes())
    if "/" not in found:
        raise PageMissingError(
            "the lab's page has not been built. In a checkout: python hatch_build.py (or make lab); "
            "an installed chainrule brings it along"
        )
    return found


def application(start: dict[str, Any], folder: Path = PAGE) -> Starlette:
    """The lab behind its gate.

    start       what the page begins with: the language, and a table given on the command line
    """
    files = page_files(folder)

    async def page(request: Request) -> Response:
        found = files.get(request.url.path)
        if found is None:
            return JSONResponse({"error": "there is no such page"}, 404)
        kind, content = found
        headers = {"vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", "") and len(content) > 500:
            content, headers["content-encoding"] = packed(content), "gzip"
        return Response(content, media_type=kind, headers=headers)

    async def begin(request: Request) -> Response:
        return JSONResponse({**start, "choices": answers.choices(), "languages": list(LANGUAGES)})

    async def messages(request: Request) -> Response:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return JSONResponse({"error": f"no messages in this language; known: {', '.join(LANGUAGES)}"}, 404)
        texts = catalogue(language)
        return JSONResponse({key: text for key, text in texts.items() if key.partition(".")[0] in TOPICS})

    def endpoint(name: str) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            body = await request.body()
            try:
                made = await run_in_threadpool(packed_answer, POSTS[name], body)
            except (ValueError, ArithmeticError, MemoryError) as error:
                return JSONResponse({"error": shown(error)}, 400)
            return Response(made, media_type="application/json", headers={"content-encoding": "gzip"})

        return respond

    routes = [Route(f"/api/{name}", endpoint(name), methods=["POST"]) for name in POSTS]
    routes += [Route("/api/start", begin), Route("/api/messages/{language}", messages)]
    return Starlette(routes=[*routes, Route("/{path:path}", page)])


def packed_answer(respond: Callable[[object], dict[str, Any]], body: bytes) -> bytes:
    made = respond(read_json(body, "request"))
    return gzip.compress(json.dumps(made, allow_nan=False, separators=(",", ":")).encode(), 1)


@cache
def packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def shown(error: BaseException) -> str:
    """What is wrong, as the command line would say it: at most 12 lines, no control characters."""
    lines = ["".join(c if c.isprintable() else repr(c)[1:-1] for c in line)[:500] for line in str(error).split("\n")]
    return "\n".join(lines[:12]) or type(error).__name__


__all__ = ["PAGE", "PageMissingError", "application"]
