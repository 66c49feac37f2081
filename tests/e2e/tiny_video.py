"""Adds a camera to a tiny dataset. Its video is a small MP4 file whose frames are a few bytes and
cannot be decoded."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TIMESCALE = 10240
FRAME_TICKS = 1024
FRAME_BYTES = 16
WIDTH, HEIGHT = 64, 48


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, *parts: bytes) -> bytes:
    return box(kind, bytes(4), *parts)


MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
TYPE_BOX = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isom")


def make_mp4(ticks: list[int], seed: int) -> bytes:
    """An MP4 file with one frame of FRAME_BYTES at each of the times."""
    frames = [bytes([seed, number]) * (FRAME_BYTES // 2) for number in range(len(ticks))]
    return TYPE_BOX + box(b"mdat", *frames) + movie_box(ticks, FRAME_BYTES)


def write_large_mp4(path: Path, num_frames: int, frame_bytes: int, seed: int) -> None:
    """Each frame begins with its seed and number. The rest of it is a hole, which takes no space on
    the disk."""
    first = len(TYPE_BOX) + 8
    with path.open("wb") as file:
        file.write(TYPE_BOX + struct.pack(">I4s", 8 + num_frames * frame_bytes, b"mdat"))
        for number in range(num_frames):
            file.seek(first + number * frame_bytes)
            file.write(struct.pack(">II", seed, number))
        file.seek(first + num_frames * frame_bytes)
        file.write(movie_box([number * FRAME_TICKS for number in range(num_frames)], frame_bytes))


def movie_box(ticks: list[int], frame_bytes: int) -> bytes:
    """The index of frames that are behind the box `ftyp` and the header of the one box `mdat`."""
    deltas = [after - before for before, after in zip(ticks, ticks[1:])] + [FRAME_TICKS]
    length = sum(deltas)
    entry = box(b"mp4v", struct.pack(">6xH16xHHIIIH32xHh", 1, WIDTH, HEIGHT, 0x480000, 0x480000, 0, 1, 24, -1))
    table = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), entry),
        full_box(b"stts", struct.pack(">I", len(deltas)), *(struct.pack(">II", 1, delta) for delta in deltas)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, len(ticks), 1)),
        full_box(b"stsz", struct.pack(">II", frame_bytes, len(ticks))),
        full_box(b"stco", struct.pack(">II", 1, len(TYPE_BOX) + 8)),
    )
    data = box(b"dinf", full_box(b"dref", struct.pack(">I", 1), box(b"url ", struct.pack(">I", 1))))
    media = box(
        b"mdia",
        full_box(b"mdhd", struct.pack(">IIIIHH", 0, 0, TIMESCALE, length, 0x55C4, 0)),
        full_box(b"hdlr", struct.pack(">I4s12x", 0, b"vide"), b"\0"),
        box(b"minf", box(b"vmhd", struct.pack(">I8x", 1)), data, table),
    )
    header = struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, length, 0, 0, 0, 0) + MATRIX + struct.pack(">II", WIDTH << 16, HEIGHT << 16)
    # A first frame later than at 0: an edit list that begins with a pause.
    edits = [struct.pack(">IiI", ticks[0], -1, 0x10000), struct.pack(">IiI", length, 0, 0x10000)]
    pause = [box(b"edts", full_box(b"elst", struct.pack(">I", 2), *edits))] if ticks[0] > 0 else []
    track = box(b"trak", box(b"tkhd", struct.pack(">I", 3), header), *pause, media)
    movie = full_box(b"mvhd", struct.pack(">IIIIIH10x", 0, 0, TIMESCALE, length, 0x10000, 0x100), MATRIX, bytes(24), struct.pack(">I", 2))
    return box(b"moov", movie, track)


def add_video(
    root: Path,
    lengths: tuple[int, ...],
    *,
    seed: int,
    camera: str = "camera",
    edit_ticks: Callable[[list[int]], list[int]] | None = None,
    edit_metadata: bool = True,
) -> None:
    """Adds the camera, or only replaces its video. `edit_ticks` can change the times of
    the frames."""
    ticks = [number * FRAME_TICKS for number in range(sum(lengths))]
    path = root / f"videos/{camera}/chunk-000/file-000.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_mp4(edit_ticks(ticks) if edit_ticks else ticks, seed))
    if not edit_metadata:
        return
    info = json.loads((root / "meta/info.json").read_text())
    info["video_path"] = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    shape = {"shape": [HEIGHT, WIDTH, 3], "names": ["height", "width", "channels"]}
    info["features"] = {camera: {"dtype": "video", **shape, "info": {"video.codec": "mpeg4", "video.fps": 10}}} | info["features"]
    (root / "meta/info.json").write_text(json.dumps(info, indent=4))
    episodes = root / "meta/episodes/chunk-000/file-000.parquet"
    table = pq.read_table(episodes)
    starts = [sum(lengths[:episode]) for episode in range(len(lengths))]
    for name in ("chunk_index", "file_index"):
        table = table.append_column(f"videos/{camera}/{name}", pa.array([0] * len(lengths), pa.int64()))
    table = table.append_column(f"videos/{camera}/from_timestamp", pa.array([start / 10 for start in starts]))
    table = table.append_column(f"videos/{camera}/to_timestamp", pa.array([(start + length) / 10 for start, length in zip(starts, lengths)]))
    pq.write_table(table, episodes, compression="snappy")


def describe_camera(root: Path, num_frames: int) -> None:
    """Gives the camera statistics in stats.json."""
    path = root / "meta/stats.json"
    stats = json.loads(path.read_text())
    stats["camera"] = {stat: [[[0.5]], [[0.25]], [[0.75]]] for stat in ("min", "max", "mean", "std")} | {"count": [num_frames]}
    path.write_text(json.dumps(stats, indent=4))
