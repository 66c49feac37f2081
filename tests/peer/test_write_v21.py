"""What is written as v2.1 is what its readers read: LeRobot 0.3.3 itself (in an environment of
scripts/make-peer-v21-env.sh), and readers that go by file, by time and by number, as openpi and
Isaac-GR00T do. LeRobot's own converter makes v3.0 of it again, with nothing changed."""

import json
import os
import pickle
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from dataset_view import DatasetView
from mergers import run_robomerge
from odd_videos import reencoded
from read_through_lerobot import compare_through_lerobot, open_dataset

REPOSITORY = Path(__file__).resolve().parents[2]
READER = REPOSITORY / "tests/peer/read_with_lerobot_033.py"
PYTHON_033 = Path(os.environ.get("ROBOMERGE_PEER_V21", REPOSITORY / ".peer-v21")) / "bin/python"
CAMERA = "observation.images.top"
# One stream over all episodes of a file, with frames that are reordered, and where no episode but
# the first begins with a key frame.
HIDING = {"g": "40", "bf": "2", "sc_threshold": "0"}


def write_v21(sources: list[Path], destination: Path, *more: object) -> list[str]:
    """Returns the kinds of the warnings."""
    run = run_robomerge("merge", *sources, "-o", destination, "--codebase-version", "2.1", "--no-sync", "--json", *more)
    assert run.exit_code == 0, run.stderr
    return [line["kind"] for line in run.json_lines() if line["message_type"] == "warning"]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_with_033(root: Path, out: Path, backend: str) -> dict:
    if not PYTHON_033.exists():
        message = f"no LeRobot 0.3.3 at {PYTHON_033}: scripts/make-peer-v21-env.sh makes it"
        (pytest.fail if os.environ.get("REQUIRE_PEER_V21") == "1" else pytest.skip)(message)
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(out.parent / "cache")}
    command = [PYTHON_033, READER, root, out, backend]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment, timeout=300)
    assert run.returncode == 0, run.stderr[-3000:]
    return pickle.loads(out.read_bytes())


def rows_of(source: Path):
    """Each frame of a source as LeRobot reads it, in order."""
    dataset = open_dataset(source)
    return [dataset[number] for number in range(len(dataset))]


def assert_same_frame(found: dict, expected: dict, where: str) -> None:
    # 0.3.3 reads what is stored; a depth map is no subject of it.
    for key, value in expected.items():
        if key in ("index", "episode_index", "task_index"):
            continue
        if hasattr(value, "numpy"):
            value = value.numpy()
        assert np.array_equal(np.asarray(found[key]), np.asarray(value)), f"{where}: {key}"


@pytest.mark.parametrize("backend", ["pyav", "torchcodec"])
@pytest.mark.parametrize("kind", ["one_camera", "two_cameras", "images", "words", "ranks", "hiding"])
def test_lerobot_033_reads_every_frame(source, tmp_path, kind, backend):
    if backend == "torchcodec" and kind not in ("two_cameras", "hiding"):
        pytest.skip("the other backend has read it")
    edits = [lambda root: reencoded(root, **HIDING)] if kind == "hiding" else []
    recording = {"kind": "one_camera" if kind == "hiding" else kind, "task_per_frame": True, "tasks": ("stack", "pour")}
    sources = [source(*edits, seed=seed, lengths=(7, 5, 6), **recording) for seed in (1, 2)]
    warnings = write_v21(sources, tmp_path / "v21")
    assert warnings == (["W-video-hidden"] * 2 if kind == "hiding" else [])
    for words in ([], ["--against", *sources]):
        proof = run_robomerge("verify", tmp_path / "v21", *words)
        assert proof.exit_code == 0, proof.stdout
    read = read_with_033(tmp_path / "v21", tmp_path / "read.pickle", backend)
    expected = [row for each in sources for row in rows_of(each)]
    assert read["num_episodes"] == 6 and len(read["items"]) == len(expected) == 36
    for number, (found, row) in enumerate(zip(read["items"], expected)):
        assert_same_frame(found, row, f"frame {number}")
        assert int(found["index"]) == number
        assert found["task"] == row["task"]


def statistics_of(root: Path) -> list[dict]:
    """The statistics of every episode of a v3.0 dataset, by feature and statistic."""
    episodes = []
    for row in DatasetView(root).episodes:
        stats: dict = {}
        for column, value in row.items():
            if column.startswith("stats/") and value is not None:
                feature, stat = column.removeprefix("stats/").rsplit("/", 1)
                stats.setdefault(feature, {})[stat] = np.asarray(value, dtype=float)
        episodes.append(stats)
    return episodes


def test_statistics_are_those_of_a_v30_merge(source, tmp_path):
    sources = [source(kind=kind, seed=seed, lengths=(7, 5)) for kind, seed in (("words", 1), ("words", 2))]
    write_v21(sources, tmp_path / "v21")
    run = run_robomerge("merge", *sources, "-o", tmp_path / "v30", "--no-sync")
    assert run.exit_code == 0, run.stderr
    expected = statistics_of(tmp_path / "v30")
    written = lines(tmp_path / "v21/meta/episodes_stats.jsonl")
    assert [line["episode_index"] for line in written] == [0, 1, 2, 3]
    for line, stats in zip(written, expected):
        assert line["stats"].keys() == stats.keys()
        for feature in stats:
            assert line["stats"][feature].keys() == stats[feature].keys()
            for stat, value in stats[feature].items():
                assert np.array_equal(np.asarray(line["stats"][feature][stat], dtype=float), value), (feature, stat)
    # As LeRobot writes them: the bounds of whole numbers whole, of flags as flags.
    first = written[0]["stats"]
    assert first["done"]["min"][0] in (True, False) and type(first["done"]["min"][0]) is bool
    assert type(first["tick"]["max"][0]) is int and type(first["tick"]["mean"][0]) is float
    assert (tmp_path / "v21/meta/stats.json").read_bytes() == (tmp_path / "v30/meta/stats.json").read_bytes()


def pictures_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def pictures_of_episodes(root: Path) -> list[list[np.ndarray]]:
    view = DatasetView(root)
    pictures = {}
    episodes = []
    for episode in view.episodes:
        path = view.video_path_of(CAMERA, episode)
        if path not in pictures:
            pictures[path] = pictures_of(path)
        first = round(episode[f"videos/{CAMERA}/from_timestamp"] * view.fps)
        episodes.append(pictures[path][first : first + episode["length"]])
    return episodes


@pytest.mark.parametrize("hides", [False, True], ids=["cut_at_key_frames", "hiding_frames"])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1"])
def test_frames_by_time_and_by_number(source, tmp_path, codec, hides):
    import cv2
    from torchcodec.decoders import VideoDecoder

    edits = []
    if hides and codec == "libsvtav1":
        edits.append(lambda root: reencoded(root, codec=codec, g="40", preset="12"))
    elif hides:
        options = dict(HIDING) if codec == "libx264" else {"x265-params": "keyint=40:min-keyint=40:scenecut=0:bframes=3:log-level=none"}
        edits.append(lambda root: reencoded(root, codec=codec, **options))
    vcodec = {"libx264": "h264", "libx265": "hevc", "libsvtav1": "libsvtav1"}[codec]
    root = source(*edits, lengths=(9, 8, 11, 7), vcodec=vcodec, fps=30)
    warnings = write_v21([root], tmp_path / "v21")
    assert ("W-video-hidden" in warnings) == hides
    for episode, expected in enumerate(pictures_of_episodes(root)):
        path = tmp_path / f"v21/videos/chunk-000/{CAMERA}/episode_{episode:06d}.mp4"
        # By number, in order.
        with av.open(str(path)) as container:
            decoded = [(frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
        assert [float(time) for time, _ in decoded] == pytest.approx([k / 30 for k in range(len(expected))], abs=1e-9)
        assert all(np.array_equal(picture, other) for (_, picture), other in zip(decoded, expected, strict=True))
        # By time, with a seek before each. Of HEVC, FFmpeg drops frames that are shown before the key
        # frame it seeks to, in the source as well: so the seek goes to an earlier one.
        earlier = 6 if codec == "libx265" else 0
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            for k in reversed(range(len(expected))):
                container.seek(round(max(k - earlier, 0) / 30 / stream.time_base), stream=stream)
                found = next(frame for frame in container.decode(stream) if float(frame.pts * stream.time_base) > k / 30 - 1e-4)
                assert np.array_equal(found.to_ndarray(format="rgb24"), expected[k]), (episode, k)
        by_codec = {}
        for mode in ("exact", "approximate"):
            decoder = VideoDecoder(str(path), seek_mode=mode)
            numbers = range(len(expected))
            by_codec[mode] = np.stack([decoder.get_frame_at(k).data.numpy() for k in numbers])
            played = decoder.get_frames_played_at([k / 30 for k in numbers])
            assert np.array_equal(played.data.numpy(), by_codec[mode]), (episode, mode)
        assert np.array_equal(by_codec["exact"], by_codec["approximate"])
        # Other converters of colours differ by a step or two.
        rgb = np.stack(expected).transpose(0, 3, 1, 2).astype(int)
        assert np.abs(by_codec["exact"].astype(int) - rgb).mean() < 2
        if codec == "libsvtav1":
            continue  # OpenCV's wheels have no decoder of AV1
        capture = cv2.VideoCapture(str(path))
        for picture in expected:
            is_there, bgr = capture.read()
            assert is_there and np.abs(bgr[:, :, ::-1].astype(int) - picture).mean() < 2, episode
        assert not capture.read()[0]


@pytest.mark.parametrize("kind", ["two_cameras", "images", "words"])
def test_lerobots_converter_makes_the_same_of_it_again(source, tmp_path, kind):
    from lerobot.scripts.convert_dataset_v21_to_v30 import convert_dataset

    recording = {"kind": kind, "task_per_frame": kind == "words", "tasks": ("stack", "pour") if kind == "words" else ("stack",)}
    sources = [source(seed=seed, lengths=(7, 5), **recording) for seed in (1, 2)]
    write_v21(sources, tmp_path / "there")
    shutil.copytree(tmp_path / "there", tmp_path / "back")
    convert_dataset("peer/back", root=tmp_path / "back", push_to_hub=False)
    assert compare_through_lerobot(tmp_path / "back", sources) == []
    expected = [stats for each in sources for stats in statistics_of(each)]
    for found, stats in zip(statistics_of(tmp_path / "back"), expected, strict=True):
        for feature in stats:
            if feature in ("index", "episode_index", "task_index"):
                continue
            for stat, value in stats[feature].items():
                assert np.array_equal(found[feature][stat], value), (feature, stat)
    views = [DatasetView(each) for each in (tmp_path / "back", *sources)]
    found_packets, *source_packets = [packets_of(view) for view in views]
    assert found_packets == sum(source_packets, [])
    assert set(views[0].tasks) == {task for view in views[1:] for task in view.tasks}


def packets_of(view: DatasetView) -> list:
    """The coded frames of every camera and episode, in the order of decoding."""
    packets = []
    for episode in view.episodes:
        for key in (name for name, feature in view.info["features"].items() if feature["dtype"] == "video"):
            path = view.video_path_of(key, episode)
            start = episode[f"videos/{key}/from_timestamp"]
            with av.open(str(path)) as container:
                stream = container.streams.video[0]
                of_file = [(float(packet.pts * stream.time_base), bytes(packet)) for packet in container.demux(stream) if packet.size]
            end = start + episode["length"] / view.fps
            packets.append((key, [data for time, data in of_file if start - 1e-6 <= time < end - 1e-6]))
    return packets


def test_rows_file_by_file(source, tmp_path):
    """As openpi's and GR00T's loaders take them: each file alone, without the others."""
    sources = [source(kind="two_cameras", seed=seed, lengths=(7, 5)) for seed in (1, 2)]
    write_v21(sources, tmp_path / "v21", "--chunk-size", 3)
    info = json.loads((tmp_path / "v21/meta/info.json").read_text())
    episodes = lines(tmp_path / "v21/meta/episodes.jsonl")
    assert [line["length"] for line in episodes] == [7, 5, 7, 5]
    assert info["total_chunks"] == 2 and info["total_videos"] == 8
    rows = [row for each in sources for row in rows_of(each)]
    first = 0
    for episode in episodes:
        number = episode["episode_index"]
        place = {"episode_chunk": number // info["chunks_size"], "episode_index": number}
        table = pq.read_table(tmp_path / "v21" / info["data_path"].format(**place))
        assert table["index"].to_pylist() == list(range(first, first + episode["length"]))
        assert table["frame_index"].to_pylist() == list(range(episode["length"]))
        assert set(table["episode_index"].to_pylist()) == {number}
        for k in range(episode["length"]):
            assert np.array_equal(table["action"][k].as_py(), rows[first + k]["action"].numpy())
        for key in (CAMERA, "observation.images.wrist"):
            path = tmp_path / "v21" / info["video_path"].format(video_key=key, **place)
            assert len(pictures_of(path)) == episode["length"]
        first += episode["length"]
    assert pq.read_metadata(tmp_path / "v21/data/chunk-001/episode_000003.parquet").num_row_groups == 1


def test_no_padding_refuses_and_a_cut_at_a_key_frame_needs_none(source, tmp_path):
    hiding = source(lambda root: reencoded(root, **HIDING), lengths=(7, 5))
    run = run_robomerge("merge", hiding, "-o", tmp_path / "v21", "--codebase-version", "2.1", "--no-padding", "--json")
    assert run.exit_code == 1 and not (tmp_path / "v21").exists()
    assert "E-video-padding" in run.stdout + run.stderr
    write_v21([source(lengths=(7, 5))], tmp_path / "v21", "--no-padding")


def test_stages_and_workers_give_the_same_bytes(source, tmp_path):
    from dataset_view import tree_hashes

    sources = [source(lambda root: reencoded(root, **HIDING), kind="one_camera", seed=1, lengths=(7, 5, 6)), source(seed=2, lengths=(4, 6))]
    write_v21(sources, tmp_path / "one", "-j", 1)
    write_v21(sources, tmp_path / "two", "-j", 2)
    version = ["--codebase-version", "2.1"]
    commands = [["describe", *sources, "--partial", tmp_path / "partial", *version, "--rank", rank, "--world-size", 2] for rank in (0, 1)]
    commands.append(["plan", "--partial", tmp_path / "partial", "-o", tmp_path / "three", "--plan", tmp_path / "plan", *version])
    commands += [["write", "--plan", tmp_path / "plan", "--rank", rank, "--world-size", 5] for rank in range(5)]
    commands.append(["publish", "--plan", tmp_path / "plan"])
    for command in commands:
        run = run_robomerge(*command)
        assert run.exit_code == 0, run.stderr
    expected = tree_hashes(tmp_path / "one")
    assert tree_hashes(tmp_path / "two") == expected and tree_hashes(tmp_path / "three") == expected
    again = run_robomerge("merge", *sources, "-o", tmp_path / "one", *version, "--json")
    assert again.exit_code == 0 and again.json_lines()[-1]["already_done"]
