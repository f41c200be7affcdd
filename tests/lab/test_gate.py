"""120 hostile requests: each is refused, nothing of the page gets out, and the server lives on."""

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from chainrule.lab.gate import Gate, new_token
from tests.lab.conftest import PAGE

# @H is our own host and port, @T the token, @O our own origin.
GOOD = ["Host: @H"]
JSON = [*GOOD, "Origin: @O", "Content-Type: application/json"]
BODY = '{"set": "circle"}'


def get(path: str, *headers: str, method: str = "GET", version: str = "HTTP/1.1") -> str:
    return "\r\n".join([f"{method} {path} {version}", *headers, "", ""])


def post(path: str, headers: list[str], body: str = BODY, length: int | None = None) -> str:
    size = len(body.encode()) if length is None else length
    return "\r\n".join([f"POST {path} HTTP/1.1", *headers, f"Content-Length: {size}", "", body])


def requests() -> Iterator[tuple[str, str, set[int]]]:
    """(what it tries, the bytes sent, the statuses that refuse it); 0 is a closed connection."""
    page, api = "/@T/", "/@T/api/data"
    hosts = [
        "evil.example",
        "evil.example:@P",
        "localhost:@P",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.2:@P",
        "[::1]:@P",
        "0.0.0.0:@P",
        "127.0.0.1:@P.evil.example",
        "127.0.0.1.nip.io:@P",
        "2130706433:@P",
        "127.1:@P",
        "0x7f.0.0.1:@P",
        "127.0.0.1:@P@evil",
        "evil@127.0.0.1:@P",
        "",
        "127.0.0.1:@P, evil.example",
        "127.0.0.1:@P/",
        "LOCALHOST",
        "127.0.0.1:0@P",
        "chainrule.local",
    ]
    for host in hosts:
        yield f"host {host!r}", get(page, f"Host: {host}"), {400, 421}
    for host in hosts[:6]:
        yield (
            f"host {host!r} to the api",
            post(api, [f"Host: {host}", "Origin: @O", "Content-Type: application/json"]),
            {400, 421},
        )
    yield "no host", get(page), {400, 421}
    yield "no host in HTTP/1.0", get(page, version="HTTP/1.0"), {400, 421}
    yield "two hosts", get(page, "Host: @H", "Host: evil.example"), {400}
    yield "the same host twice", get(page, "Host: @H", "Host: @H"), {400}

    origins = [
        "http://evil.example",
        "https://@H",
        "http://localhost:@P",
        "null",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://@H.evil.example",
        "http://@H/",
        "HTTP://@H",
        "file://",
        "http://evil@@H",
        "http://[::1]:@P",
        "*",
        "",
        "chrome-extension://abcdef",
        "http://127.0.0.1:@P@evil.example",
    ]
    for origin in origins:
        yield f"origin {origin!r}", get(page, *GOOD, f"Origin: {origin}"), {403}
        yield (
            f"origin {origin!r} to the api",
            post(api, [*GOOD, f"Origin: {origin}", "Content-Type: application/json"]),
            {403},
        )
    yield "a post without origin", post(api, [*GOOD, "Content-Type: application/json"]), {403}
    yield "two origins", post(api, [*JSON, "Origin: http://evil.example"]), {400}
    for site in ("cross-site", "same-site", "evil"):
        yield f"fetched from a {site} page", get(page, *GOOD, f"Sec-Fetch-Site: {site}"), {403}

    tokens = [
        "",
        "x",
        "@t",
        "@T@T",
        "@T.",
        "%40",
        "@T%00",
        "../@T",
        "./@T",
        "@T;x",
        "@T?",
        "api",
        "assets",
        "index.html",
        "*",
        "A" * 43,
        "0" * 43,
        "@T ".strip() + "=",
    ]
    for token in tokens:
        yield f"token {token!r}", get(f"/{token}/", *GOOD), {403, 404}
    yield "token of the api", post("/api/data", JSON), {403}
    yield "token as a question", get("/?token=@T", *GOOD), {403}
    yield "token as a header", get("/api/start", *GOOD, "Authorization: Bearer @T"), {403}
    yield "token as a cookie", get("/api/start", *GOOD, "Cookie: token=@T"), {403}
    yield "token without the slash", get("/@T", *GOOD), {403}
    yield "a path that is a whole address", get("http://evil.example/@T/", *GOOD), {403, 404, 400}

    paths = [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "assets/../../../gate.py",
        "..\\..\\gate.py",
        "//etc/passwd",
        "assets/",
        "assets",
        "index.html/..",
        ".built-from",
        "favicon.svg%00.js",
        "api",
        "api/",
        "api/nothing",
        "api/messages/..",
        "api/messages/../../en/lab.json",
        "api/messages/xx",
        "API/start",
        "%61pi/start",
        "page/index.html",
        "x" * 3000,
        "api/start/",
        "assets/%69ndex.js",
        "~root",
        "api/data?x=../..",
    ]
    for path in paths:
        yield f"path {path[:40]!r}", get(f"/@T/{path}", *GOOD), {400, 403, 404, 405}

    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"):
        yield f"{method} of the page", get(page, *JSON, "Content-Length: 0", method=method), {400, 404, 405}
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "GET"):
        yield f"{method} of the api", get(api, *JSON, method=method), {403, 404, 405}
    yield "a body with GET", post(page, JSON).replace("POST", "GET", 1), {400}

    kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "",
        "application/jsonp",
    ]
    for kind in kinds:
        yield f"content type {kind!r}", post(api, [*GOOD, "Origin: @O", f"Content-Type: {kind}"]), {415}
    bodies = [
        "",
        "{",
        "[]",
        "null",
        '{"set": "circle", "set": "xor"}',
        '{"set": NaN}',
        "[" * 5000,
        '{"set": 1e999}',
        "\ufeff{}x",
        '{"set": "' + "x" * 5000 + '"}',
        '{"set":"circle","points":99999999999999999999999999999999999}',
        "\x00",
    ]
    for body in bodies:
        yield f"body {body[:30]!r}", post(api, JSON, body), {400}
    yield "a body that is too long", post(api, JSON, "", length=10**12), {413}
    yield "a length that is none", post(api, JSON).replace("Content-Length: 17", "Content-Length: 1e3"), {400, 413}
    yield "a negative length", post(api, JSON).replace("Content-Length: 17", "Content-Length: -1"), {400, 413}
    yield "two lengths", post(api, [*JSON, "Content-Length: 3"]), {400}
    yield "length and chunks", post(api, [*JSON, "Transfer-Encoding: chunked"]), {400, 411}

    yield (
        "a WebSocket",
        get(
            page,
            *GOOD,
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
        {400, 403},
    )
    yield (
        "a WebSocket without token",
        get(
            "/ws",
            *GOOD,
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
        {400, 403},
    )
    yield (
        "HTTP/2 by upgrade",
        get(page, *GOOD, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
        {400, 403},
    )
    malformed = [
        "",
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / \r\n\r\n",
        "GET /@T/ HTTP/9.9\r\nHost: @H\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
        "GET /@T/ HTTP/1.1\nHost @H\n\n",
        "GET /@T/ HTTP/1.1\r\nHost : @H\r\n\r\n",
        "GET /@T/ HTTP/1.1\r\n Host: @H\r\n\r\n",
        "GET /@T/\x00 HTTP/1.1\r\nHost: @H\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /@T/ HTTP/1.1\r\nHost: @H\r\nX: " + "a" * 70_000 + "\r\n\r\n",
        "GET /@T/ HTTP/1.1\r\n" + "".join(f"X{i}: y\r\n" for i in range(5000)) + "Host: @H\r\n\r\n",
    ]
    for text in malformed:
        yield f"malformed {text[:30]!r}", text, {0, 400, 403, 421, 431, 505}


REQUESTS = list(requests())


def sent(served: Any, text: str) -> tuple[int, bytes]:
    """The status, and all that came back; 0 where the connection was closed, or nothing came within a moment."""
    for mark, value in (
        ("@H", served.host),
        ("@O", f"http://{served.host}"),
        ("@P", str(served.port)),
        ("@T", served.token),
        ("@t", served.token.swapcase()),
    ):
        text = text.replace(mark, value)
    if "Connection:" not in text:
        text = text.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
    answer = b""
    with socket.create_connection(("127.0.0.1", served.port), timeout=120) as connection:
        try:
            connection.sendall(text.encode("utf-8"))
            if not text.startswith("POST"):  # a client that has said all of a POST still waits for the answer
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionError):
            pass
    return (int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0), answer


def test_there_are_more_than_120_of_them():
    assert len(REQUESTS) >= 120
    assert len({name for name, _, _ in REQUESTS}) == len(REQUESTS)


def test_hostile_requests_are_refused_and_the_server_lives_on(served):
    wrong = []
    for name, text, statuses in REQUESTS:
        status, answer = sent(served, text)
        leaked = b"<!doctype" in answer.lower() or b'"choices"' in answer or b'"training"' in answer
        allowed = b"access-control" in answer.lower()
        told = served.token.encode() in answer
        if status not in statuses or leaked or allowed or told or b"Traceback" in answer:
            wrong.append((name, status, answer[-200:]))
    assert not wrong, "\n".join(map(str, wrong))
    assert_alive(served)


def test_slow_clients_hold_up_nobody(served):
    """A client that sends a byte of its headers, or half of its body, and then waits."""
    slow = []
    for text in (
        "G",
        f"POST /{served.token}/api/data HTTP/1.1\r\nHost: {served.host}\r\nOrigin: http://{served.host}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ):
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", served.port), timeout=120)
            connection.sendall(text.encode())
            slow.append(connection)
    assert_alive(served)
    for connection in slow:
        connection.close()
    assert_alive(served)


def assert_alive(served: Any) -> None:
    assert served.process.poll() is None
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    connection.request("GET", f"/{served.token}/", headers={"Host": served.host})
    answer = connection.getresponse()
    assert answer.status == 200
    assert b"<!doctype html>" in answer.read()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    assert "script-src 'self';" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert not any(name.startswith("access-control") for name in headers)
    headers = {"Host": served.host, "Origin": f"http://{served.host}", "Content-Type": "application/json"}
    connection.request("POST", f"/{served.token}/api/data", BODY, headers)
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    connection.close()


def test_a_browser_keeps_the_files_whose_names_hold_a_digest_and_nothing_else(served):
    script = next((PAGE / "assets").glob("index-*.js")).name
    for path, kept in ((f"assets/{script}", True), ("assets/index.js", False), ("", False), ("api/start", False)):
        _, answer = sent(served, get(f"/@T/{path}", *GOOD))
        said = answer.partition(b"\r\n\r\n")[0].lower()
        assert (b"cache-control: no-store" in said) is not kept, path
        assert (b"immutable" in said) is kept, path


def test_it_listens_to_this_machine_alone(served):
    assert served.host.startswith("127.0.0.1:")
    with socket.socket() as probe:
        probe.settimeout(1)
        assert probe.connect_ex(("127.0.0.2", served.port)) != 0


def test_a_refusal_says_why(served):
    status, answer = sent(served, get("/", *GOOD))
    assert status == 403
    assert "open the address that the lab printed" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_a_token_is_long_and_new_every_time():
    assert len({new_token() for _ in range(100)}) == 100
    assert min(len(new_token()) for _ in range(100)) >= 43
    with pytest.raises(ValueError, match="32"):
        Gate(lambda *_: None, "127.0.0.1:1", "short")  # type: ignore[arg-type]
