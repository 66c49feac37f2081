"""hf://datasets/OWNER/NAME[@REVISION]"""

import re
from dataclasses import dataclass

from robomerge.hub.trouble import HubError
from robomerge.report import Problem

PREFIX = "hf://"
FORM = "hf://datasets/OWNER/NAME, or hf://datasets/OWNER/NAME@REVISION"
# The Hub's own rules of names.
_NAME = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
_REVISION = re.compile(r"(?!.*(?:\.\.|//|@\{))[A-Za-z0-9_][A-Za-z0-9._/+-]{0,254}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Address:
    repo_id: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}datasets/{self.repo_id}" + (f"@{self.revision}" if self.revision else "")

    @property
    def is_pinned(self) -> bool:
        """Whether it names a commit, which never changes."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None


def is_address(text: object) -> bool:
    return isinstance(text, str) and text.startswith("hf:")


def parse_address(text: str, *, takes_revision: bool = True) -> Address:
    """Raises HubError (E-hub-address)."""
    hint = ""
    match = re.fullmatch(r"hf://datasets/([^/@]+)/([^/@]+)(?:@(.*))?", text, re.DOTALL)
    if match and all(map(_NAME.fullmatch, match.group(1, 2))):
        address = Address(f"{match[1]}/{match[2]}", match[3])
        if match[3] is None or (takes_revision and _REVISION.fullmatch(match[3])):
            return address
        hint = "" if takes_revision else "name a branch with --branch"
    elif re.fullmatch(r"hf://[^/@]+/[^/@]+(@.*)?", text) and not text.startswith("hf://datasets/"):
        hint = f"did you mean `hf://datasets/{text.removeprefix(PREFIX)}`?"
    form = FORM if takes_revision else FORM.partition(",")[0]
    what = "this is no address of a dataset on the Hub"
    raise HubError([Problem("invalid_argument", "E-hub-address", what, where=text[:200], expected=form, hint=hint)])
