"""Checks videos: every coded frame is at its exact time (I-7), and files can be seeked in."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from dataset_view import DatasetView, VideoFile
from findings import Findings, MergeOptions, Pair, Pairing

MEBIBYTE = 1 << 20
SECONDS_TOLERANCE = 1e-6
#: From here on LeRobot's comparison in float32 fails even for exact times (2.2).
MOST_SECONDS = 1024.0


def check_frames(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    for pair in pairing.matched:
        for key in merged.video_keys:
            path = merged.video_path_of(key, pair.merged)
            if path.exists():  # a missing one is reported as I-5
                _check_episode(pair, key, merged.video(path), merged, findings)


def _check_episode(pair: Pair, key: str, video: VideoFile, merged: DatasetView, findings: Findings) -> None:
    source = pair.view.video(pair.view.video_path_of(key, pair.source))
    begin, source_begin = (
        pair.merged[f"videos/{key}/from_timestamp"],
        pair.source[f"videos/{key}/from_timestamp"],
    )
    if video.sha256 == source.sha256:
        findings.expect(
            begin == source_begin,
            f"I-7: {pair.name}, {key}: copied verbatim, yet moved from {source_begin} s to {begin} s",
        )
        return
    source_begin += float(
        source.times[0]
    )  # frame 0 of a file is its first presented frame, whatever its clock says
    for frame in range(pair.merged["length"]):
        seconds = begin + frame / merged.fps
        place = video.nearest(seconds)
        error = abs(video.seconds[place] - seconds)
        if not findings.expect(
            error <= SECONDS_TOLERANCE,
            f"I-7: {pair.name}, {key}: frame {frame} is {error:.9f} s away from {seconds} s",
        ):
            return
        expected = source.packets[source.nearest(source_begin + frame / merged.fps)]
        if not findings.expect(
            video.packets[place] == expected,
            f"frames: {pair.name}, {key}: frame {frame} has other coded bytes than its source",
        ):
            return


def check_files(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    contents: dict[tuple[str, Path], dict[tuple[int, Path], VideoFile]] = defaultdict(dict)
    for pair in pairing.matched:
        for key in merged.video_keys:
            source = pair.view.video_path_of(key, pair.source)
            contents[key, merged.video_path_of(key, pair.merged)][pair.source_number, source] = (
                pair.view.video(source)
            )
    for (_, path), parts in contents.items():
        if not path.exists():
            continue
        name, video, files = path.relative_to(merged.root), merged.video(path), list(parts.values())
        findings.expect(
            options.concatenate_videos or len(files) == 1,
            f"3.7: {name} joins {len(files)} files, none were to be joined",
        )
        if len(files) == 1 and video.sha256 == files[0].sha256:
            continue
        total = sum(file.size_bytes for file in files) / MEBIBYTE
        findings.expect(
            len(files) == 1 or total < options.video_files_size_in_mb,
            f"3.3: {name} holds {total:.3f} MB of {len(files)} files, the limit is {options.video_files_size_in_mb} MB",
        )
        findings.expect(not video.has_audio, f"W-9: {name} joins files and has an audio track")
        for what in ("codec", "width", "height"):
            values = {getattr(file, what) for file in [*files, video]}
            findings.expect(
                len(values) == 1, f"W-7: {name} joins streams of {what} {sorted(map(str, values))}"
            )
        frames = len(video.times)
        expected = np.arange(frames) / merged.fps
        worst = float(np.max(np.abs(video.seconds - expected))) if frames else 0.0
        findings.expect(
            worst <= SECONDS_TOLERANCE,
            f"I-7: the frames of {name} lie up to {worst:.9f} s off the grid of {merged.fps} fps",
        )
        findings.expect(
            video.average_rate is not None and abs(float(video.average_rate) - merged.fps) < 1e-6,
            f"I-7: {name} has an average rate of {video.average_rate}, not {merged.fps}",
        )
        findings.expect(
            frames
            <= sum(len(file.times) for file in files),  # fewer without frames of no episode, W-26
            f"I-7: {name} has {frames} frames, its sources {[len(file.times) for file in files]}",
        )
        findings.expect(
            len(files) == 1 or frames / merged.fps <= MOST_SECONDS,
            f"2.2: {name} is {frames / merged.fps:.0f} s long, LeRobot cannot seek beyond {MOST_SECONDS:.0f} s",
        )
