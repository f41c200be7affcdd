"""How all pictures look: light or dark, in any language, and readable without colour."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import hypot
from typing import Any

from ..messages import choose_language, say

# Okabe & Ito's colours, which colour-blind people tell apart; every series has a line style and a marker of its own.
COLOURS = {
    False: ("#0072b2", "#d55e00", "#007a5e", "#a8487f", "#8a6d00", "#3f3f3f"),
    True: ("#6cb8ea", "#f59d55", "#4fd0ab", "#e79cc4", "#e8d24a", "#d0d0d0"),
}
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++")
INK = {False: "#1c1c1c", True: "#ececec"}
PAPER = {False: "#ffffff", True: "#15181d"}
FAINT = {False: "#d5d8dd", True: "#3a4049"}
WIDE = "\u2e80-\uffff"  # characters as wide as two
MARKS = "，。、；："  # before which no line breaks
USUAL_WIDTH = 6.4  # inches; narrower, and letters are smaller, wider, and they are larger
MAPS = {False: "cividis", True: "cividis"}  # from dark to light, the same to all eyes

# Fonts that have the characters, the first found is taken; and what to install where there is none.
CHINESE = {
    "zh-Hans": ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "SimHei",
                "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Noto Sans CJK JP", "Noto Sans CJK TC", "Arial Unicode MS"),
    "zh-Hant": ("Noto Sans CJK TC", "Noto Sans TC", "Source Han Sans TC", "PingFang TC", "Microsoft JhengHei",
                "Noto Sans CJK HK", "Noto Sans CJK JP", "Noto Sans CJK SC", "Arial Unicode MS"),
}  # fmt: skip


class Look:
    """What a drawing needs to know of its look: colours, styles, and the words of the language."""

    def __init__(self, dark: bool, language: str, scale: float = 1.0) -> None:
        self.dark, self.language, self.scale = dark, language, scale
        self.ink, self.paper, self.faint = INK[dark], PAPER[dark], FAINT[dark]
        self.colours, self.map = COLOURS[dark], MAPS[dark]

    def say(self, key: str, **values: object) -> str:
        return say(key if "." in key else f"plot.{key}", self.language, **values)

    def size(self, usual: float) -> float:
        """Of a line or a mark, in points: smaller and larger with the letters, but not as much."""
        return float(usual * self.scale**0.7)

    def line(self, i: int) -> dict[str, Any]:
        """Colour and style of the i-th line."""
        style = LINES[i % len(LINES)]
        return {"color": self.colours[i % len(self.colours)], "linestyle": style, "linewidth": self.size(1.8)}

    def marked(self, i: int, points: int) -> dict[str, Any]:
        """The same, with a few markers on it."""
        return self.line(i) | {
            "marker": MARKERS[i % len(MARKERS)], "markersize": self.size(4.5), "markevery": max(1, points // 8),
        }  # fmt: skip

    def bar(self, i: int) -> dict[str, Any]:
        """Colour and hatch of the i-th kind of bar."""
        return {"facecolor": self.colours[i % len(self.colours)], "hatch": HATCHES[i % len(HATCHES)],
                "edgecolor": self.paper, "linewidth": 0.8}  # fmt: skip


def matplotlib() -> Any:
    """matplotlib.pyplot.  ImportError: it is not installed, and how to install it."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'chainrule[plot]'") from None
    return pyplot


@contextmanager
def look(dark: bool, language: str | None, scale: float = 1.0) -> Iterator[Look]:
    """Matplotlib's settings for the time of a drawing; `scale` is that of the letters."""
    pyplot = matplotlib()
    chosen = Look(bool(dark), choose_language(language), scale)
    settings = {
        "figure.facecolor": chosen.paper, "axes.facecolor": chosen.paper, "savefig.facecolor": chosen.paper,
        "text.color": chosen.ink, "axes.labelcolor": chosen.ink, "axes.edgecolor": chosen.ink,
        "axes.titlecolor": chosen.ink, "xtick.color": chosen.ink, "ytick.color": chosen.ink,
        "grid.color": chosen.faint, "axes.grid": True, "axes.axisbelow": True, "grid.linewidth": 0.7,
        "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 11 * scale,
        "axes.titlelocation": "left", "axes.labelsize": 10 * scale, "xtick.labelsize": 9.5 * scale,
        "ytick.labelsize": 9.5 * scale, "font.size": 10 * scale, "legend.fontsize": 9 * scale,
        "legend.frameon": True, "legend.facecolor": chosen.paper,
        "legend.edgecolor": chosen.faint, "legend.labelcolor": chosen.ink, "hatch.color": chosen.paper,
        "hatch.linewidth": 0.8, "axes.unicode_minus": False, "svg.fonttype": "path", "text.parse_math": False,
        "font.family": families(chosen.language),
    }  # fmt: skip
    with pyplot.rc_context(settings):
        yield chosen


@functools.cache
def families(language: str) -> list[str]:
    """The fonts for a language.  ValueError: none has its characters, and which to install."""
    if language not in CHINESE:
        return ["DejaVu Sans"]
    from matplotlib import font_manager

    known = set(font_manager.fontManager.get_font_names())
    if not known & set(CHINESE[language]):
        for path in font_manager.findSystemFonts():  # installed since matplotlib last looked
            if any(part in path.lower() for part in ("cjk", "hansans", "msyh", "msjh", "pingfang", "simhei", "wqy")):
                font_manager.fontManager.addfont(path)
        known = set(font_manager.fontManager.get_font_names())
    found = [name for name in CHINESE[language] if name in known]
    if not found:
        raise ValueError(
            "no font with Chinese characters is installed; Noto Sans CJK has them (Debian and Ubuntu: "
            "apt install fonts-noto-cjk), or choose another language: language='en'"
        )
    return [found[0], "DejaVu Sans"]


OWN = (
    inspect.Parameter("ax", inspect.Parameter.KEYWORD_ONLY, default=None),
    inspect.Parameter("dark", inspect.Parameter.KEYWORD_ONLY, default=False),
    inspect.Parameter("language", inspect.Parameter.KEYWORD_ONLY, default=None),
    inspect.Parameter("size", inspect.Parameter.KEYWORD_ONLY, default=(USUAL_WIDTH, 4.0)),
)


def drawing(draw: Callable[..., None]) -> Callable[..., Any]:
    """Lets a function draw within the settings: the caller gives ax, dark, language, size, and is given the Axes."""

    @functools.wraps(draw)
    def drawn(
        *args: Any,
        ax: Any = None,
        dark: bool = False,
        language: str | None = None,
        size: tuple[float, float] = (USUAL_WIDTH, 4.0),
        **kwargs: Any,
    ) -> Any:
        width = size[0] if ax is None else ax.figure.get_size_inches()[0] * ax.get_position().width / 0.8
        with look(dark, language, min(1.5, max(0.6, width / USUAL_WIDTH))) as chosen:
            if ax is None:
                _, ax = matplotlib().subplots(figsize=size, layout="constrained")
            else:
                dress(ax, chosen)
            draw(Canvas(ax, chosen), *args, **kwargs)
        return ax

    own = inspect.signature(draw)
    drawn.__signature__ = own.replace(  # type: ignore[attr-defined]  # what `help` shows
        parameters=[*list(own.parameters.values())[1:], *OWN], return_annotation="Axes"
    )
    return drawn


def dress(ax: Any, chosen: Look) -> None:
    """Gives Axes that were made elsewhere the colours that new ones have."""
    ax.figure.set_facecolor(chosen.paper)
    ax.set_facecolor(chosen.paper)
    ax.tick_params(
        which="both", colors=chosen.ink, labelsize=9.5 * chosen.scale, labelfontfamily=families(chosen.language)
    )
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(chosen.ink)
    ax.set_axisbelow(True)
    ax.grid(visible=True, color=chosen.faint, linewidth=0.7)


class Canvas:
    """Axes with a look."""

    def __init__(self, ax: Any, chosen: Look) -> None:
        self.ax, self.look = ax, chosen

    def titles(self, title: str = "", x: str = "", y: str = "") -> None:
        """Texts around the axes; none of them is read as a formula of TeX."""
        style: dict[str, Any] = {"color": self.look.ink, "fontfamily": families(self.look.language)}
        style |= {"fontsize": 10 * self.look.scale, "parse_math": False}
        place, (width, height) = self.ax.get_position(), self.ax.figure.get_size_inches() / self.look.scale
        broken = wrapped(title, max(16, int(13 * width * place.width)))
        self.ax.set_title(broken, loc="left", **style | {"fontsize": 11 * self.look.scale})
        self.ax.set_xlabel(x, **style)
        self.ax.set_ylabel(wrapped(y, max(12, int(13 * height * place.height))), **style)

    def logarithmic(self, *axes: str) -> None:
        """A logarithmic scale for `x`, `y` or both, with plain text at its ticks: nothing here is read as TeX."""
        for name in axes:
            logarithmic(self.ax, name)

    def lines(self, most: int) -> int:
        """How many lines of text fit below one another, at most so many."""
        height = self.ax.get_position().height * self.ax.figure.get_size_inches()[1] * 72
        return min(most, int(height / (13.5 * self.look.scale)))

    def quiet_corner(self, points: Any) -> str:
        """The corner that is farthest from these points (n, 2) of the picture: there a legend hides nothing."""
        box = [self.ax.get_xlim(), self.ax.get_ylim()]
        places = [[(value - low) / (high - low) for value, (low, high) in zip(p, box, strict=True)] for p in points]
        corners = {"upper left": (0, 1), "upper right": (1, 1), "lower left": (0, 0), "lower right": (1, 0)}
        return max(corners, key=lambda c: min(hypot(x - corners[c][0], y - corners[c][1]) for x, y in places))

    def legend_beside(self) -> None:
        """A legend at the right, outside: for pictures that it would hide a part of."""
        self.legend(loc="upper left", bbox_to_anchor=(1, 1))

    def legend(self, **options: Any) -> None:
        handles, labels = self.ax.get_legend_handles_labels()
        if handles:
            self.ax.legend(handles, labels, **options)


def logarithmic(ax: Any, name: str) -> None:
    """A logarithmic scale for one axis of Axes; ticks as 10⁻³ and 2×10⁻¹, in characters that every font has."""
    from matplotlib.ticker import LogFormatterSciNotation

    class Powers(LogFormatterSciNotation):  # type: ignore[misc,unused-ignore]  # matplotlib may be absent
        def __call__(self, x: float, pos: int | None = None) -> str:
            text: str = super().__call__(x, pos)
            found = re.search(r"(?:([\d.]+)\\times)?10\^\{(-?\d+)\}", text)
            if found is None:
                return re.sub(r"\$|\\mathdefault|[{}]", "", text)
            return (f"{found[1]}×" if found[1] else "") + "10" + found[2].translate(RAISED)

    getattr(ax, f"set_{name}scale")("log")
    axis = getattr(ax, f"{name}axis")
    axis.set_major_formatter(Powers())
    axis.set_minor_formatter(Powers(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def wrapped(text: str, most: int) -> str:
    """A text in lines of at most so many letters."""
    lines = [""]  # Chinese breaks between any two characters, but not before a mark
    for part in re.findall(rf"[{WIDE}]\s*|[^{WIDE}\s]{{1,{most}}}\s*", text):
        if lines[-1] and columns(lines[-1] + part.rstrip()) > most and part[0] not in MARKS:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def columns(text: str) -> int:
    """How wide a text is, in letters; a Chinese character counts twice."""
    return len(text) + len(re.findall(f"[{WIDE}]", text))
