"""Pure: what strangers wrote, made plain and bounded: no signs that are not seen or that steer a screen."""

import unicodedata

MOST_DESCRIPTION = 1_500
"""Characters of what a model is told of a tool; the longest of the well-known servers' have about 1,000."""
MOST_ARGUMENT = 400
"""Characters of what a model is told of one argument."""
_KEPT = "\n\t\u200c\u200d"
"""The joiners belong to words of Persian and to emoji."""
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")


def plain(text: object, most: int) -> str:
    """Anything but a text is nothing."""
    if not isinstance(text, str):
        return ""
    cut = text[: 4 * most]
    seen = "".join(one for one in cut if one in _KEPT or unicodedata.category(one) not in _UNSEEN).strip()
    return seen if len(seen) <= most else seen[: most - 1].rstrip() + "…"


def plain_line(text: object, most: int) -> str:
    """The same, on one line."""
    return plain(" ".join(str(text).split()) if isinstance(text, str) else "", most)
