"""Parses values as LeRobot's command line takes them. They are YAML, but a merge needs only words
and lists of words, so PyYAML is not needed."""

import re

# A word in quotes (with '' or \" for the quote itself), or a bare one up to the next comma or
# bracket.
_ITEM = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"\\]|\\.)*)"|([^\s'",\[\]{}][^,\[\]{}]*?))\s*(,|\])""")
_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")


def parse_list(text: str) -> list[str]:
    """Parses a list such as `['a/x', "b/y", c/z]`, or one in JSON. Raises ValueError for anything
    else."""
    text = text.strip()
    if not text.startswith("[") or not text.endswith("]"):
        raise ValueError(f"The given value={text!r} is not of a valid input for a list type")
    words: list[str] = []
    at = 1
    while text[at:].strip() != "]":
        item = _ITEM.match(text, at)
        if item is None or (item[4] == "]" and item.end() != len(text)):
            raise ValueError(f"The given value={text!r} is not of a valid input for a list type")
        single, double, bare, end = item.groups()
        if single is not None:
            words.append(single.replace("''", "'"))
        else:
            words.append(re.sub(r"\\(.)", r"\1", double) if double is not None else bare)
        at = item.end()
        if end == "]":
            break
    return words


def parse_bool(text: str) -> bool:
    """Raises ValueError, in LeRobot's words, if the text is no bool."""
    word = text.strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(f"Couldn't parse {text!r} into a bool")
    return word in _TRUE


def parse_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"Couldn't parse {text!r} into an int") from None
