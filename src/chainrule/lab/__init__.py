"""The lab: a network, watched and stepped through in the browser, served by this machine to itself.

    answers         what the page asks for: data, network; becomes a Program, its JavaScript, its steps
    experiment      the state of an experiment, as the address of the page holds it
    carried         a page without a server, which brings its answers along
    given, live     one program and its rows as a page that trains without a server: live reports and figures
    gate            who is let in: one place, refused by default
    application     the pages and the endpoints under `/api/`
    serve           the loop: bind, say where, open the browser, end with Ctrl-C

Python derives, the emitted JavaScript computes in the browser, the page (`web/`) draws.
"""

from .serve import serve

__all__ = ["serve"]
