"""Tests the MP4 splice on files of real encoders with independent readers: ffprobe, PyAV, and
torchcodec, which LeRobot prefers.

Run: ROBOMERGE_MP4_TOOL=<build>/tests/splice/mp4_tool python -m pytest tests/splice

What must hold of a splice: its packets are the sources' packets, byte for byte and in order; frame
k of source i is shown at exactly the ticks of all frames before it; every frame decodes to the same
picture; a seek finds what the same seek in the source finds.
"""

import hashlib
import json
import math
import os
import random
import shutil
import subprocess
from fractions import Fraction

import pytest

try:
    import av
except ImportError:
    av = None
try:
    from torchcodec.decoders import VideoDecoder
except (ImportError, OSError, RuntimeError):  # it is installed, but not for this torch or this FFmpeg
    VideoDecoder = None

TOOL = os.environ.get("ROBOMERGE_MP4_TOOL")
ENCODERS = ""
if shutil.which("ffmpeg"):
    ENCODERS = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, text=True).stdout

pytestmark = [
    pytest.mark.skipif(not TOOL, reason="ROBOMERGE_MP4_TOOL does not name the mp4_tool program"),
    pytest.mark.skipif(not ENCODERS, reason="ffmpeg is not installed"),
]

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"]
X264_B = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "12", "-threads", "1"]
X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1:frame-threads=1"]

# name: (fps, encoder and muxer arguments)
RECIPES = {
    "h264": ("30", X264),
    "h264_b": ("30", X264_B),
    "h264_g2": ("30", [*X264_B, "-g", "2"]),
    "h264_25": ("25", X264),
    "h264_ntsc_b": ("30000/1001", X264_B),
    "h264_ts90000_b": ("30", [*X264_B, "-video_track_timescale", "90000"]),
    "h264_ts1000": ("25", [*X264, "-video_track_timescale", "1000"]),
    "h264_no_edit_list_b": ("30", [*X264_B, "-use_editlist", "0"]),
    "h264_negative_offsets_b": ("30", [*X264_B, "-movflags", "negative_cts_offsets"]),
    "h264_moov_first_b": ("30", [*X264_B, "-movflags", "+faststart"]),
    "mpeg4": ("30", ["-c:v", "mpeg4", "-q:v", "4"]),
    "mpeg4_b": ("30", ["-c:v", "mpeg4", "-q:v", "4", "-bf", "2"]),
    "hevc_hev1": ("30", X265),
    "hevc_hvc1": ("30", [*X265, "-tag:v", "hvc1"]),
    "hevc_gray12": ("30", [*X265, "-pix_fmt", "gray12le"]),
    "av1_svt": ("30", ["-c:v", "libsvtav1", "-preset", "12", "-g", "2"]),
    "av1_aom": ("30", ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "10"]),
    "vp9": ("30", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]),
}
# Recipes whose decoder configuration is equal although clocks, delays and layouts differ.
MIXED = ["h264_b", "h264_ts90000_b", "h264_no_edit_list_b", "h264_negative_offsets_b", "h264_moov_first_b", "h264_b"]


def run(*command, ok=True):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ok:
        assert done.returncode == 0, done.stderr
    return done


def encode(path, frames, hue, fps, arguments, audio=False, size="96x64"):
    encoder = arguments[arguments.index("-c:v") + 1]
    if f" {encoder} " not in ENCODERS:
        pytest.skip(f"this ffmpeg has no encoder {encoder}")
    inputs = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps},hue=h={hue}"]
    if audio:
        inputs += ["-f", "lavfi", "-i", "sine=frequency=440:duration=3", "-c:a", "aac"]
    pixel_format = [] if "-pix_fmt" in arguments else ["-pix_fmt", "yuv420p"]
    run("ffmpeg", "-v", "error", *inputs, "-frames:v", frames, *pixel_format, *arguments, path)
    return path


def make_clips(folder, recipes, lengths=(37, 20, 1, 45), audio=()):
    clips = []
    for number, recipe in enumerate(recipes):
        fps, arguments = RECIPES[recipe]
        path = folder / f"{number}_{recipe}.mp4"
        clips.append(encode(path, lengths[number % len(lengths)], 40 * number, fps, arguments, number in audio))
    return clips


def summary(path):
    return json.loads(run(TOOL, "summary", path).stdout)


def splice(out, clips, align=None, fps=None):
    options = (["--align", align] if align else []) + (["--fps", fps] if fps else [])
    return json.loads(run(TOOL, "splice", out, *options, *clips).stdout)


def probe_packets(path):
    """[(pts, payload hash)] in decode order, and the time base, as ffprobe sees them."""
    text = run("ffprobe", "-v", "error", "-select_streams", "v", "-show_data_hash", "md5", "-of", "json",
               "-show_entries", "packet=pts,data_hash:stream=time_base", path).stdout
    answer = json.loads(text)
    packets = [(packet["pts"], packet["data_hash"]) for packet in answer["packets"]]
    return packets, Fraction(answer["streams"][0]["time_base"])


def av_packets(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.size > 0]
        return [(p.pts, hashlib.md5(bytes(p)).hexdigest()) for p in packets], stream.time_base


def av_frames(path):
    """[(pts, hash of the picture)] in presentation order."""
    with av.open(str(path)) as container:
        return [(f.pts, picture_hash(f)) for f in container.decode(video=0)]


def picture_hash(frame):
    """Hash of the visible pixels: the padding at the end of each line is whatever the decoder left
    there."""
    digest = hashlib.md5()
    for plane, component in zip(frame.planes, frame.format.components, strict=True):
        row_bytes = plane.width * ((component.bits + 7) // 8)
        pixels = memoryview(plane)
        for start in range(0, plane.height * plane.line_size, plane.line_size):
            digest.update(pixels[start : start + row_bytes])
    return digest.hexdigest()


def expected_packets(clips, layout, read):
    """What the splice must hold, computed from the sources' own packets only."""
    expected = []
    frames_before = Fraction(0)
    for clip, start_ticks in zip(clips, layout["start_ticks"], strict=True):
        packets, time_base = read(clip)
        assert start_ticks == frames_before * layout["timescale"]
        first = min(pts for pts, _ in packets)
        scale = time_base * layout["timescale"]
        assert scale.denominator == 1
        expected += [(start_ticks + (pts - first) * scale.numerator, digest) for pts, digest in packets]
        own = summary(clip)
        frames_before += len(packets) * Fraction(own["frame_ticks"], own["timescale"])
    assert layout["end_ticks"] == frames_before * layout["timescale"]
    return expected


def check_splice(out, clips, layout):
    packets, time_base = probe_packets(out)
    assert time_base == Fraction(1, layout["timescale"])
    assert packets == expected_packets(clips, layout, probe_packets)
    assert out.stat().st_size == layout["file_size_bytes"]
    again = summary(out)
    assert again["own_file_reason"] == ""
    assert again["starts_at_zero"]
    assert again["length_ticks"] == layout["end_ticks"]
    assert again["num_frames"] == len(packets)
    assert again["decoder_key"] == summary(clips[0])["decoder_key"]
    if av is not None:
        check_with_av(out, clips, layout)
    if VideoDecoder is not None:
        check_with_torchcodec(out, clips, layout)


def check_with_av(out, clips, layout):
    packets, time_base = av_packets(out)
    assert time_base == Fraction(1, layout["timescale"])
    assert packets == expected_packets(clips, layout, av_packets)
    frames = av_frames(out)
    pictures = [digest for clip in clips for _, digest in av_frames(clip)]
    assert [digest for _, digest in frames] == pictures
    ticks_per_frame = Fraction(layout["end_ticks"], len(pictures))
    assert [pts for pts, _ in frames] == [k * ticks_per_frame for k in range(len(pictures))]
    check_seeks(out, clips, ticks_per_frame)


def check_seeks(out, clips, ticks_per_frame):
    """A seek into the splice finds the picture that the same seek in the source finds.

    It need not be the one asked for: FFmpeg skips the last frames before a key frame of some MPEG-4
    streams.
    """
    chance = random.Random(7)
    frames_before = 0
    num_found = 0
    for clip in clips:
        frames = av_frames(clip)
        for number in chance.sample(range(len(frames)), min(8, len(frames))):
            in_source = seek(clip, frames[number][0])
            in_splice = seek(out, (frames_before + number) * ticks_per_frame)
            num_found += in_source == frames[number][1]
            assert in_splice == in_source or in_splice == frames[number][1]
        frames_before += len(frames)
    assert num_found > 0


def check_with_torchcodec(out, clips, layout):
    """By number, in any order, with the approximate seeks that LeRobot asks for (video_utils.py,
    decode_video_frames_torchcodec)."""
    spliced = VideoDecoder(str(out), seek_mode="approximate")
    exact = [VideoDecoder(str(clip), seek_mode="exact") for clip in clips]
    num_frames = [len(decoder) for decoder in exact]
    assert len(spliced) == sum(num_frames)
    seconds_per_frame = layout["end_ticks"] / layout["timescale"] / sum(num_frames)
    wanted = [(clip, frame) for clip, count in enumerate(num_frames) for frame in (0, count // 2, count - 1)]
    random.Random(7).shuffle(wanted)
    num_right = 0
    for clip, frame in wanted:
        number = sum(num_frames[:clip]) + frame
        found, in_source = spliced.get_frame_at(number), exact[clip].get_frame_at(frame)
        if abs(found.pts_seconds - number * seconds_per_frame) < 1e-6:
            num_right += 1
        else:  # where FFmpeg passes over frames (see check_seeks), it does so in the source, too
            in_source = VideoDecoder(str(clips[clip]), seek_mode="approximate").get_frame_at(frame)
        assert bool((found.data == in_source.data).all())
    assert num_right > 0


def seek(path, pts):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        container.seek(int(pts), stream=stream)
        return next((picture_hash(f) for f in container.decode(stream) if f.pts >= pts), None)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("align", [None, 4096])
def test_splice_of_one_recipe(tmp_path, recipe, align):
    clips = make_clips(tmp_path, [recipe] * 4)
    out = tmp_path / "out.mp4"
    check_splice(out, clips, splice(out, clips, align))


@pytest.mark.parametrize("align", [None, 512, 4096])
def test_splice_of_different_clocks_and_delays(tmp_path, align):
    clips = make_clips(tmp_path, MIXED, audio=(2, 3))
    assert len({summary(clip)["decoder_key"] for clip in clips}) == 1
    out = tmp_path / "out.mp4"
    layout = splice(out, clips, align, fps=30)
    assert layout["timescale"] == math.lcm(15360, 90000, 30)
    check_splice(out, clips, layout)


def test_splice_of_a_single_source(tmp_path):
    clips = make_clips(tmp_path, ["h264_no_edit_list_b"])
    assert not summary(clips[0])["starts_at_zero"]
    out = tmp_path / "out.mp4"
    check_splice(out, clips, splice(out, clips))


def test_splices_splice_again(tmp_path):
    clips = make_clips(tmp_path, ["h264_b"] * 4)
    left, right, out, straight = (tmp_path / f"{name}.mp4" for name in ("left", "right", "out", "straight"))
    splice(left, clips[:2], 4096)
    splice(right, clips[2:])
    layout = splice(out, [left, right])
    check_splice(out, [left, right], layout)
    splice(straight, clips)
    assert probe_packets(out) == probe_packets(straight)


def test_same_input_gives_same_bytes(tmp_path):
    clips = make_clips(tmp_path, ["h264_b", "h264_no_edit_list_b"])
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    splice(one, clips, 4096)
    splice(two, clips, 4096)
    assert one.read_bytes() == two.read_bytes()


def test_aligned_splice_keeps_offsets_within_blocks(tmp_path):
    """Extents can be shared only where source and destination agree modulo the block."""
    clips = make_clips(tmp_path, ["mpeg4"] * 3)
    out = tmp_path / "out.mp4"
    layout = splice(out, clips, 4096)
    assert layout["head_bytes"] % 4096 == 0
    payload = out.read_bytes()[layout["head_bytes"]:]
    assert payload[:4096] == clips[0].read_bytes()[:4096]  # the samples of a small file begin in its first block


PIXEL_FORMATS = [
    (X264, "yuv420p"), (X264, "yuvj420p"), (X264, "yuv422p"), (X264, "yuv444p"), (X264, "yuv420p10le"), (X264, "gray"),
    (X265, "yuv420p"), (X265, "yuvj420p"), (X265, "yuv420p10le"), (X265, "yuv444p12le"), (X265, "gray"),
    (X265, "gray10le"), (X265, "gray12le"), (["-c:v", "libx264rgb"], "rgb24"),
    (["-c:v", "libsvtav1", "-preset", "12"], "yuv420p"), (["-c:v", "libsvtav1", "-preset", "12"], "yuv420p10le"),
    (["-c:v", "libaom-av1", "-cpu-used", "8"], "yuv422p"), (["-c:v", "libaom-av1", "-cpu-used", "8"], "gray"),
    (["-c:v", "mpeg4"], "yuv420p"), (["-c:v", "libvpx-vp9"], "yuv420p"), (["-c:v", "libvpx-vp9"], "yuv422p10le"),
]


@pytest.mark.parametrize("encoder,pixel_format", PIXEL_FORMATS)
def test_codec_and_pixel_format_are_ffmpegs_names(tmp_path, encoder, pixel_format):
    path = encode(tmp_path / "clip.mp4", 2, 0, "30", [*encoder, "-pix_fmt", pixel_format])
    text = run("ffprobe", "-v", "error", "-show_entries", "stream=codec_name,pix_fmt", "-of", "csv=p=0", path).stdout
    codec, found = text.strip().split(",")
    said = summary(path)
    assert said["codec"] == codec
    assert said["pixel_format"] in (found, "")
    if pixel_format not in ("gray", "rgb24"):  # which FFmpeg names by its decoder's build
        assert said["pixel_format"] == found


def reason(path):
    return summary(path)["own_file_reason"]


def test_streams_that_need_a_file_of_their_own(tmp_path):
    whole = encode(tmp_path / "whole.mp4", 60, 0, "30", X264_B)
    fragmented = tmp_path / "fragmented.mp4"
    run("ffmpeg", "-v", "error", "-i", whole, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", fragmented)
    assert reason(fragmented) == "it is fragmented"
    assert summary(fragmented)["num_frames"] == 60
    trimmed = tmp_path / "trimmed.mp4"
    run("ffmpeg", "-v", "error", "-ss", "0.5", "-i", whole, "-c", "copy", trimmed)
    assert reason(trimmed) == "its edit list hides frames at the start"
    uneven = encode(tmp_path / "uneven.mp4", 60, 0, "30", [*X264, "-video_track_timescale", "1000"])
    assert reason(uneven) == "its frames are spaced unevenly (33 to 34 ticks of 1/1000 s)"
    dropped = tmp_path / "dropped.mp4"
    run("ffmpeg", "-v", "error", "-i", whole, "-vf", "select='not(eq(n,7))'", "-vsync", "vfr", *X264, dropped)
    assert reason(dropped) == "its frames are spaced unevenly (512 to 1024 ticks of 1/15360 s)"
    out = run(TOOL, "splice", tmp_path / "out.mp4", whole, dropped, ok=False)
    assert out.returncode == 1
    assert "stream cannot be spliced: its frames are spaced unevenly" in out.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_streams_that_cannot_share_a_decoder_have_different_keys(tmp_path):
    base = summary(encode(tmp_path / "base.mp4", 5, 0, "30", X264))["decoder_key"]
    assert summary(encode(tmp_path / "same.mp4", 9, 50, "30", X264))["decoder_key"] == base
    assert summary(encode(tmp_path / "b.mp4", 5, 0, "30", X264_B))["decoder_key"] != base
    assert summary(encode(tmp_path / "size.mp4", 5, 0, "30", X264, size="64x64"))["decoder_key"] != base
    assert summary(encode(tmp_path / "x265.mp4", 5, 0, "30", X265))["decoder_key"] != base
    rotated = tmp_path / "rotated.mp4"
    source = tmp_path / "base.mp4"
    run("ffmpeg", "-v", "error", "-display_rotation", "90", "-i", source, "-c", "copy", rotated, ok=False)
    if not rotated.exists():  # before FFmpeg 6.0 the rotation is a tag of the output
        run("ffmpeg", "-v", "error", "-i", source, "-c", "copy", "-metadata:s:v:0", "rotate=90", rotated)
    assert summary(rotated)["decoder_key"] != base


def test_the_number_of_threads_is_not_part_of_the_key(tmp_path):
    """x265 notes its options in the sample entry; recorders of one model on different machines must
    still match."""
    keys = set()
    for threads in (1, 2):
        options = f"log-level=error:pools={threads}:frame-threads={threads}"
        clip = encode(tmp_path / f"{threads}.mp4", 5, 0, "30", [*X265, "-x265-params", options])
        keys.add(summary(clip)["decoder_key"])
    assert len(keys) == 1
    assert len(keys.pop()) < 1000


def test_files_that_are_refused(tmp_path):
    def refusal(path):
        done = run(TOOL, "summary", path, ok=False)
        assert done.returncode == 1
        return done.stderr

    last = encode(tmp_path / "last.mp4", 30, 0, "30", X264)  # moov at the end
    first = encode(tmp_path / "first.mp4", 30, 0, "30", [*X264, "-movflags", "+faststart"])
    for clip in (last, first):
        (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[:-1])
        assert "reaches beyond the end of the file" in refusal(tmp_path / "cut.mp4")
    noted = tmp_path / "noted.mp4"
    noted.write_bytes(last.read_bytes() + b"\x00\x00not a box")
    assert summary(noted)["has_trailing_bytes"]
    assert reason(noted) == ""
    two = tmp_path / "two.mp4"
    run("ffmpeg", "-v", "error", "-i", last, "-i", first, "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v", "default", two)
    assert "file has several video tracks" in refusal(two)
    audio = tmp_path / "audio.mp4"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", audio)
    assert "file has no video track" in refusal(audio)
    encrypted = tmp_path / "encrypted.mp4"
    run("ffmpeg", "-v", "error", "-i", last, "-c", "copy", "-encryption_scheme", "cenc-aes-ctr",
        "-encryption_key", "00" * 16, "-encryption_kid", "11" * 16, encrypted)
    assert "video is encrypted" in refusal(encrypted)
    (tmp_path / "empty.mp4").touch()
    assert "an empty file" in refusal(tmp_path / "empty.mp4")
