"""Reads a LeRobot v3.0 dataset with pyarrow and PyAV only, without code of robomerge or LeRobot.

Paths come from info.json's templates. Episode rows come from a glob, since the column
`meta/episodes/*` of a source cannot be trusted (W-1). The rows of an episode are found by the
column `episode_index`.
"""

import functools
import hashlib
import json
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DEFAULT_DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DEFAULT_VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
DEFAULT_EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DEFAULT_FEATURES = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
BOOKKEEPING = ("episode_index", "index", "task_index")

av.logging.set_level(av.logging.ERROR)


@dataclass
class VideoFile:
    """The first video stream of an MP4: its packets in order of presentation, with the edit list
    applied."""

    path: Path
    times: list[Fraction]
    packets: list[bytes]
    codec: str
    width: int
    height: int
    average_rate: Fraction | None
    has_audio: bool
    has_b_frames: bool
    sha256: str
    size_bytes: int

    @functools.cached_property
    def seconds(self) -> np.ndarray:
        return np.array([float(time) for time in self.times])

    def nearest(self, seconds: float) -> int:
        """The number of the frame closest to `seconds`. REQUIRES: the file has a frame."""
        return int(np.argmin(np.abs(self.seconds - seconds)))


def read_video(path: Path) -> VideoFile:
    """Demuxes `path`. Nothing is decoded, so that "the same frame" can mean "the same coded
    bytes"."""
    frames: list[tuple[Fraction, bytes]] = []
    order: list[int] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size == 0 or packet.pts is None or packet.is_discard:
                continue
            order.append(packet.pts)
            frames.append((packet.pts * packet.time_base, bytes(packet)))
        codec = stream.codec_context.codec.canonical_name
        width, height = stream.codec_context.width, stream.codec_context.height
        rate = stream.average_rate
        has_audio = len(container.streams.audio) > 0
    frames.sort(key=lambda frame: frame[0])
    return VideoFile(
        path=path,
        times=[time for time, _ in frames],
        packets=[packet for _, packet in frames],
        codec=codec,
        width=width,
        height=height,
        average_rate=rate,
        has_audio=has_audio,
        has_b_frames=order != sorted(order),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size_bytes=path.stat().st_size,
    )


@dataclass
class DataFile:
    """One data file: its schema, and the rows and row groups of each episode in it."""

    path: Path
    schema: pa.Schema
    row_group_episodes: list[list[int]]
    uncompressed_bytes: int
    table: pa.Table = field(repr=False)


@dataclass(frozen=True)
class RowsOfEpisode:
    table: pa.Table
    files: tuple[Path, ...]


class DatasetView:
    def __init__(self, root: Path | str):
        self.root = Path(root)
        self.info = json.loads((self.root / "meta/info.json").read_text())
        self.features: dict = self.info["features"]
        self.fps: float = self.info["fps"]
        self.video_keys = [key for key, feature in self.features.items() if feature["dtype"] == "video"]

    # -- metadata

    @functools.cached_property
    def stats(self) -> dict | None:
        path = self.root / "meta/stats.json"
        return json.loads(path.read_text()) if path.exists() else None

    @functools.cached_property
    def is_measured(self) -> bool:
        """Whether the statistics of numbers are those of the rows, as the record says."""
        path = self.root / "meta/robomerge.json"
        return path.exists() and json.loads(path.read_text())["options"].get("stats") == "exact"

    def is_numeric(self, feature: str) -> bool:
        return self.features[feature]["dtype"].rstrip("0123468") in ("bool", "int", "uint", "float")

    @functools.cached_property
    def tasks(self) -> list[str]:
        """Task strings by row position, which is how LeRobot looks them up (1.6)."""
        path = self.root / "meta/tasks.parquet"
        return [] if not path.exists() else task_strings(pq.read_table(path))

    @functools.cached_property
    def episode_files(self) -> list[Path]:
        return sorted((self.root / "meta/episodes").glob("*/*.parquet"))

    @functools.cached_property
    def episode_tables(self) -> list[tuple[Path, pa.Table]]:
        return [(path, plain(pq.read_table(path))) for path in self.episode_files]

    @functools.cached_property
    def stored_episodes(self) -> list[dict]:
        """Episode rows in the order in which LeRobot reads them, each with the file it is in."""
        return [row | {"(file)": path} for path, table in self.episode_tables for row in table.to_pylist()]

    @functools.cached_property
    def episodes(self) -> list[dict]:
        return sorted(self.stored_episodes, key=lambda row: row["episode_index"])

    @functools.cached_property
    def episode_columns(self) -> set[str]:
        return {name for _, table in self.episode_tables for name in table.column_names}

    # -- rows

    def data_path(self, chunk_index: int, file_index: int) -> Path:
        template = self.info.get("data_path") or DEFAULT_DATA_PATH
        return self.root / template.format(chunk_index=chunk_index, file_index=file_index)

    @functools.cached_property
    def data_files(self) -> list[DataFile]:
        """All data files in the order in which LeRobot concatenates them: sorted by path (I-1)."""
        return [self._read_data_file(path) for path in sorted((self.root / "data").glob("*/*.parquet"))]

    @staticmethod
    def _read_data_file(path: Path) -> DataFile:
        with pq.ParquetFile(path) as file:
            groups = [
                _runs(file.read_row_group(number, columns=["episode_index"]).column(0).to_pylist())
                for number in range(file.num_row_groups)
            ]
            meta = file.metadata
            uncompressed_bytes = sum(
                meta.row_group(group).column(column).total_uncompressed_size
                for group in range(meta.num_row_groups)
                for column in range(meta.num_columns)
            )
            return DataFile(path, file.schema_arrow, groups, uncompressed_bytes, plain(file.read()))

    @functools.cached_property
    def rows_by_episode(self) -> dict[int, RowsOfEpisode]:
        pieces: dict[int, list[pa.Table]] = {}
        files: dict[int, list[Path]] = {}
        for data_file in self.data_files:
            numbers = np.asarray(data_file.table.column("episode_index").to_numpy())
            start = 0
            for stop in range(1, len(numbers) + 1):
                if stop == len(numbers) or numbers[stop] != numbers[start]:
                    episode = int(numbers[start])
                    pieces.setdefault(episode, []).append(data_file.table.slice(start, stop - start))
                    files.setdefault(episode, []).append(data_file.path)
                    start = stop
        return {
            episode: RowsOfEpisode(
                pa.concat_tables(tables, promote_options="permissive"), tuple(files[episode])
            )
            for episode, tables in pieces.items()
        }

    @property
    def total_frames(self) -> int:
        return sum(data_file.table.num_rows for data_file in self.data_files)

    # -- video

    def video_path(self, key: str, chunk_index: int, file_index: int) -> Path:
        template = self.info.get("video_path") or DEFAULT_VIDEO_PATH
        return self.root / template.format(video_key=key, chunk_index=chunk_index, file_index=file_index)

    def video_path_of(self, key: str, episode: dict) -> Path:
        return self.video_path(key, episode[f"videos/{key}/chunk_index"], episode[f"videos/{key}/file_index"])

    @functools.cached_property
    def _videos(self) -> dict[Path, VideoFile]:
        return {}

    def video(self, path: Path) -> VideoFile:
        if path not in self._videos:
            self._videos[path] = read_video(path)
        return self._videos[path]


def _runs(values: list[int]) -> list[int]:
    return [value for place, value in enumerate(values) if place == 0 or values[place - 1] != value]


def plain(table: pa.Table) -> pa.Table:
    """`table` with storage types for registered extension types, which depend on what Python has
    imported."""
    return pa.table(
        {
            name: pa.chunked_array(
                [_storage(piece) for piece in column.chunks], type=_storage_type(column.type)
            )
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )


def _storage(array: pa.Array) -> pa.Array:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _storage_type(type_: pa.DataType) -> pa.DataType:
    return type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_


def task_strings(table: pa.Table) -> list[str]:
    """The index column that the pandas metadata name, or else the first column of strings."""
    pandas = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    named = [name for name in pandas.get("index_columns", []) if isinstance(name, str)]
    strings = [name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)]
    name = next((name for name in named if name in table.column_names), strings[0])
    return table.column(name).to_pylist()


def tree_hashes(root: Path | str) -> dict[str, str]:
    """By relative path the SHA-256 of each file, "" for a folder, and the target of a link. Equal
    for equal trees."""
    root = Path(root)
    return {str(path.relative_to(root)): _hash_of(path) for path in sorted(root.rglob("*"))}


def _hash_of(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
