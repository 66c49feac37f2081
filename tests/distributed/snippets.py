"""The code blocks of docs/distributed.md, to be run as they are."""

import re

from conftest import REPOSITORY


def snippet(language: str, containing: str) -> str:
    page = (REPOSITORY / "docs/distributed.md").read_text()
    blocks = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    (found,) = (block for block in blocks if containing in block)
    return found
