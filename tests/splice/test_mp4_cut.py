"""Tests cuts of videos on files of real encoders: what is kept must decode as in the whole file.

Run: ROBOMERGE_MP4_TOOL=<build>/tests/splice/mp4_tool python -m pytest tests/splice
ROBOMERGE_NUM_CUTS is the number of random selections per clip (default 40).
ROBOMERGE_CUT_REPORT names a file to which each clip's padding is appended.

What must hold of a cut: its packets are packets of the source, byte for byte; frame k is shown at
exactly k frame times; every frame decodes to the picture that it is in the source; all wanted frames
are there; and no smaller cut can be decoded, by the rule of docs/formats/mp4-splice.md, "Cuts",
which is written a second time here.
"""

import functools
import hashlib
import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from test_mp4_splice import (
    ENCODERS,
    RECIPES,
    TOOL,
    VideoDecoder,
    X264,
    X265,
    av,
    av_frames,
    check_with_torchcodec,
    encode,
    picture_hash,
    probe_packets,
    run,
    splice,
    summary,
)

pytestmark = [
    pytest.mark.skipif(not TOOL, reason="ROBOMERGE_MP4_TOOL does not name the mp4_tool program"),
    pytest.mark.skipif(not ENCODERS, reason="ffmpeg is not installed"),
    pytest.mark.skipif(av is None, reason="PyAV is not installed"),
]

NUM_CUTS = int(os.environ.get("ROBOMERGE_NUM_CUTS", "40"))
NUM_FRAMES = 100
X264_FAST = ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1"]
X264_B = [*X264_FAST, "-bf", "2", "-b_strategy", "0", "-sc_threshold", "0"]
SVT = ["-c:v", "libsvtav1", "-preset", "12"]


def x265(options, group):
    return ["-c:v", "libx265", "-preset", "ultrafast", "-bf", "3", "-g", group, "-x265-params",
            f"log-level=error:pools=1:frame-threads=1:scenecut=0:{options}"]


CLIPS = {
    "h264_g2": [*X264_FAST, "-g", "2"],
    "h264_g30": [*X264_FAST, "-g", "30"],
    "h264_endless": [*X264_FAST, "-g", "9999", "-sc_threshold", "0"],
    "h264_b_closed": [*X264_B, "-g", "12"],
    "h264_b_open": [*X264_B, "-g", "12", "-x264-params", "open-gop=1"],
    "h264_b_pyramid_g30": [*X264_FAST, "-bf", "5", "-b-pyramid", "normal", "-g", "30"],
    "h264_intra_refresh": [*X264_FAST, "-g", "12", "-intra-refresh", "1"],
    "h264_slices": [*X264_B, "-g", "12", "-slices", "3"],
    "hevc_g2": x265("open-gop=1", "2"),
    "hevc_g30": x265("open-gop=1", "30"),
    "hevc_closed": x265("open-gop=0", "12"),
    "hevc_radl": x265("open-gop=0:radl=2", "12"),
    "hevc_open_no_b": [*x265("open-gop=1:bframes=0", "12")],
    "av1_svt_g2": [*SVT, "-g", "2"],
    "av1_svt_g30": [*SVT, "-g", "30"],
    "av1_aom_g30": ["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "30", "-lag-in-frames", "19"],
    "mpeg4": ["-c:v", "mpeg4", "-q:v", "4"],
    "mpeg4_b": ["-c:v", "mpeg4", "-q:v", "4", "-bf", "2"],
    "vp9": ["-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "5", "-g", "30", "-lag-in-frames", "16"],
}


class Source:
    """A clip as PyAV sees it: packets in decode order, pictures in order of presentation."""

    def __init__(self, path):
        self.path = Path(path)
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            packets = [p for p in container.demux(stream) if p.size > 0]
        in_order = sorted(p.pts for p in packets)
        self.numbers = [in_order.index(p.pts) for p in packets]
        self.hashes = [hashlib.md5(bytes(p)).hexdigest() for p in packets]
        self.pictures = [digest for _, digest in av_frames(path)]
        assert len(self.pictures) == len(packets)
        self.summary = summary(path)
        self.starts = {i for i, p in enumerate(packets) if p.is_keyframe and self.may_start(i, bytes(p))}
        self.is_border = [max(self.numbers[:i], default=-1) == i - 1 for i in range(len(packets) + 1)]

    def may_start(self, sample, packet):
        leads = all(number >= self.numbers[sample] for number in self.numbers[sample:])
        if sample == 0 or self.summary["codec"] not in ("h264", "hevc"):
            return sample == 0 or leads
        types = nal_types(packet, self.summary["codec"])
        if self.summary["codec"] == "h264":
            return 5 in types or (leads and (6, "recovery") in types)
        return 19 in types or 20 in types or (leads and any(16 <= t <= 21 for t in types))

    def smallest(self, wanted):
        """[(first, num)], by trying what the rule allows."""
        kept = set()
        for first, num in wanted:
            if num == 0:
                continue
            start = max(s for s in self.starts if s <= first and self.is_border[s])
            end = min(e for e in range(first + num, len(self.numbers) + 1) if self.is_border[e])
            kept |= set(range(start, end))
        return runs(kept)


def nal_types(packet, codec):
    types = []
    while len(packet) > 4:
        length = int.from_bytes(packet[:4], "big")
        unit, packet = packet[4 : 4 + length], packet[4 + length :]
        types.append(unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63)
        if codec == "h264" and types[-1] == 6 and unit[1] == 6 and unit[3] & 0xC0 == 0xC0:
            types.append((6, "recovery"))
    return types


def runs(numbers):
    found = []
    for number in sorted(numbers):
        if found and sum(found[-1]) == number:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((number, 1))
    return found


def cut(source, selections, folder):
    lines = "\n".join(",".join(f"{first}+{num}" for first, num in wanted) for wanted in selections) + "\n"
    done = subprocess.run([TOOL, "cut", folder / "cut", source.path], input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_part(source, part, readers=()):
    """One written file of a cut holds its pieces, and nothing else."""
    numbers = [n for first, num, _ in part["pieces"] for n in range(first, first + num)]
    ticks = source.summary["frame_ticks"]
    with av.open(part["path"]) as container:
        packets = [(p.pts, hashlib.md5(bytes(p)).hexdigest())
                   for p in container.demux(container.streams.video[0]) if p.size > 0]
        assert packets == [(numbers.index(source.numbers[n]) * ticks, source.hashes[n]) for n in numbers]
    frames = av_frames(part["path"])
    assert [pts for pts, _ in frames] == [k * ticks for k in range(len(numbers))]
    assert [digest for _, digest in frames] == [source.pictures[n] for n in numbers]
    said = part["summary"]
    size = Path(part["path"]).stat().st_size
    if len(numbers) < source.summary["num_frames"]:
        assert (said["file_size_bytes"], said["has_audio"], said["num_other_tracks"]) == (size, False, 0)
    written = summary(part["path"])
    for name in ("num_frames", "length_ticks", "frame_ticks", "timescale", "decoder_key"):
        assert said[name] == written[name], name
    for reader in readers:
        reader(source, part["path"], numbers)


def check_cut(source, wanted, answer, readers=()):
    pieces = [tuple(piece[:2]) for part in answer["parts"] for piece in part["pieces"]]
    assert pieces == source.smallest(wanted)
    assert answer["is_whole"] == (pieces == [(0, len(source.numbers))])
    for number, part in enumerate(answer["parts"]):
        must_begin = [piece[2] for piece in part["pieces"]]
        assert must_begin[1:] == [False] * (len(must_begin) - 1)
        assert must_begin[0] or number == 0
        check_part(source, part, readers)


def read_with_ffmpeg(source, path, numbers):
    pictures = framemd5(source.path)
    assert framemd5(path) == [pictures[n] for n in numbers]


@functools.cache
def framemd5(path):
    text = run("ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-f", "framemd5", "-").stdout
    return [line.split(",")[-1].strip() for line in text.splitlines() if not line.startswith("#")]


def read_with_torchcodec(source, path, numbers):
    """In a random order; the seek that LeRobot uses finds what it finds in the source."""
    whole, part = VideoDecoder(str(source.path), seek_mode="exact"), VideoDecoder(str(path), seek_mode="exact")
    assert len(part) == len(numbers)
    for place in random.Random(7).sample(range(len(numbers)), min(6, len(numbers))):
        found = part.get_frame_at(place)
        assert bool((found.data == whole.get_frame_at(numbers[place]).data).all()), place


READERS = [read_with_ffmpeg] + ([read_with_torchcodec] if VideoDecoder is not None else [])


def fixed_selections(count):
    episodes = [(start, min(13, count - start)) for start in range(0, count, 13)]
    return [
        episodes[::2], episodes[1::2], [(0, 1)], [(count - 1, 1)], [(41, 1)], [(30, 10), (40, 10)],
        [(30, 10), (41, 10)], [(60, 30)], [(0, count)], [(k, 1) for k in range(0, count, 7)],
        [(70, 5), (10, 5), (12, 9), (50, 0)],  # neither sorted nor apart
    ]


def random_selections(count, num, seed):
    chance = random.Random(seed)
    selections = []
    for _ in range(num):
        wanted = []
        for _ in range(chance.randint(1, 6)):
            first = chance.randrange(count)
            wanted.append((first, min(chance.choice((1, 2, 3, 10, 25)), count - first)))
        selections.append(wanted)
    return selections


def check_clip(path, folder, name, num_cuts=NUM_CUTS):
    source = Source(path)
    fixed = fixed_selections(len(source.numbers))
    selections = fixed + random_selections(len(source.numbers), num_cuts, name)
    answers = cut(source, selections, folder)
    wanted_frames = kept_frames = files = 0
    for number, (wanted, answer) in enumerate(zip(selections, answers, strict=True)):
        assert "error" not in answer, answer
        check_cut(source, wanted, answer, READERS if number < len(fixed) else ())
        wanted_frames += len({n for first, num in wanted for n in range(first, first + num)})
        kept_frames += sum(part["summary"]["num_frames"] for part in answer["parts"])
        files += len(answer["parts"])
    if os.environ.get("ROBOMERGE_CUT_REPORT"):
        with open(os.environ["ROBOMERGE_CUT_REPORT"], "a") as report:
            report.write(f"{name}: {len(selections)} selections, {wanted_frames} frames wanted, {kept_frames} kept, "
                         f"{files} files, {len(source.starts)} starts of {len(source.numbers)}\n")
    return source, answers


@pytest.mark.parametrize("name", CLIPS)
def test_cuts_of_one_clip(tmp_path, name):
    path = encode(tmp_path / "clip.mp4", NUM_FRAMES, 0, "30", CLIPS[name])
    check_clip(path, tmp_path, name)
