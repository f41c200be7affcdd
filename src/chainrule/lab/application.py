"""The pages and the endpoints. Stateless: every answer depends on its request alone; those of programs are kept."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..files.json_text import read_json
from ..messages import LANGUAGES
from . import answers
from .bodies import body_of
from .built import PAGE, PageMissingError, messages_of, page_files, start_of
from .descent import descent
from .live import live
from .tables import table

POSTS: dict[str, Callable[[object], dict[str, Any]]] = {
    "data": answers.data,
    "table": table,
    "program": answers.program,
    "source": answers.source,
    "descent": descent,
    "report": live,
}
KEPT = {"program", "source"}  # who goes back to a network, or loads the page again, does not wait for its derivation
MOST_KEPT = 20_000  # bytes of a request whose answer is kept


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
        return JSONResponse({**start_of(start), "texts": messages_of(start["language"])})

    async def messages(request: Request) -> Response:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return JSONResponse({"error": f"no messages in this language; known: {', '.join(LANGUAGES)}"}, 404)
        return JSONResponse(messages_of(language))

    def endpoint(name: str) -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            body = await request.body()
            try:
                content, headers = await run_in_threadpool(answered, name, body)
            except (ValueError, ArithmeticError, MemoryError) as error:
                return JSONResponse({"error": shown(error)}, 400)
            return Response(content, headers=headers)

        return respond

    routes = [Route(f"/api/{name}", endpoint(name), methods=["POST"]) for name in POSTS]
    routes += [Route("/api/start", begin), Route("/api/messages/{language}", messages)]
    return Starlette(routes=[*routes, Route("/{path:path}", page)])


def answered(name: str, body: bytes) -> tuple[bytes, dict[str, str]]:
    return kept(name, body) if name in KEPT and len(body) <= MOST_KEPT else made(name, body)


def made(name: str, body: bytes) -> tuple[bytes, dict[str, str]]:
    return body_of(POSTS[name](read_json(body, "request")))


kept = lru_cache(maxsize=32)(made)


@cache
def packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def shown(error: BaseException) -> str:
    """What is wrong, as the command line would say it: at most 12 lines, no control characters."""
    lines = ["".join(c if c.isprintable() else repr(c)[1:-1] for c in line)[:500] for line in str(error).split("\n")]
    return "\n".join(lines[:12]) or type(error).__name__


__all__ = ["PAGE", "PageMissingError", "application"]
