"""The loop of the lab: bind to this machine alone, say where, open the browser, end with Ctrl-C."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from threading import Timer
from typing import Any

LOOPBACK = "127.0.0.1"
USUAL_PORT = 8765
PORTS = 20  # are tried from there on, where no port is asked for


def serve(start: dict[str, Any], port: int | None, opened: bool, announce: Callable[[str], None]) -> None:
    """Serve the lab until Ctrl-C.

    start       what the page begins with
    port        None: 8765, or the next one that is free
    opened      whether to open a browser
    announce    is told the address, token included

    Raises
        OSError: the port is taken, or the page has not been built.  ImportError: starlette or uvicorn is missing.
    """
    try:
        import uvicorn

        from .application import application
    except ModuleNotFoundError as error:
        raise ImportError(f"the lab needs {error.name}: pip install 'chainrule[lab]'") from None
    from .gate import Gate, new_token

    inside = application(start)
    with bound(port) as listening:
        host = f"{LOOPBACK}:{listening.getsockname()[1]}"
        token = new_token()
        config = uvicorn.Config(
            Gate(inside, host, token), log_level="critical", access_log=False, lifespan="off", ws="none",
            server_header=False, date_header=False, timeout_keep_alive=15, timeout_graceful_shutdown=2,
            limit_concurrency=200, h11_max_incomplete_event_size=16 * 1024, http="h11", proxy_headers=False,
        )  # fmt: skip
        address = f"http://{host}/{token}/"
        announce(address)
        if opened:
            Timer(0.2, webbrowser.open, (address,)).start()
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            return


def bound(port: int | None) -> socket.socket:
    """A socket that listens to this machine alone.  OSError: the port is taken."""
    tried = range(USUAL_PORT, USUAL_PORT + PORTS) if port is None else [port]
    for number in tried:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, number))
        except OSError as error:
            listening.close()
            if number == tried[-1]:
                raise OSError(f"port {number} of this machine cannot be used: {error.strerror}; name another "
                              "with --port, or 0 for any") from None  # fmt: skip
            continue
        listening.listen(128)
        return listening
    raise AssertionError


__all__ = ["LOOPBACK", "serve"]
