"""Lists of words as they are written in the code: words with spaces between them, pairs with a colon, a comma after each."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """Words that stand with spaces or line ends between them."""
    return tuple(text.split())


def paired(text: str) -> dict[str, str]:
    """Pairs such as "grey: gray, cheque: check", over as many lines as wanted."""
    pairs = (pair.split(":") for pair in text.replace("\n", " ").split(",") if pair.strip())
    return {one.strip(): other.strip() for one, other in pairs}
