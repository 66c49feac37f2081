"""Checks the layout of the destination, info.json (3.5) and the table of tasks (3.2)."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_view import (
    DEFAULT_DATA_PATH,
    DEFAULT_EPISODES_PATH,
    DEFAULT_FEATURES,
    DEFAULT_VIDEO_PATH,
    DatasetView,
)
from findings import Findings, MergeOptions, Pairing

INFO_KEYS = [
    "codebase_version", "fps", "features", "total_episodes", "total_frames", "total_tasks", "chunks_size",
    "data_files_size_in_mb", "video_files_size_in_mb", "data_path", "video_path", "robot_type", "splits", "tools",
]  # fmt: skip
ENCODER_KEYS = (
    "video.g", "video.crf", "video.preset", "video.fast_decode", "video.extra_options", "video.video_backend"
)  # fmt: skip
DEPTH_KEYS = ("is_depth_map", "video.is_depth_map")
#: Keys that are compared with the video files, and not with what sources claim.
PROBED_KEYS = ("video.codec", "video.pix_fmt", "has_audio")


def check_layout(
    merged: DatasetView, sources, pairing: Pairing, options: MergeOptions, findings: Findings
) -> None:
    expected = {"meta", "data"} if pairing.pairs else {"meta"}
    if merged.video_keys and pairing.pairs:
        expected.add("videos")
    found = {path.name for path in merged.root.iterdir()}
    if pairing.pairs:
        findings.expect(found == expected, f"layout: the root holds {sorted(found)}, not {sorted(expected)}")
    else:
        findings.expect(found <= {"meta", "data", "videos"}, f"layout: the root holds {sorted(found)}")
    for kind in ("data", "meta/episodes", *(f"videos/{key}" for key in merged.video_keys)):
        folder = merged.root / kind
        referenced = {_path(merged, kind, episode) for episode in merged.episodes}
        present = {path for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()
        if pairing.pairs:
            for path in sorted(present - referenced):
                findings.add(f"I-9: {path.relative_to(merged.root)} is in no episode's row")
        for path in sorted(referenced - present):
            findings.add(f"I-5: {path.relative_to(merged.root)} is referenced but does not exist")
        slots = sorted(_slot(path) for path in present)
        for chunk_index, file_index in slots:
            findings.expect(
                file_index < max(options.chunk_size, 1) and chunk_index <= 999 or kind == "meta/episodes",
                f"I-3: {kind} has chunk {chunk_index}, file {file_index}; the chunk size is {options.chunk_size}",
            )
        for chunk_index in {slot[0] for slot in slots}:
            files = [slot[1] for slot in slots if slot[0] == chunk_index]
            findings.expect(
                files == list(range(len(files))), f"I-9: {kind}, chunk {chunk_index} has files {files}"
            )


def _path(view: DatasetView, kind: str, episode: dict) -> Path:
    slot = (episode[f"{kind}/chunk_index"], episode[f"{kind}/file_index"])
    if kind == "data":
        return view.data_path(*slot)
    if kind == "meta/episodes":
        return view.root / DEFAULT_EPISODES_PATH.format(chunk_index=slot[0], file_index=slot[1])
    return view.video_path(kind.removeprefix("videos/"), *slot)


def _slot(path: Path) -> tuple[int, int]:
    return int(path.parent.name.split("-")[1]), int(path.stem.split("-")[1])


def check_info(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    info, first = merged.info, sources[0].info
    num_episodes = len(pairing.pairs)
    tools = [view.info.get("tools") for view in sources]
    expected = {
        "codebase_version": "v3.0",
        "fps": first["fps"],
        "total_episodes": num_episodes,
        "total_frames": sum(view.total_frames for view in sources),
        "total_tasks": len(_union_of_tasks(sources)),
        "chunks_size": options.chunk_size,
        "data_files_size_in_mb": options.data_files_size_in_mb,
        "video_files_size_in_mb": options.video_files_size_in_mb,
        "data_path": DEFAULT_DATA_PATH,
        "video_path": DEFAULT_VIDEO_PATH if merged.video_keys else None,
        "robot_type": first.get("robot_type"),
        "splits": {"train": f"0:{num_episodes}"},
    }
    if tools[0] and all(entry == tools[0] for entry in tools):
        expected["tools"] = tools[0]
    for key, value in expected.items():
        kind = "W-22" if key == "tools" else "I-11" if key.startswith("total_") else "info.json"
        findings.expect(
            key in info and info[key] == value,
            f"{kind}: `{key}` is {info.get(key, 'absent')!r}, not {value!r}",
        )
    keys = [key for key in INFO_KEYS if key in expected or key == "features"]
    findings.expect(list(info) == keys, f"W-23: info.json has the keys {list(info)}, not {keys}")
    findings.expect(
        list(merged.features) == list(sources[0].features),
        f"info.json: features {list(merged.features)} are not those of the first source in its order",
    )
    for name, feature in merged.features.items():
        if name in sources[0].features:
            _check_feature(name, feature, merged, sources, findings)


def _check_feature(
    name: str, feature: dict, merged: DatasetView, sources: list[DatasetView], findings: Findings
) -> None:
    where = f"features[{name!r}]"
    if name in DEFAULT_FEATURES:
        canonical = {"dtype": DEFAULT_FEATURES[name], "shape": [1], "names": None}
        without_fps = {key: value for key, value in feature.items() if key != "fps"}
        findings.expect(without_fps == canonical, f"info.json: {where} is {feature}, not {canonical}")
        return
    first = sources[0].features[name]
    for key in ("dtype", "shape", "names"):
        findings.expect(
            feature.get(key) == first.get(key),
            f"info.json: {where}.{key} is {feature.get(key)}, not {first.get(key)}",
        )
    info, first_info = _info(feature), _info(first)
    depth = any(_is_depth(view.features[name]) for view in sources)
    findings.expect(
        _is_depth(feature) == depth, f"info.json: {where} says depth map {_is_depth(feature)}, not {depth}"
    )
    if depth:
        findings.expect(
            (feature.get("info") or {}).get("is_depth_map") is True and "video.is_depth_map" not in info,
            f"info.json: {where} does not carry the canonical depth marker alone",
        )
    for key, value in first_info.items():
        if key not in (*ENCODER_KEYS, *DEPTH_KEYS, *PROBED_KEYS) and not key.startswith("audio."):
            findings.expect(
                info.get(key) == value,
                f"info.json: {where}.info[{key!r}] is {info.get(key)!r}, not {value!r}",
            )
    if feature["dtype"] != "video":
        return
    for key in ENCODER_KEYS:
        values = [_info(view.features[name]).get(key) for view in sources]
        agreed = (
            values[0]
            if all(value == values[0] for value in values)
            else {}
            if key == "video.extra_options"
            else None
        )
        agreed = "pyav" if key == "video.video_backend" else agreed
        findings.expect(
            key in info and info[key] == agreed,
            f"info.json: {where}.info[{key!r}] is {info.get(key, 'absent')!r}, not {agreed!r}",
        )
    files = [
        merged.video(path) for path in sorted({merged.video_path_of(name, row) for row in merged.episodes})
    ]
    if files:
        findings.expect(
            info.get("video.codec") == files[0].codec,
            f"video.codec: {where} says {info.get('video.codec')!r}, the stream is {files[0].codec!r}",
        )
        if not any(file.has_audio for file in files):
            findings.expect(not info.get("has_audio"), f"W-9: {where} says it has audio, no file has")


def _info(feature: dict) -> dict:
    return feature.get("info") or feature.get("video_info") or {}


def _is_depth(feature: dict) -> bool:
    places = (feature.get("info") or {}, feature.get("video_info") or {})
    return any(bool(place.get(key)) for place in places for key in DEPTH_KEYS)


def _union_of_tasks(sources: list[DatasetView]) -> list[str]:
    return list(dict.fromkeys(task for view in sources for task in view.tasks))


def check_tasks(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    expected = _union_of_tasks(sources)
    path = merged.root / "meta/tasks.parquet"
    if not path.exists():
        findings.expect(not expected, "I-6: meta/tasks.parquet is missing")
        return
    table = pq.read_table(path)
    findings.expect(
        table.schema.names == ["task_index", "task"] and table.schema.types == [pa.int64(), pa.string()],
        f"1.6: meta/tasks.parquet has the columns {table.schema.names} of types {table.schema.types}",
    )
    pandas = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    findings.expect(
        pandas.get("index_columns") == ["task"], "1.6: meta/tasks.parquet does not name `task` as its index"
    )
    findings.expect(merged.tasks == expected, f"3.2: the tasks are {merged.tasks}, not {expected}")
    numbers = table.column("task_index").to_pylist()
    findings.expect(numbers == list(range(len(numbers))), f"I-6: the column task_index is {numbers}")
