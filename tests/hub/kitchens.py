"""What the tests know of the datasets on the Hub, and of results."""

import json
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CAMERAS = ("observation.images.top", "observation.images.wrist")


def tree(root: Path) -> dict[str, bytes]:
    """The files of a dataset. Of its record, the names of the sources are left out."""
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    record = json.loads(files.pop("meta/robomerge.json"))
    for source in [*record["sources"], *record.get("skipped", [])]:
        source.pop("name", None)
    record.pop("content_id")
    return files | {"record": json.dumps(record).encode()}


def names(root: Path) -> list[str | None]:
    """What the record calls the sources."""
    return [source.get("name") for source in json.loads((root / "meta/robomerge.json").read_bytes())["sources"]]


def payload(hub) -> list[str]:
    """The payload files that were asked for."""
    asked = [re.search(r"(?:data|videos)/.*", request.path)[0] for request in hub.asked(r"GET /datasets/.*/(data|videos)/")]
    return sorted(set(asked))
