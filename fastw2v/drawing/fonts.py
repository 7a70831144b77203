# SPDX-License-Identifier: Apache-2.0
"""Fonts of this machine in which matplotlib can write all scripts of a text."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

LAST_RESORT = "LastResort"  # a font of matplotlib's with a box for every character there is


def fonts_for(text: str) -> list[str]:
    """Return families of fonts, matplotlib's own first, that together have the text's characters.

    matplotlib takes each character from the first family that has it. Characters for which no font
    is installed stay without; it warns of them when it draws.
    """
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont

    families = [str(family) for family in rcParams["font.family"]]
    missing = {ord(sign) for sign in text if not unicodedata.category(sign).startswith("C")}
    missing -= _characters(findfont(FontProperties(family=families)))
    for path in _installed() if missing else ():
        found = missing & _characters(path)
        if found:
            families.append(_family(path))
            missing -= found
    return families


def _installed() -> list[str]:
    """Return files of upright fonts of usual weight, and first those that matplotlib has listed.

    It lists them once and keeps the list in a file, so that it does not know newer ones.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    def is_plain(entry: Any) -> bool:
        usual = (entry.style, entry.variant, entry.stretch) == ("normal", "normal", "normal")
        return usual and entry.weight in (400, "normal", "regular", "book")

    listed = {entry.fname: is_plain(entry) for entry in fontManager.ttflist}
    plain = [path for path, is_plain in listed.items() if is_plain and LAST_RESORT not in path]
    newer = [path for path in findSystemFonts() if path not in listed and "Regular" in path]
    return sorted(plain, key=_shortest) + sorted(newer, key=_shortest)


def _shortest(path: str) -> tuple[int, str]:
    """Order files: "Sans" comes before "SansDisplay" and "SansTamil"."""
    return len(path), path


def _family(path: str) -> str:
    """Return the family of a font, which matplotlib then knows."""
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    if all(entry.fname != path for entry in fontManager.ttflist):
        fontManager.addfont(path)
    return str(FT2Font(path).family_name)


@functools.lru_cache(maxsize=1024)
def _characters(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that cannot be read has no characters
        return frozenset()
