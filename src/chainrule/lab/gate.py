"""The gate: every request passes it, or is refused. It is the only place that decides who is let in.

A page on another site can make a browser send requests to this machine. So a request must name our own address in
`Host`, come from our own page where it says where from (`Origin`, `Sec-Fetch-Site`), and carry the token: 43 random
characters, the first part of every path, `/TOKEN/...`. Nothing is changed by GET, and no header lets others in.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BYTES = 66 * 2**20
MOST_PATH = 1000
MOST_HEADERS = 16 * 2**10  # bytes, of all of them together
PATIENCE = 20.0  # seconds for a body to arrive
API = "/api/"
METHODS = {"page": ("GET", "HEAD"), "api": ("GET", "POST")}

# Only our own scripts, styles and pictures; no other page may frame, open or read this one.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The worker imports the emitted program, which it is handed as text, as a module of its own.
WORKER_POLICY = "default-src 'none'; script-src 'self' blob:; connect-src 'none'"
HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
FOR_GOOD = {"cache-control": "private, max-age=31536000, immutable"}  # a name that holds a digest of its content


def new_token() -> str:
    """43 random characters that may stand in a path."""
    return secrets.token_urlsafe(32)


class Refused(Exception):  # noqa: N818  not an error of ours
    """A request that is not let in: the status and the reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Gate:
    """An ASGI application around another one.

    host        the only `Host` that is answered, `127.0.0.1:8765`
    token       the first part of every path
    """

    def __init__(self, application: Application, host: str, token: str) -> None:
        if len(token) < 32:
            raise ValueError("the token must have at least 32 characters")
        self.application, self.host, self.token = application, host, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        if scope["type"] != "http":  # the lab has no WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            path = self.admitted(scope)
            body = await self.body(scope, receive)
        except Refused as refused:
            await answer(send, refused.status, str(refused))
            return

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        policy = WORKER_POLICY if path.startswith("/assets/worker") else POLICY

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if k.lower().decode() not in HEADERS]
                stays = FOR_GOOD if path.startswith("/assets/") and message["status"] == HTTPStatus.OK else {}
                own = {**HEADERS, **stays, "content-security-policy": policy}
                message = {**message, "headers": [*kept, *encoded(own)]}
            await send(message)

        inside = {**scope, "path": path, "raw_path": path.encode(), "root_path": ""}
        await self.application(inside, replay, with_headers)

    def admitted(self, scope: Scope) -> str:
        """The path behind the token.  Refused: anything that is not as our own page sends it."""
        if scope.get("http_version") not in ("1.0", "1.1"):
            raise Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here")
        if sum(len(key) + len(value) for key, value in scope["headers"]) > MOST_HEADERS:
            raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too long")
        headers: dict[str, str] = {}
        for key, value in scope["headers"]:
            name = key.decode("latin-1").lower()
            if name in headers and name in ("host", "origin", "content-length", "content-type", "transfer-encoding"):
                raise Refused(HTTPStatus.BAD_REQUEST, f"the header {name} occurs twice")
            headers[name] = value.decode("latin-1")
        if headers.get("host") != self.host:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "this is not the host that you asked for")
        own = f"http://{self.host}"
        if headers.get("origin", own) != own:
            raise Refused(HTTPStatus.FORBIDDEN, "requests from other pages are refused")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(HTTPStatus.FORBIDDEN, "requests from other pages are refused")
        if "upgrade" in headers:
            raise Refused(HTTPStatus.FORBIDDEN, "the lab has no WebSocket")
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        given, _, rest = raw[1:].partition(b"/")
        if not hmac.compare_digest(given, self.token.encode()) or not raw.startswith(b"/" + given + b"/"):
            raise Refused(HTTPStatus.FORBIDDEN, "the token is missing or wrong; open the address that the lab printed")
        if len(raw) > MOST_PATH or not rest.isascii() or b"%" in rest or b"\\" in rest or b".." in rest:
            raise Refused(HTTPStatus.NOT_FOUND, "there is no such page")
        path = "/" + rest.decode("ascii")
        method = scope["method"]
        if method not in METHODS["api" if path.startswith(API) else "page"]:
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "this method is not allowed here")
        if method == "POST":
            if headers.get("origin") != own:
                raise Refused(HTTPStatus.FORBIDDEN, "the header Origin is missing")
            if headers.get("content-type", "").replace(" ", "").lower() not in (
                "application/json", "application/json;charset=utf-8",
            ):  # fmt: skip
                raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
        if "transfer-encoding" in headers:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "a body comes whole, with its length")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or int(length[:20]) > MOST_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BYTES:,} bytes")
        if method != "POST" and length != "0":
            raise Refused(HTTPStatus.BAD_REQUEST, "this request has no body")
        return path

    async def body(self, scope: Scope, receive: Receive) -> bytes:
        """The body, within bounds of size and time."""
        parts: list[bytes] = []
        size, more = 0, scope["method"] == "POST"
        try:
            async with asyncio.timeout(PATIENCE):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(HTTPStatus.BAD_REQUEST, "the request ended early")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > MOST_BYTES:
                        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MOST_BYTES:,} bytes")
                    more = message.get("more_body", False)
        except TimeoutError:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the request took too long") from None
        return b"".join(parts)


def encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def answer(send: Send, status: HTTPStatus, reason: str) -> None:
    """A refusal, as JSON that any client can show; the connection is closed behind it."""
    content = json.dumps({"error": reason}).encode()
    headers = {**HEADERS, "content-security-policy": "default-src 'none'", "content-type": "application/json"}
    headers |= {"content-length": str(len(content)), "connection": "close"}
    await send({"type": "http.response.start", "status": int(status), "headers": encoded(headers)})
    await send({"type": "http.response.body", "body": content})


__all__ = ["Gate", "new_token"]
