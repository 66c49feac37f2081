"""The card of a dataset that is pushed, and what is known of the licences of its sources."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robomerge.hub import cache
from robomerge.hub.address import Address

#: A card with this line is robomerge's to write anew.
MARK = "<!-- This card is made by `robomerge push`. Remove this line to keep what you write here. -->"
_NAME = re.compile(r"([^/@\s]+/[^/@\s]+)@([0-9a-f]{40})")


@dataclass(frozen=True)
class CardSource:
    """A source of a merge, as its record has it."""

    name: str
    address: Address | None
    #: None: not known.
    licence: str | None
    num_episodes: int | None


def sources_of(root: Path) -> list[CardSource]:
    """What meta/robomerge.json says of the sources; none where there is no record."""
    try:
        record = json.loads((root / "meta/robomerge.json").read_bytes())
        entries = record["sources"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    sources = []
    for entry in entries if isinstance(entries, list) else ():
        name = str(entry.get("name") or "") if isinstance(entry, dict) else ""
        match = _NAME.fullmatch(name)
        address = Address(match[1], match[2]) if match else None
        number = entry.get("num_episodes") if isinstance(entry, dict) else None
        licence = licence_of(address) if address else None
        sources.append(CardSource(name, address, licence, number if isinstance(number, int) else None))
    return sources


def licence_of(address: Address) -> str | None:
    """What the source's own card states, from the cache or the Hub."""
    path = cache.storage_for(address, str(address.revision)) / "snapshots" / str(address.revision) / "README.md"
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else _download(address)
        return licence_in(text)
    except Exception:  # no network, no access, no card: it is not known
        return None


def _download(address: Address) -> str:
    from huggingface_hub import hf_hub_download

    path = hf_hub_download(
        address.repo_id,
        "README.md",
        repo_type="dataset",
        revision=address.revision,
        cache_dir=cache.caches()[0],
    )
    return Path(path).read_text(encoding="utf-8")


def licence_in(card: str) -> str | None:
    from huggingface_hub import DatasetCard

    data: Any = DatasetCard(card, ignore_metadata_errors=True).data
    licence = getattr(data, "license", None)
    if not licence:
        return None
    # The Hub's names are in small letters.
    names = [str(name).lower() for name in (licence if isinstance(licence, list) else [licence])]
    own_name = data.to_dict().get("license_name")
    return ", ".join(f"other ({own_name})" if name == "other" and own_name else name for name in names)


def is_ours(card: str) -> bool:
    return MARK in card


def common_licence(sources: list[CardSource]) -> str | None:
    """The licence that all sources have; None if they differ, or one is not known."""
    licences = {source.licence for source in sources}
    return licences.pop() if len(licences) == 1 else None


def make_card(repo_id: str, root: Path, sources: list[CardSource]) -> str:
    """As create_lerobot_dataset_card of LeRobot's datasets/utils.py: the same tags and configs."""
    from huggingface_hub import DatasetCardData

    info = json.loads((root / "meta/info.json").read_bytes())
    licence = common_licence(sources)
    own_name = re.fullmatch(r"other \((.*)\)", licence or "")
    data = DatasetCardData(
        license="other" if own_name else licence.split(", ") if licence and ", " in licence else licence,
        tags=["LeRobot"],
        task_categories=["robotics"],
        configs=[{"config_name": "default", "data_files": "data/*/*.parquet"}],
        **({"license_name": own_name[1]} if own_name else {}),
    )
    cameras = [name for name, each in info["features"].items() if each.get("dtype") in ("video", "image")]
    facts = {
        "Episodes": f"{info.get('total_episodes', 0):,}",
        "Frames": f"{info.get('total_frames', 0):,}",
        "Frames a second": str(info.get("fps")),
        "Robot": str(info.get("robot_type") or "not stated"),
        "Cameras": ", ".join(f"`{name}`" for name in cameras) or "none",
    }
    parts = [
        f"---\n{data.to_yaml()}\n---",
        MARK,
        f"# {repo_id.partition('/')[2]}",
        "A [LeRobot](https://github.com/huggingface/lerobot) dataset"
        + (f", merged by robomerge of {len(sources)} dataset{'s'[: len(sources) > 1]}." if sources else "."),
        "\n".join(f"- {name}: {_cell(value)}" for name, value in facts.items()),
    ]
    if sources:
        parts += ["## Sources", _table(sources), _about_licences(sources)]
    text = json.dumps(info, indent=4, ensure_ascii=False)
    parts += ["## Dataset structure", f"[meta/info.json](meta/info.json):\n\n```json\n{text}\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(sources: list[CardSource]) -> str:
    rows = ["| source | revision | episodes | licence |", "|---|---|---:|---|"]
    for source in sources:
        if source.address is not None:
            name = f"[{source.address.repo_id}](https://huggingface.co/datasets/{source.address.repo_id})"
            revision = f"`{str(source.address.revision)[:12]}`"
        else:
            name, revision = _cell(source.name) or "(no name)", ""
        number = "" if source.num_episodes is None else f"{source.num_episodes:,}"
        rows.append(f"| {name} | {revision} | {number} | {_cell(source.licence or 'not known')} |")
    return "\n".join(rows)


def _about_licences(sources: list[CardSource]) -> str:
    words = licence_warning(sources)
    return f"**{words}** Each part stays under the licence of its source." if words else ""


def licence_warning(sources: list[CardSource]) -> str:
    """Empty if all sources have the same licence, or there are none."""
    licences = sorted({source.licence or "" for source in sources})
    if licences and licences[0] == "" and len(licences) == 1:
        return "The licences of the sources are not known."
    known = ", ".join(licence for licence in licences if licence)
    if "" in licences:
        return f"The licences of some sources are not known; of others: {known}."
    return f"The licences of the sources differ: {known}." if len(licences) > 1 else ""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"([|<>\[\]])", r"\\\1", text))
