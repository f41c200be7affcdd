"""The page around a report: one file, no script, nothing loaded from anywhere; light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

# Nothing may be loaded or run, whatever got into the page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = """
:root { color-scheme: light dark; --ink: #1c1f24; --paper: #ffffff; --faint: #dfe3e8; --soft: #f4f6f8; --quiet: #5a6472;
  --s0: #0072b2; --s1: #b34e00; --s2: #00664e; --s3: #8c3a69; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ecf0; --paper: #15181d; --faint: #343b45; --soft: #1e232a;
  --quiet: #a4aebb; --s0: #6cb8ea; --s1: #f59d55; --s2: #4fd0ab; --s3: #e79cc4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans",
  "Noto Sans CJK SC", sans-serif; overflow-wrap: break-word; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--faint); }
p { margin: .5rem 0; max-width: 48rem; } .quiet { color: var(--quiet); }
.wide { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .92rem; margin: .4rem 0; }
th, td { padding: .28rem .6rem; text-align: right; border-bottom: 1px solid var(--faint); vertical-align: top; }
td { white-space: nowrap; } td.text { white-space: normal; } .wide tr > th:first-child { min-width: 6.5rem; }
th { font-weight: 600; text-align: left; } tr:first-child > th { text-align: right; }
tr > th:first-child { text-align: left; } td.text { text-align: left; overflow-wrap: anywhere; }
.facts th { white-space: nowrap; color: var(--quiet); font-weight: 500; }
.facts tr:first-child > th { text-align: left; }
tr:first-child > th { max-width: 10rem; overflow-wrap: anywhere; }
.heat { background: color-mix(in srgb, var(--s0) calc(var(--heat) * .45), transparent); }
.bars { width: 100%; } .bars th { width: 30%; font-weight: 500; text-align: left !important; }
.bars .track { min-width: 5rem; width: 100%; } .number { white-space: nowrap; }
.bar { height: 1.05rem; background: repeating-linear-gradient(135deg, var(--s0) 0 5px,
  color-mix(in srgb, var(--s0) 70%, var(--paper)) 5px 8px); }
figure { margin: .6rem 0; max-width: 40rem; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font-size: 13px; } .grid { stroke: var(--faint); }
.line { fill: none; stroke-width: 2.2; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); }
.s3 { stroke: var(--s3); } .dot { fill: var(--s0); fill-opacity: .55; stroke: var(--ink); stroke-width: .4; }
.legend span { margin-right: 1.2rem; white-space: nowrap; } svg.key { width: 30px; display: inline; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .85rem; line-height: 1.45; }
.cards { display: flex; flex-wrap: wrap; gap: .8rem; } .card { background: var(--soft); padding: .6rem .9rem; }
.card b { display: block; font-size: 1.5rem; line-height: 1.2; } .card span { color: var(--quiet); font-size: .88rem; }
.verdict { border-left: 4px solid var(--s1); padding-left: .8rem; margin: .7rem 0; }
.verdict.well { border-left: 4px double var(--s2); }
"""


def page(title: str, language: str, sections: Sequence[tuple[str, str]], introduction: str, footer: str) -> str:
    """The whole file. Titles are text and are escaped; what stands in a section is HTML."""
    body = "".join(f"<section><h2>{escape(heading)}</h2>{inner}</section>" for heading, inner in sections)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body><main>\n"
        f"<h1><bdi>{escape(title)}</bdi></h1>{introduction}\n{body}\n"
        f'<p class="quiet">{escape(footer)}</p>\n</main></body>\n</html>\n'
    )


def paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Names and what they are."""
    cells = "".join(
        f'<tr><th>{escape(name)}</th><td class="text"><bdi>{escape(text)}</bdi></td></tr>' for name, text in rows
    )
    return f'<div class="wide"><table class="facts">{cells}</table></div>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr><th><bdi>{escape(row[0])}</bdi></th>" + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def cards(rows: Sequence[tuple[str, str, str]]) -> str:
    """A name, a value in large print, and what is to be said of it."""
    return (
        '<div class="cards">'
        + "".join(
            f'<div class="card">{escape(name)}<b>{escape(value)}</b><span>{escape(more)}</span></div>'
            for name, value, more in rows
        )
        + "</div>"
    )


def code(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"
