"""Makes odd sources of good ones, in place: other containers for the same packets, and other
streams. Needs PyAV only."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from dataset_view import DatasetView
from silence import silence


def video_paths(root: Path, key: str | None = None) -> list[Path]:
    view = DatasetView(root)
    keys = [key] if key else view.video_keys
    return sorted({view.video_path_of(name, row) for name in keys for row in view.episodes})


def remux(
    path: Path,
    *,
    delays: Iterable[float] | None = None,
    drop_packets: int = 0,
    audio: bool = False,
    **options: str,
) -> None:
    """Writes `path` anew with the same coded pictures. `options` are those of FFmpeg's mov muxer.

    `delays` moves frame n (in decode order) by delays[n] seconds. `drop_packets` leaves out that
    many at the end. `audio` adds a track of silence that is a little longer than the video, as in
    real recordings.
    """
    new = path.with_suffix(".new.mp4")
    with silence(), av.open(str(path)) as source, av.open(str(new), "w", options=options) as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream)
        out.time_base = stream.time_base
        sound = target.add_stream("aac", rate=16000, layout="mono") if audio else None
        packets = [packet for packet in source.demux(stream) if packet.size]
        end = max((packet.pts + packet.duration) * packet.time_base for packet in packets)
        shifts = list(delays) if delays is not None else [0.0] * len(packets)
        for packet, shift in zip(packets[: len(packets) - drop_packets], shifts, strict=False):
            ticks = round(shift / packet.time_base)
            packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
            packet.stream = out
            target.mux(packet)
        if sound is not None:
            for start in range(0, int(float(end) * 16000) + 4096, 1024):
                frame = av.AudioFrame.from_ndarray(
                    np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
                )
                frame.sample_rate, frame.pts = 16000, start
                target.mux(sound.encode(frame))
            target.mux(sound.encode(None))
    new.replace(path)


def timescale(root: Path, ticks_per_second: int) -> None:
    for path in video_paths(root):
        remux(path, video_track_timescale=str(ticks_per_second))


def fragmented(root: Path) -> None:
    for path in video_paths(root):
        remux(path, movflags="frag_keyframe+empty_moov+default_base_moof")


def index_in_front(root: Path) -> None:
    for path in video_paths(root):
        remux(path, movflags="faststart")


def with_audio(root: Path) -> None:
    for path in video_paths(root):
        remux(path, audio=True)


def variable_frame_rate(root: Path) -> None:
    """Every third frame comes a third of a frame late, as in videos of phones."""
    view = DatasetView(root)
    for path in video_paths(root):
        remux(path, delays=[(1 / 3 / view.fps if number % 3 == 2 else 0.0) for number in range(10_000)])


def with_fewer_frames(root: Path, missing: int) -> None:
    """The last file of every camera ends early. It is a complete file, but too short for its
    episodes."""
    view = DatasetView(root)
    for key in view.video_keys:
        remux(video_paths(root, key)[-1], drop_packets=missing)


def encoded(path: Path, pictures: list[np.ndarray], fps: int | Fraction, codec: str = "libx264", pixel_format: str = "yuv420p", **options: str) -> None:
    with silence(), av.open(str(path), "w") as target:
        stream = target.add_stream(codec, rate=fps, options=options)
        stream.height, stream.width, stream.pix_fmt = pictures[0].shape[0], pictures[0].shape[1], pixel_format
        for picture in pictures:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode(None))


def reencoded(
    root: Path,
    *,
    height: int | None = None,
    width: int | None = None,
    more_frames: int = 0,
    codec: str = "libx264",
    **options: str,
) -> None:
    """As many other pictures (or more) in place of every file, in another size or by another
    encoder."""
    view = DatasetView(root)
    generator = np.random.default_rng(height or 7)
    for path in video_paths(root):
        video = view.video(path)
        shape = (height or video.height, width or video.width, 3)
        base = generator.integers(0, 200, shape).astype(np.uint8)
        pictures = [np.roll(base, 4 * number, axis=1) for number in range(len(video.times) + more_frames)]
        path.unlink()
        encoded(path, pictures, round(view.fps), codec, **options)


def frames_of(root: Path, key: str) -> int:
    view = DatasetView(root)
    return sum(len(view.video(path).times) for path in video_paths(root, key))
