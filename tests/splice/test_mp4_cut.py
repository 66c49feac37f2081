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
    av,
    av_frames,
    encode,
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
SAMPLES = os.environ.get("ROBOMERGE_SAMPLES")
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
    "h264_open_without_leading": [*X264_FAST, "-bf", "1", "-b_strategy", "1", "-g", "6", "-x264-params", "open-gop=1"],
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
        self.has_open_groups = any(
            p.is_keyframe and {5, 19, 20}.isdisjoint(nal_types(bytes(p), self.summary["codec"])) for p in packets)
        self.starts = {i for i, p in enumerate(packets) if p.is_keyframe and self.may_start(i, bytes(p))}
        self.is_border = [max(self.numbers[:i], default=-1) == i - 1 for i in range(len(packets) + 1)]

    def may_start(self, sample, packet):
        leads = all(number >= self.numbers[sample] for number in self.numbers[sample:])
        if sample == 0 or self.summary["codec"] not in ("h264", "hevc"):
            return sample == 0 or leads
        types = nal_types(packet, self.summary["codec"])
        if self.summary["codec"] == "h264":
            return 5 in types
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
    while codec in ("h264", "hevc") and len(packet) > 4:
        length = int.from_bytes(packet[:4], "big")
        unit, packet = packet[4 : 4 + length], packet[4 + length :]
        types.append(unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63)
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
    """With seeks, except in streams with open groups: after a seek torchcodec misses their last frame, and
    shows frames that are not yet refreshed, of whole files, too."""
    part = VideoDecoder(str(path), seek_mode="exact")
    assert len(part) == len(numbers)
    last = len(numbers) - 1
    places = [last, *random.Random(7).sample(range(last + 1), min(6, last + 1)), last]
    for place in range(last + 1) if source.has_open_groups else places:
        assert bool((part.get_frame_at(place).data == framedata(source.path)[numbers[place]]).all()), place


@functools.cache
def framedata(path):
    return VideoDecoder(str(path), seek_mode="exact")[:]


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


def check_clip(source, selections, readers, folder, name):
    """`readers` look at the first selections; PyAV at all."""
    answers = cut(source, selections, folder)
    wanted_frames = kept_frames = files = 0
    for number, (wanted, answer) in enumerate(zip(selections, answers, strict=True)):
        assert "error" not in answer, answer
        check_cut(source, wanted, answer, readers if number < 11 else ())
        wanted_frames += len({n for first, num in wanted for n in range(first, first + num)})
        kept_frames += sum(part["summary"]["num_frames"] for part in answer["parts"])
        files += len(answer["parts"])
    if os.environ.get("ROBOMERGE_CUT_REPORT"):
        with open(os.environ["ROBOMERGE_CUT_REPORT"], "a") as report:
            episodes = [sum(part["summary"]["num_frames"] for part in answers[n]["parts"]) for n in range(2)]
            report.write(f"{name}: {len(source.starts)} starts in {len(source.numbers)} frames; {len(selections)} "
                         f"selections: {wanted_frames} frames wanted, {kept_frames} kept, in {files} files; "
                         f"odd and even episodes: {episodes}\n")


@pytest.mark.parametrize("name", CLIPS)
def test_cuts_of_one_clip(tmp_path, name):
    path = encode(tmp_path / "clip.mp4", NUM_FRAMES, 0, "30", CLIPS[name])
    source = Source(path)
    selections = fixed_selections(NUM_FRAMES) + random_selections(NUM_FRAMES, NUM_CUTS, name)
    check_clip(source, selections, READERS, tmp_path, name)


@pytest.mark.skipif(not SAMPLES, reason="ROBOMERGE_SAMPLES does not name the folder of real recordings")
@pytest.mark.parametrize("dataset", ["open-00", "g1-v21-00"])
def test_cuts_of_real_recordings(tmp_path, dataset):
    path = min((Path(SAMPLES) / dataset).rglob("*.mp4"))
    source = Source(path)
    assert len(source.starts) > 1
    check_clip(source, fixed_selections(len(source.numbers))[:4], [read_with_ffmpeg], tmp_path, dataset)


def joined(folder, names, lengths):
    clips = [encode(folder / f"{number}.mp4", length, 40 * number, "30", [*CLIPS[name], "-pix_fmt", "yuv420p"])
             for number, (name, length) in enumerate(zip(names, lengths, strict=True))]
    out = folder / "joined.mp4"
    splice(out, clips)
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    return out, list(zip(starts, lengths, strict=True))


@pytest.mark.parametrize("name", ["h264_g30", "h264_b_pyramid_g30", "hevc_g30", "av1_svt_g30", "mpeg4_b"])
def test_episodes_encoded_one_by_one_need_no_padding(tmp_path, name):
    """As LeRobot's recorder writes them."""
    out, episodes = joined(tmp_path, [name] * 5, (17, 31, 1, 40, 8))
    source = Source(out)
    selections = [episodes[::2], episodes[1::2], episodes[2:3], episodes[-1:], episodes[:2] + episodes[3:]]
    for wanted, answer in zip(selections, cut(source, selections, tmp_path), strict=True):
        check_cut(source, wanted, answer, READERS)
        [part] = answer["parts"]
        assert part["summary"]["num_frames"] == sum(num for _, num in wanted)


@pytest.mark.parametrize("concatenated", ["h264_b_closed", "hevc_g30"])
def test_parameter_sets_in_the_frames_are_kept_with_them(tmp_path, concatenated):
    """As FFmpeg's concatenation puts them there."""
    clips = [encode(tmp_path / f"{n}.mp4", 30, 90 * n, "30", CLIPS[concatenated]) for n in range(3)]
    (tmp_path / "list").write_text("".join(f"file '{clip}'\n" for clip in clips))
    out = tmp_path / "joined.mp4"
    run("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", tmp_path / "list", "-c", "copy", out)
    source = Source(out)
    selections = [[(30, 30)], [(0, 30), (60, 30)], [(60, 1)]]
    for wanted, answer in zip(selections, cut(source, selections, tmp_path), strict=True):
        check_cut(source, wanted, answer, READERS)


@pytest.mark.parametrize("align", [None, 4096])
def test_cuts_are_spliced_with_other_sources(tmp_path, align):
    """Pieces without reordered frames next to pieces with, on other clocks, twice of one file."""
    recipes = ["h264_b", "h264_ts90000_b", "h264_no_edit_list_b"]
    clips = [encode(tmp_path / f"{r}.mp4", 60, 40 * n, "30", RECIPES[r][1]) for n, r in enumerate(recipes)]
    sources = [Source(clip) for clip in clips]
    keep = [(0, "12+1,40+3"), (1, "0+60"), (2, "59+1"), (0, "0+2,30+1"), (1, None)]
    arguments = [part for n, ranges in keep for part in ([clips[n]] + (["--keep", ranges] if ranges else []))]
    out = tmp_path / "out.mp4"
    layout = splice(out, arguments, align, fps=30)
    expected, starts = [], []
    for n, ranges in keep:
        starts.append(len(expected) * layout["timescale"] // 30)
        wanted = [tuple(map(int, r.split("+"))) for r in (ranges or "0+60").split(",")]
        expected += [(n, frame) for first, num in sources[n].smallest(wanted) for frame in range(first, first + num)]
    assert layout["start_ticks"] == starts
    assert layout["end_ticks"] == len(expected) * layout["timescale"] // 30
    frames = av_frames(out)
    assert [digest for _, digest in frames] == [sources[n].pictures[frame] for n, frame in expected]
    assert [pts for pts, _ in frames] == [k * layout["timescale"] // 30 for k in range(len(expected))]
    packets, _ = probe_packets(out)
    of_sources = {digest for source in clips for _, digest in probe_packets(source)[0]}
    assert {digest for _, digest in packets} <= of_sources


def test_whole_cuts_give_the_bytes_of_whole_files(tmp_path):
    clips = [encode(tmp_path / f"{n}.mp4", 30, 40 * n, "30", RECIPES["h264_b"][1], audio=n == 1) for n in range(2)]
    splice(tmp_path / "whole.mp4", clips)
    splice(tmp_path / "cut.mp4", [clips[0], "--keep", "0+15,15+15", clips[1], "--keep", "0+30"])
    assert (tmp_path / "whole.mp4").read_bytes() == (tmp_path / "cut.mp4").read_bytes()


def test_sound_is_left_out(tmp_path):
    source = Source(encode(tmp_path / "clip.mp4", 40, 0, "30", CLIPS["h264_g2"], audio=True))
    assert source.summary["has_audio"]
    [answer] = cut(source, [[(20, 5)]], tmp_path)
    check_cut(source, [(20, 5)], answer, READERS)


def test_what_cannot_be_cut(tmp_path):
    whole = encode(tmp_path / "whole.mp4", 30, 0, "30", CLIPS["h264_b_closed"])
    fragmented = tmp_path / "fragmented.mp4"
    run("ffmpeg", "-v", "error", "-i", whole, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", fragmented)
    done = run(TOOL, "splice", tmp_path / "out.mp4", fragmented, "--keep", "0+3", ok=False)
    assert done.returncode == 1
    assert "video cannot be cut without decoding: it is fragmented" in done.stderr
    assert "copied whole" in done.stderr
    done = run(TOOL, "splice", tmp_path / "out.mp4", whole, "--keep", "28+3,31+1", ok=False)
    assert "frames are wanted that the video does not have" in done.stderr
    assert "frames 28 to 30" in done.stderr and "frames 31 to 31" in done.stderr
    assert not (tmp_path / "out.mp4").exists()
