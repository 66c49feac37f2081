"""What docs/adapt.md says, once more and slowly: small datasets as plain values, each rule applied to
them, and a result read back to be compared."""

import fnmatch
import json
import operator
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from test_adapt import pictures_of
from tiny_dataset import COUNTERS, statistics
from tiny_video import HEIGHT, WIDTH, make_mp4

DEFAULTS = ("timestamp", *COUNTERS)
FPS = 10
OPERATORS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass
class Episode:
    """`values` has a list of rows for every column, `pictures` a list of (seed, number) for every
    camera, `tasks` a text for every row."""

    values: dict[str, list]
    pictures: dict[str, list]
    tasks: list[str]

    def __len__(self) -> int:
        return len(self.tasks)


@dataclass
class Dataset:
    name: str
    features: dict[str, dict]
    episodes: list[Episode] = field(default_factory=list)
    robot_type: str = "toy_arm"

    def tasks(self) -> list[str]:
        return list(dict.fromkeys(task for episode in self.episodes for task in episode.tasks))

    def vectors(self) -> list[str]:
        return [name for name, entry in self.features.items() if entry["shape"] != [1] and entry["dtype"] != "video"]


def camera_feature(height: int = HEIGHT) -> dict:
    return {"dtype": "video", "shape": [height, WIDTH, 3], "names": ["height", "width", "channels"]}


def is_text(entry: dict) -> bool:
    return entry["dtype"] == "string"


# -- A dataset on the disk.


def arrow_type(entry: dict) -> pa.DataType:
    kind = {"bool": pa.bool_(), "string": pa.string()}.get(entry["dtype"]) or pa.type_for_alias(entry["dtype"])
    return kind if entry["shape"] == [1] else pa.list_(kind, entry["shape"][0])


def write_dataset(root: Path, made: Dataset, episodes_per_file: int = 1000) -> Path:
    """All episodes of `episodes_per_file` in one data file and one video of each camera."""
    tasks, cameras = made.tasks(), [name for name, entry in made.features.items() if entry["dtype"] == "video"]
    columns = {name: entry for name, entry in made.features.items() if name not in cameras}
    columns |= {name: {"dtype": "float32" if name == "timestamp" else "int64", "shape": [1], "names": None} for name in DEFAULTS}
    schema = pa.schema([(name, arrow_type(entry)) for name, entry in columns.items()])
    rows, all_values, first = [], {name: [] for name in columns}, 0
    for file, begin in enumerate(range(0, len(made.episodes), episodes_per_file)):
        here = made.episodes[begin : begin + episodes_per_file]
        path = root / f"data/chunk-000/file-{file:03d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        at = 0
        with pq.ParquetWriter(path, schema, compression="snappy") as writer:
            for number, episode in enumerate(here, begin):
                count = len(episode)
                values = episode.values | {
                    "timestamp": [float(np.float32(frame / FPS)) for frame in range(count)],
                    "frame_index": list(range(count)),
                    "episode_index": [number] * count,
                    "index": list(range(first, first + count)),
                    "task_index": [tasks.index(task) for task in episode.tasks],
                }
                writer.write_table(pa.table({name: pa.array(values[name], schema.field(name).type) for name in columns}, schema=schema))
                row = {"episode_index": number, "tasks": list(dict.fromkeys(episode.tasks)), "length": count}
                row |= {"data/chunk_index": 0, "data/file_index": file, "dataset_from_index": first, "dataset_to_index": first + count}
                for camera in cameras:
                    row |= {f"videos/{camera}/chunk_index": 0, f"videos/{camera}/file_index": file}
                    row |= {f"videos/{camera}/from_timestamp": at / FPS, f"videos/{camera}/to_timestamp": (at + count) / FPS}
                    row |= {f"stats/{camera}/{stat}": values for stat, values in picture_statistics(count).items()}
                for name, entry in columns.items():
                    if not is_text(entry):
                        row |= {f"stats/{name}/{stat}": found for stat, found in statistics(as_rows(values[name])).items()}
                        all_values[name] += as_rows(values[name])
                rows.append(row | {"meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0})
                first, at = first + count, at + count
        for camera in cameras:
            frames = [picture for episode in here for picture in episode.pictures[camera]]
            path = root / f"videos/{camera}/chunk-000/file-{file:03d}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = make_mp4([number * 1024 for number in range(len(frames))], 0)
            plain = b"".join(bytes([0, number]) * 8 for number in range(len(frames)))
            path.write_bytes(content.replace(plain, b"".join(bytes(picture) * 8 for picture in frames), 1))
    (root / "meta/episodes/chunk-000").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), root / "meta/episodes/chunk-000/file-000.parquet", compression="snappy")
    stats = {name: statistics(values) for name, values in all_values.items() if values}
    stats |= {camera: picture_statistics(first) for camera in cameras}
    (root / "meta/stats.json").write_text(json.dumps(stats))
    pandas = {"index_columns": ["task"], "column_indexes": [], "columns": [], "creator": {}, "pandas_version": "2.3.3"}
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": tasks})
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), root / "meta/tasks.parquet")
    described = {name: made.features[name] | {"info": {"video.codec": "mp4v", "video.fps": FPS}} for name in cameras}
    info = {
        "codebase_version": "v3.0",
        "robot_type": made.robot_type,
        "total_episodes": len(made.episodes),
        "total_frames": first,
        "total_tasks": len(tasks),
        "chunks_size": 1000,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": FPS,
        "splits": {"train": f"0:{len(made.episodes)}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4" if cameras else None,
        "features": described | columns,
    }
    (root / "meta/info.json").write_text(json.dumps(info))
    return root


def as_rows(values: list) -> list[list[float]]:
    return [[float(number) for number in (value if isinstance(value, list) else [value])] for value in values]


def picture_statistics(count: int) -> dict[str, list]:
    return {stat: [[[0.5]], [[0.25]], [[0.75]]] for stat in ("min", "max", "mean", "std")} | {"count": [count]}


# -- The rules: {flag: values}, as flags come.


def numbers_of(text: str, count: int) -> set[int]:
    chosen = set()
    for part in text.split(","):
        begin, dash, end = part.partition("-")
        chosen |= set(range(int(begin), (int(end) if end else count - 1) + 1 if dash else int(begin) + 1))
    return chosen


def mix(number: int) -> int:
    """SplitMix64: the step, then the mix."""
    wide = 2**64 - 1
    number = (number + 0x9E3779B97F4A7C15) & wide
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & wide
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & wide
    return number ^ (number >> 31)


def is_task(task: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(task, pattern[5:]) if pattern.startswith("glob:") else task == pattern


def says(episode: Episode, condition: str) -> bool:
    name, sign, text = re.fullmatch(r"(\S+) (=|!=|<=|>=|<|>) (.*)", condition).groups()
    last = {"frame_index": len(episode) - 1, "timestamp": float(np.float32((len(episode) - 1) / FPS))}.get(name)
    value = episode.values[name][-1] if last is None else last
    if not isinstance(value, str):
        text = {"true": True, "false": False}[text] if text in ("true", "false") else float(text)
    return OPERATORS[sign](value, text)


def chosen(source: Dataset, rules: dict[str, list[str]]) -> dict[int, Episode]:
    """What the rules keep, by number, untrimmed."""
    kept = dict(enumerate(source.episodes))
    count = len(kept)
    if "episodes" in rules:
        chosen = set().union(*(numbers_of(text, count) for text in rules["episodes"]))
        kept = {number: episode for number, episode in kept.items() if number in chosen}
    for text in rules.get("exclude-episodes", []):
        kept = {number: episode for number, episode in kept.items() if number not in numbers_of(text, count)}

    def keep(condition) -> None:
        nonlocal kept
        kept = {number: episode for number, episode in kept.items() if condition(episode)}

    if "select-task" in rules:
        keep(lambda episode: any(is_task(task, pattern) for task in episode.tasks for pattern in rules["select-task"]))
    keep(lambda episode: not any(is_task(task, pattern) for task in episode.tasks for pattern in rules.get("exclude-task", [])))
    keep(lambda episode: int(rules.get("min-frames", ["0"])[-1]) <= len(episode) <= int(rules.get("max-frames", ["99"])[-1]))
    keep(lambda episode: all(says(episode, condition) for condition in rules.get("where", [])))
    if "sample" in rules:
        seed = int(rules.get("seed", ["0"])[-1])
        lowest = sorted(kept, key=lambda number: mix((seed << 32) + number))[: int(rules["sample"][-1])]
        kept = {number: kept[number] for number in sorted(lowest)}
    return kept


def selected(source: Dataset, rules: dict[str, list[str]]) -> list[Episode]:
    kept = chosen(source, rules)
    for number, text in map(pair, rules.get("trim", [])):
        kept[int(number)] = trimmed(kept[int(number)], text)
    return list(kept.values())


def trimmed(episode: Episode, text: str) -> Episode:
    begin, _, end = text.partition("-")
    kept = slice(int(begin), int(end) + 1 if end else int(begin) + 1 if "-" not in text else None)
    cut = {name: values[kept] for name, values in episode.values.items()}
    return Episode(cut, {camera: pictures[kept] for camera, pictures in episode.pictures.items()}, episode.tasks[kept])


def pair(text: str) -> list[str]:
    return [part.replace("\\=", "=") for part in re.split(r"(?<!\\)=", text, maxsplit=1)]


def change_values(source: Dataset, name: str, change) -> None:
    for episode in source.episodes:
        if name in episode.values:
            episode.values[name] = [change(value) for value in episode.values[name]]


def cast(value, dtype: str):
    if isinstance(value, list):
        return [cast(number, dtype) for number in value]
    if dtype.startswith(("int", "uint")):
        return round(value)
    return bool(value) if dtype == "bool" else float(np.dtype(dtype).type(value))


def filled_value(text: str, entry: dict):
    if is_text(entry):
        return text
    number = text == "true" if entry["dtype"] == "bool" else float(text) if entry["dtype"].startswith("float") else int(text)
    return number if entry["shape"] == [1] else [number] * entry["shape"][0]


def plain(task: str) -> str:
    return " ".join(task.split()).removesuffix(".").rstrip().lower()


def adapted(sources: list[Dataset], rules: dict[str, list[str]]) -> Dataset:
    """The merge of the sources, which are changed, under the rules."""
    for source in sources:
        source.episodes = selected(source, rules)
    sources = [source for source in sources if source.episodes]
    for source in sources:
        renames = dict(map(pair, rules.get("rename", [])))
        source.features = {renames.get(name, name): dict(entry) for name, entry in source.features.items()}
        for episode in source.episodes:
            episode.values = {renames.get(name, name): list(values) for name, values in episode.values.items()}
            episode.pictures = {renames.get(name, name): pictures for name, pictures in episode.pictures.items()}
    if not sources:
        return Dataset("result", {})
    every = set.intersection(*(set(source.features) for source in sources))
    for source in sources:
        for name in list(source.features):
            left_out = any(fnmatch.fnmatchcase(name, pattern) for pattern in rules.get("drop", []))
            if left_out or ("keep-common" in rules and name not in every):
                del source.features[name]
                for episode in source.episodes:
                    episode.values.pop(name, None), episode.pictures.pop(name, None)
    for name, text in map(pair, rules.get("fill", [])):
        entry = next(source.features[name] for source in sources if name in source.features)
        for source in sources:
            if name not in source.features:
                source.features[name] = dict(entry)
                for episode in source.episodes:
                    episode.values[name] = [filled_value(text, entry)] * len(episode)
    for name, dtype in map(pair, rules.get("cast", [])):
        for source in sources:
            if source.features[name]["dtype"] != dtype:
                source.features[name]["dtype"] = dtype
                change_values(source, name, lambda value, dtype=dtype: cast(value, dtype))
    first = sources[0]
    for name in first.vectors() if "reorder-by-name" in rules else []:
        names = first.features[name]["names"]
        for source in sources[1:]:
            own = source.features[name]["names"]
            if names and own and sorted(own) == sorted(names):
                change_values(source, name, lambda row, order=[own.index(word) for word in names]: [row[at] for at in order])
                source.features[name]["names"] = names
    for name, text in map(pair, rules.get("pad", [])):
        for source in sources:
            entry = source.features[name]
            more = range(entry["shape"][0], int(text))
            entry["names"] = entry["names"] and [*entry["names"], *(f"pad_{at}" for at in more)]
            entry["shape"] = [int(text)]
            change_values(source, name, lambda row, more=more: row + [0] * len(more))
    robot_type = rules.get("robot-type", [first.robot_type])[-1]
    replaced = dict(map(pair, rules.get("replace-task", [])))
    spellings: dict[str, str] = {}
    for source in sources:
        for episode in source.episodes:
            tasks = [rules["set-task"][-1]] * len(episode) if "set-task" in rules else episode.tasks
            episode.tasks = [replaced.get(task, task) for task in tasks]
        for episode in source.episodes if "normalize-tasks" in rules else []:
            episode.tasks = [spellings.setdefault(plain(task), task) for task in episode.tasks]
        for episode in source.episodes if "prefix-tasks" in rules else []:
            episode.tasks = [f"{source.name}: {task}" for task in episode.tasks]
    return Dataset("result", first.features, [episode for source in sources for episode in source.episodes], robot_type)


# -- The result.


def differences(root: Path, expected: Dataset) -> list[str]:
    """Where the dataset at `root` is not as expected: rows, pictures, features, tasks and
    statistics."""
    wrong = []

    def check(what: str, found, wanted) -> None:
        if found != wanted:
            wrong.append(f"{what}: {found}, not {wanted}")

    info = json.loads((root / "meta/info.json").read_text())
    episodes = pa.concat_tables([pq.read_table(path) for path in sorted((root / "meta/episodes").rglob("*.parquet"))]).to_pylist()
    table = pa.concat_tables([pq.read_table(path) for path in sorted((root / "data").rglob("*.parquet"))])
    rows = {name: table[name].to_pylist() for name in table.column_names}
    tasks = pq.read_table(root / "meta/tasks.parquet")["task"].to_pylist()
    described = {name: {key: entry[key] for key in ("dtype", "shape", "names")} for name, entry in info["features"].items() if name not in DEFAULTS}
    check("features", described, expected.features)
    check("robot type", info["robot_type"], expected.robot_type)
    lengths = [len(episode) for episode in expected.episodes]
    check("totals", (info["total_episodes"], info["total_frames"], info["total_tasks"]), (len(lengths), sum(lengths), len(tasks)))
    check("lengths", [episode["length"] for episode in episodes], lengths)
    check("tasks", set(tasks), set(expected.tasks()))
    check("number of tasks", len(tasks), len(set(tasks)))
    check("tasks of rows", [tasks[number] for number in rows["task_index"]], [task for episode in expected.episodes for task in episode.tasks])
    check("tasks of episodes", [set(episode["tasks"]) for episode in episodes], [set(episode.tasks) for episode in expected.episodes])
    check("index", rows["index"], list(range(sum(lengths))))
    check("episode_index", rows["episode_index"], [number for number, length in enumerate(lengths) for _ in range(length)])
    check("frame_index", rows["frame_index"], [frame for length in lengths for frame in range(length)])
    check("timestamp", rows["timestamp"], [float(np.float32(frame / FPS)) for length in lengths for frame in range(length)])
    cameras = {name for name, entry in expected.features.items() if entry["dtype"] == "video"}
    check("columns", set(rows), (set(expected.features) - cameras) | set(DEFAULTS))
    for name in set(expected.features) - cameras:
        check(name, rows.get(name), [value for episode in expected.episodes for value in episode.values[name]])
        kind = table.schema.field(name).type if name in rows else None
        check(f"type of {name}", kind, arrow_type(expected.features[name]) if kind else None)
    check("folders of videos", {path.name for path in root.glob("videos/*")}, cameras)
    for camera in cameras:
        check(f"pictures of {camera}", pictures_of(root, camera), [picture for episode in expected.episodes for picture in episode.pictures[camera]])
    stats = json.loads((root / "meta/stats.json").read_text())
    numeric = [name for name in rows if not pa.types.is_string(table.schema.field(name).type)]
    check("features with statistics", set(stats), set(numeric) | cameras)
    for name in stats.keys() & set(numeric):
        wrong += wrong_statistics(name, stats[name], rows[name])
        begin = 0
        for number, (episode, length) in enumerate(zip(episodes, lengths)):
            own = {stat: episode.get(f"stats/{name}/{stat}") for stat in ("min", "max", "mean", "std", "count")}
            if any(own.values()):
                wrong += wrong_statistics(f"{name} of episode {number}", own, rows[name][begin : begin + length])
            begin += length
    return wrong


def wrong_statistics(name: str, stats: dict, rows: list) -> list[str]:
    values = np.array(as_rows(rows))
    wrong = []
    for stat, wanted in (("min", values.min(0)), ("max", values.max(0)), ("mean", values.mean(0)), ("std", values.std(0)), ("count", [len(rows)])):
        if len(stats[stat] or []) != len(wanted) or not np.allclose(stats[stat], wanted, rtol=1e-5, atol=1e-6):
            wrong.append(f"{stat} of {name}: {stats[stat]}, not {list(wanted)}")
    return wrong
