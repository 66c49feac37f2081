"""Videos: timescales, own files, unlike streams, sound (W-8 to W-11, W-25, 2.2). Coded bytes of all
frames are compared."""

import json

import numpy as np
import pytest

import odd_metadata
import odd_videos
from dataset_view import DatasetView, read_video
from odd_metadata import edit_feature_info

CAMERA = "observation.images.top"


def video_files(root, key: str = CAMERA) -> list:
    return sorted((root / "videos" / key).glob("*/*.mp4"))


def orders(odd, good):
    return [[odd, good], [good, odd], [good, odd, good]]


@pytest.mark.parametrize("order", range(3))
def test_w08_timescales_are_not_mixed_blindly(order, source, merge):
    odd = source(
        lambda root: odd_videos.timescale(root, 90_000), kind="one_camera", seed=1, fps=30, lengths=(7, 5)
    )
    good = source(kind="one_camera", seed=2, fps=30, lengths=(6, 4))
    destination = merge(orders(odd, good)[order])
    assert len(video_files(destination)) == 1, "15360 and 90000 have a common multiple: one file"


def test_w08_a_timescale_that_cannot_be_converted_exactly_gets_a_file_of_its_own(source, merge):
    """Ticks of 1/1000 s cannot express 1/30 s: the source's frames are at 33, 67, 100 ms and stay
    there, where LeRobot does not find them."""
    odd = source(
        lambda root: odd_videos.timescale(root, 1000), kind="one_camera", seed=1, fps=30, lengths=(7, 5)
    )
    good = source(kind="one_camera", seed=2, fps=30)
    for order in orders(odd, good):
        destination = merge(order, warnings=["W-video-own-file", "W-video-times"], frames=False)
        assert len(video_files(destination)) == len(order)


@pytest.mark.parametrize(
    "edit", [odd_videos.variable_frame_rate, odd_videos.fragmented], ids=lambda edit: edit.__name__
)
def test_what_cannot_be_spliced_is_copied_whole(edit, source, merge):
    odd, good = source(edit, kind="one_camera", seed=1), source(kind="one_camera", seed=2)
    (original,) = video_files(odd)
    # In fragments the times of frames are not looked at.
    late = ["W-video-times"] if edit == odd_videos.variable_frame_rate else []
    for order in orders(odd, good):
        destination = merge(order, warnings=["W-video-own-file", *late], frames=False)
        copies = [path for path in video_files(destination) if path.read_bytes() == original.read_bytes()]
        assert len(copies) == 1


@pytest.mark.parametrize("copy_mode", ["copy", "share"])
def test_results_are_read_by_torchcodec(copy_mode, source, tmp_path):
    """Reads both layouts with the decoder that LeRobot prefers. Sources have B-frames and unlike
    timescales."""
    try:
        import torchcodec.decoders  # noqa: F401
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchcodec does not load here: {str(error).splitlines()[0]}")
    from mergers import run_robomerge
    from read_through_lerobot import compare_through_lerobot

    odd = source(lambda root: odd_videos.timescale(root, 90_000), kind="one_camera", seed=1, fps=30, lengths=(7, 5))
    good = source(kind="one_camera", seed=2, fps=30, lengths=(6, 4))
    roots, destination = [good, odd, good], tmp_path / "merged"
    merged = run_robomerge("merge", *roots, "-o", destination, "--copy-mode", copy_mode, "--no-sync")
    assert merged.exit_code == 0, merged.stderr
    assert compare_through_lerobot(destination, roots, video_backend="torchcodec") == []


@pytest.mark.parametrize("order", range(3))
def test_w09_sound_is_dropped_where_files_are_joined(order, source, merge):
    def loud(root):
        odd_videos.with_audio(root)
        sound = {"audio__codec": "aac", "audio__channels": 1, "audio__sample_rate": 16000}
        rate = 1000 + len(root.name)  # a measured value, which differs and is no reason to refuse
        edit_feature_info(root, CAMERA, has_audio=True, audio__bit_rate=rate, **sound)

    odd = source(loud, kind="one_camera", seed=1, name="loud")
    good = source(loud, kind="one_camera", seed=2, name="louder")
    assert read_video(video_files(odd)[0]).has_audio
    destination = merge(orders(odd, good)[order], warnings=["W-video-audio"])
    assert [read_video(path).has_audio for path in video_files(destination)] == [False]


def test_w09_sound_in_one_source_only(source, merge):
    odd, good = source(odd_videos.with_audio, kind="one_camera", seed=1), source(kind="one_camera", seed=2)
    merge([odd, good], warnings=["W-video-audio"])
    merge([good, odd], warnings=["W-video-audio"])


def test_w09_a_file_copied_alone_keeps_its_sound(source, merge):
    odd = source(odd_videos.with_audio, kind="one_camera", seed=1)
    destination = merge([odd, odd], concatenate_videos=False)
    assert [read_video(path).has_audio for path in video_files(destination)] == [True, True]


def test_w10_offsets_do_not_drift(source, merge):
    """The duration of 31 frames is rounded in the same way each time, so after sixty clips a sum of
    them is off."""
    root = source(kind="one_camera", fps=30, lengths=(31,))
    destination = merge([root] * 60, frames=False)
    begins = [row[f"videos/{CAMERA}/from_timestamp"] for row in DatasetView(destination).episodes]
    assert begins == [31 * number / 30 for number in range(60)]


def test_w10_frames_after_the_last_episode_do_not_move_the_next_source(source, merge):
    odd = source(lambda root: odd_videos.reencoded(root, more_frames=3), kind="one_camera", seed=1)
    assert odd_videos.frames_of(odd, CAMERA) == 12
    merge([odd, source(lambda root: odd_videos.reencoded(root), kind="one_camera", seed=2)], warnings=None)


def test_w10_b_frames_and_none_may_meet(source, merge):
    """With other encoder settings the streams share a file with one timescale, or a new file
    begins."""
    with_b = source(
        kind="one_camera", seed=1, g=8, extra_options=(("bf", "2"), ("b_strategy", "0")), lengths=(9, 7)
    )
    without_b = source(kind="one_camera", seed=2, g=8, extra_options=(("bf", "0"),), lengths=(8, 6))
    merge([with_b, without_b], warnings=None)
    merge([without_b, with_b], warnings=None)


@pytest.mark.parametrize("name", ["it's here", 'with "double" quotes', "päth ünd 空白", "a\\b$HOME;#*?[x]"])
def test_w11_paths_are_not_interpreted(name, source, merge):
    odd = source(kind="one_camera", seed=1, name=name)
    lerobot_can_read_it = "*" not in name
    merge([odd, source(kind="one_camera", seed=2)], name=f"into {name}", frames=lerobot_can_read_it)


def test_w25_nothing_is_written_to_the_temporary_folder_of_the_system(source, merge, monkeypatch):
    roots = [source(kind="two_cameras", seed=seed) for seed in range(2)]
    for variable in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(variable, "/no/such/folder")
    merge(roots, frames=False)


UNLIKE = {
    "codec": {"vcodec": "libsvtav1"},
    "encoder settings": {"extra_options": (("profile", "baseline"),)},
}


@pytest.mark.parametrize("what", sorted(UNLIKE))
def test_unlike_streams_begin_a_new_file(what, source, merge):
    odd, good = source(kind="one_camera", seed=1, **UNLIKE[what]), source(kind="one_camera", seed=2)
    warnings = ["W-video-encoder", "W-video-split"]
    for order in ([odd, good], [good, odd]):
        destination = merge(order, warnings=warnings)
        assert len(video_files(destination)) == 2
    assert len(video_files(merge([good, odd, odd, good], warnings=warnings))) == 3


def test_another_picture_size_than_the_feature_says_begins_a_new_file(source, merge):
    odd = source(lambda root: odd_videos.reencoded(root, height=48, width=64), kind="one_camera", seed=1)
    good = source(lambda root: odd_videos.reencoded(root), kind="one_camera", seed=2)
    destination = merge([good, odd], warnings=["W-video-size", "W-video-split"])
    assert len(video_files(destination)) == 2


def test_another_pixel_format_begins_a_new_file(source, merge):
    odd = source(lambda root: odd_videos.reencoded(root, pixel_format="yuv444p"), kind="one_camera", seed=1)
    good = source(lambda root: odd_videos.reencoded(root), kind="one_camera", seed=2)
    for order in ([good, odd], [odd, good]):
        assert len(video_files(merge(order, warnings=["W-video-split"]))) == 2


def test_b_frames_begin_a_new_file(source, merge):
    with_b = source(lambda root: odd_videos.reencoded(root, bf="2", b_strategy="0"), kind="one_camera", seed=1)
    without = source(lambda root: odd_videos.reencoded(root, bf="0"), kind="one_camera", seed=2)
    for order in ([with_b, without], [without, with_b]):
        assert len(video_files(merge(order, warnings=["W-video-split"]))) == 2


def test_a_codec_name_that_lies_is_corrected(source, merge):
    edit = lambda root: edit_feature_info(root, CAMERA, video__codec="mpeg4")
    destination = merge(
        [source(edit, kind="one_camera", seed=seed) for seed in range(2)], warnings=["W-video-codec"]
    )
    info = json.loads((destination / "meta/info.json").read_text())
    assert info["features"][CAMERA]["info"]["video.codec"] == "h264"


def test_to_timestamps_one_frame_short_are_corrected(source, merge):
    odd = source(odd_metadata.short_to_timestamps, kind="two_cameras", seed=1)
    merge([odd, source(kind="two_cameras", seed=2)], warnings=["W-episode-timestamps"])
    merge([source(kind="two_cameras", seed=2), odd], warnings=["W-episode-timestamps"])


@pytest.mark.parametrize("kind", ["one_camera", "two_cameras"])
def test_a_video_too_short_for_its_episodes_is_refused(kind, source, refuse):
    odd = source(lambda root: odd_videos.with_fewer_frames(root, 2), kind=kind, seed=2)
    words = [str(odd), "file-000.mp4", "expected 9 frames", "found    7 frames"]
    refuse([source(kind=kind, seed=1), odd], "E-video-frames", *words)


def test_index_in_front_or_behind(source, merge):
    merge([source(odd_videos.index_in_front, kind="one_camera", seed=1), source(kind="one_camera", seed=2)])


def test_a_joined_file_ends_before_float32_runs_out(source, merge):
    """Beyond 1024 s LeRobot cannot find exact times. 1 fps makes recordings of that length
    small."""
    roots = [source(kind="one_camera", seed=seed, fps=1, lengths=(300, 100)) for seed in range(3)]
    destination = merge(roots)
    assert len(video_files(destination)) == 2


def test_two_cameras_may_split_at_different_places(source, merge):
    def other_wrist(root):
        path = DatasetView(root).video_path("observation.images.wrist", 0, 0)
        pictures = [
            np.full((64, 96, 3), 20 * number, np.uint8) for number in range(len(read_video(path).times))
        ]
        path.unlink()
        odd_videos.encoded(path, pictures, 10, bf="0", profile="baseline")

    odd, good = source(other_wrist, kind="two_cameras", seed=1), source(kind="two_cameras", seed=2)
    destination = merge([good, odd, good], warnings=["W-video-split"])
    assert len(video_files(destination)) == 1
    assert len(video_files(destination, "observation.images.wrist")) == 3
