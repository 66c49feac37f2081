"""docs/errors.md lists every kind of error, warning and finding that the code can make, and no other."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
#: Stems of kinds, with the endings that src/persist gives them.
STEMS = {"E-plan", "E-partial"}
ENDINGS = ("-missing", "-version", "-damaged")


def kinds_in_the_code() -> set[str]:
    kinds = set()
    for folder in ("src", "include", "cli", "python/extension", "python/robomerge"):
        for path in (REPOSITORY / folder).rglob("*"):
            if path.suffix in {".cc", ".h", ".py"} and not path.stem.endswith("_test"):
                kinds |= set(re.findall(r'"([EWV]-[a-z-]+[a-z])"', path.read_text()))
    assert STEMS <= kinds
    return kinds - STEMS | {stem + ending for stem in STEMS for ending in ENDINGS}


def listed() -> set[str]:
    page = (REPOSITORY / "docs/errors.md").read_text()
    return {kind for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for kind in re.findall(r"`([EWV]-[a-z-]+)`", row)}


def test_every_kind_is_listed():
    assert kinds_in_the_code() - listed() == set()


def test_every_kind_that_is_listed_can_be_made():
    # A dataset that contradicts itself has findings named after errors and warnings of its reader.
    made = kinds_in_the_code()
    made |= {"V" + kind[1:] for kind in made}
    assert listed() - made == set()
