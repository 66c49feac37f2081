"""Parses values as LeRobot's command line takes them. They are YAML in flow style,
which is parsed here, so that PyYAML is not needed."""

import json
import re
from collections.abc import Callable
from typing import Any

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


def parse_flow(text: str) -> object:
    """Parses YAML's flow style: lists, mappings, words in quotes or bare, numbers, bools and null.
    Raises ValueError for anything else."""
    parser = _Flow(text.strip())
    value = parser.value(",]}")
    if parser.rest():
        raise ValueError(f"Couldn't parse {text!r}")
    return value


class _Flow:
    _NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\Z")

    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def rest(self) -> str:
        return self.text[self.at :].strip()

    def _peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _fail(self) -> ValueError:
        return ValueError(f"Couldn't parse {self.text!r} at character {self.at + 1}")

    def value(self, ends: str) -> object:
        sign = self._peek()
        if sign == "[":
            return self._items("]", lambda: self.value(",]"))
        if sign == "{":
            return dict(self._items("}", self._pair))
        if sign and sign in "'\"":
            return self._quoted(sign)
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        return self._scalar(self.text[begin : self.at].strip())

    def _items(self, end: str, item: Callable[[], object]) -> list[Any]:
        self.at += 1
        items: list[Any] = []
        while self._peek() != end:
            items.append(item())
            if self._peek() == ",":
                self.at += 1
            elif self._peek() != end:
                raise self._fail()
        self.at += 1
        return items

    def _pair(self) -> tuple[object, object]:
        key = self.value(":,}")
        if self._peek() != ":":
            raise self._fail()
        self.at += 1
        return key, self.value(",}")

    def _quoted(self, sign: str) -> str:
        pattern = r"'((?:[^']|'')*)'" if sign == "'" else r'"((?:[^"\\]|\\.)*)"'
        match = re.compile(pattern, re.DOTALL).match(self.text, self.at)
        if match is None:
            raise self._fail()
        self.at = match.end()
        return match[1].replace("''", "'") if sign == "'" else str(json.loads(match[0]))

    def _scalar(self, word: str) -> object:
        if not word:
            raise self._fail()
        if word.lower() in ("null", "~"):
            return None
        if word.lower() in _TRUE[:3]:
            return True
        if word.lower() in _FALSE[:3]:
            return False
        if self._NUMBER.match(word):
            return float(word) if any(sign in word for sign in ".eE") else int(word)
        return word
