"""How wide a text stands on a terminal or in a file of letters of one width."""

import unicodedata


def width_of(text: str) -> int:
    """Columns: a Chinese character takes two, an accent that is a character of its own none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
