"""Finds the datasets of a merge: in given folders, in `$HF_LEROBOT_HOME`, or on the Hub.

Follows LeRobot's datasets/dataset_metadata.py and utils/constants.py.
"""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from robomerge.errors import error_of
from robomerge.report import Problem

# LeRobot's CODEBASE_VERSION. LeRobot downloads the newest tag of this major version that is not
# newer.
VERSION = (3, 0)


def lerobot_home() -> Path:
    """`$HF_LEROBOT_HOME`, or LeRobot's default. If LeRobot is loaded, the folder that it has
    chosen."""
    constants = sys.modules.get("lerobot.utils.constants")
    if constants is not None:
        return Path(constants.HF_LEROBOT_HOME)
    home = os.environ.get("HF_LEROBOT_HOME")
    if home is not None:
        return Path(home).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(os.path.expandvars(Path(os.environ.get("HF_HOME", cache)).expanduser())) / "lerobot"


def find_sources(repo_ids: Sequence[str], roots: Sequence[str | os.PathLike[str] | None] | None) -> list[Path]:
    """The folder of each dataset, in order. Fetches what is not there, and reports all that cannot
    be fetched at once."""
    if isinstance(repo_ids, str):
        raise TypeError(f"repo_ids is a list of names, not one: [{repo_ids!r}]")
    if roots is not None and len(roots) != len(repo_ids):
        # LeRobot's aggregate.py silently leaves out what has no counterpart. Its command says this.
        problem = Problem(
            "invalid_argument",
            "E-options",
            "repo_ids and roots must have the same length",
            found=f"{len(repo_ids)} and {len(roots)}",
        )
        raise error_of([problem])
    sources: list[Path] = []
    problems: list[Problem] = []
    for repo_id, root in zip(repo_ids, roots if roots is not None else [None] * len(repo_ids), strict=True):
        place = Path(root) if root is not None else lerobot_home() / repo_id
        if not (place / "meta/info.json").is_file():
            fetched = _fetch(repo_id, None if root is None else place)
            if isinstance(fetched, Problem):
                problems.append(fetched)
                continue
            place = fetched
        sources.append(place)
    if problems:
        raise error_of(problems)
    return sources


def _fetch(repo_id: str, root: Path | None) -> Path | Problem:
    """Downloads into `root`, or into LeRobot's cache of snapshots. Returns the folder, or why there
    is none."""
    place = root if root is not None else lerobot_home() / repo_id

    def problem(code: str, what: str, found: str, hint: str, kind: str = "E-no-dataset") -> Problem:
        return Problem(
            code, kind, what, source=repo_id, where=str(place), expected="a LeRobot dataset", found=found, hint=hint
        )

    try:
        import huggingface_hub
    except ImportError:
        what = f"no dataset here, and `{repo_id}` cannot be fetched: huggingface_hub is not installed"
        return problem(
            "not_found", what, "no meta/info.json", "check the path, or run: python -m pip install huggingface_hub"
        )
    try:
        tags = _version_tags(huggingface_hub, repo_id)
        revision = best_version(tags)
        if revision is None:
            what = f"`{repo_id}` is on the Hub, but not in version v3.0 of the format"
            found = f"versions {', '.join(tags)}" if tags else "no version tag"
            return problem("unsupported", what, found, "convert it with LeRobot first", kind="E-version")
        where: dict[str, Any] = {"cache_dir": lerobot_home() / "hub"} if root is None else {"local_dir": root}
        return Path(huggingface_hub.snapshot_download(repo_id, repo_type="dataset", revision=revision, **where))
    except Exception as error:  # of several libraries, by version of huggingface_hub
        return problem(
            "not_found",
            f"no dataset here, and `{repo_id}` could not be fetched from the Hub",
            _reason(error),
            _advice(error),
        )


def _version_tags(huggingface_hub: ModuleType, repo_id: str) -> list[str]:
    from huggingface_hub.errors import OfflineModeIsEnabled

    try:
        refs = huggingface_hub.HfApi().list_repo_refs(repo_id, repo_type="dataset")
    except OfflineModeIsEnabled:
        return ["v{}.{}".format(*VERSION)]  # a snapshot may still be in the cache
    return [tag.name for tag in refs.tags]


def best_version(tags: Sequence[str], newest: tuple[int, int] = VERSION) -> str | None:
    """The newest tag of this major version that is not newer."""
    versions = {}
    for tag in tags:
        match = re.fullmatch(r"v(\d+)\.(\d+)(?:\.\d+)?", tag)
        if match and int(match[1]) == newest[0] and int(match[2]) <= newest[1]:
            versions[tuple(map(int, tag[1:].split(".")))] = tag
    return versions[max(versions)] if versions else None


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _advice(error: Exception) -> str:
    name = type(error).__name__
    if name in ("LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectionError", "ConnectError", "ConnectTimeout"):
        return "check the path, or connect to the network (and unset HF_HUB_OFFLINE) so that it can be downloaded"
    if name in ("RepositoryNotFoundError", "GatedRepoError"):
        return "check the path and the name, or log in with: hf auth login"
    return "check the path and the name"
