"""What is written as v2.1, read by its rules: one data file and one video for each episode, JSON
lines for the rest. Also `convert`, into a new folder and in place."""

import json
import random
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES
from old_dataset import make_old_dataset
from stages import Stages, tree
from tiny_dataset import make_tiny_dataset
from tiny_video import FRAME_BYTES, add_video

V21 = ("--codebase-version", "2.1")
VIDEO = "videos/camera/chunk-000/file-000.mp4"


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    roots = []
    for number, (lengths, task) in enumerate([((4, 6), "stack"), ((5,), "pour"), ((3, 2, 4), "stack")]):
        roots.append(make_tiny_dataset(tmp_path / f"source-{number}", lengths=lengths, task=task))
        add_video(roots[-1], lengths, seed=number)
    return roots


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def boxes(data: bytes, start: int, end: int):
    """(name, body's start, body's end) of each box."""
    while start < end:
        size, name = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        yield name, start + head, start + size
        start += size


def find(data: bytes, *path: bytes) -> bytes:
    start, end = 0, len(data)
    for name in path:
        start, end = next((first, last) for box, first, last in boxes(data, start, end) if box == name)
    return data[start:end]


def frames_of(path: Path) -> list[bytes]:
    """The coded frames of a small file: they fill the box mdat."""
    payload = find(path.read_bytes(), b"mdat")
    return [payload[at : at + FRAME_BYTES] for at in range(0, len(payload), FRAME_BYTES)]


def test_each_episode_has_its_rows_and_frames(robomerge, sources, tmp_path):
    run = robomerge("merge", *sources, "-o", tmp_path / "v21", *V21, "--json")
    assert run.exit_code == 0, run.stderr
    root = tmp_path / "v21"
    info = json.loads((root / "meta/info.json").read_text())
    assert info["codebase_version"] == "v2.1"
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"], info["total_videos"], info["total_chunks"]) == (6, 24, 2, 6, 1)
    assert "fps" not in info["features"]["observation.state"]
    episodes = lines(root / "meta/episodes.jsonl")
    assert episodes[3] == {"episode_index": 3, "tasks": ["stack"], "length": 3}
    assert (root / "meta/episodes.jsonl").read_text().splitlines()[3] == '{"episode_index": 3, "tasks": ["stack"], "length": 3}'
    assert lines(root / "meta/tasks.jsonl") == [{"task_index": 0, "task": "stack"}, {"task_index": 1, "task": "pour"}]
    tables = [pq.read_table(source / "data/chunk-000/file-000.parquet") for source in sources]
    first = 0
    for episode in episodes:
        number, length = episode["episode_index"], episode["length"]
        source, before = [(0, 0), (0, 4), (1, 0), (2, 0), (2, 3), (2, 5)][number]
        table = pq.read_table(root / info["data_path"].format(episode_chunk=0, episode_index=number))
        expected = tables[source].slice(before, length)
        for column in ("observation.state", "timestamp", "frame_index"):
            assert table[column].to_pylist() == expected[column].to_pylist()
        assert table["index"].to_pylist() == list(range(first, first + length))
        assert set(table["episode_index"].to_pylist()) == {number}
        assert set(table["task_index"].to_pylist()) == {1 if source == 1 else 0}
        path = root / info["video_path"].format(episode_chunk=0, episode_index=number, video_key="camera")
        assert frames_of(path) == [bytes([source, before + k]) * (FRAME_BYTES // 2) for k in range(length)]
        first += length
    stats = lines(root / "meta/episodes_stats.jsonl")
    assert stats[2]["stats"]["index"]["min"] == [10] and stats[2]["stats"]["index"]["max"] == [14]
    assert stats[2]["stats"]["episode_index"]["mean"] == [2.0] and stats[2]["stats"]["task_index"]["max"] == [1]
    assert stats[2]["stats"]["observation.state"]["count"] == [5]
    assert json.loads((root / "meta/stats.json").read_text())["index"]["max"] == [23.0]
    # The video of one episode is its source's.
    assert (root / "videos/chunk-000/camera/episode_000002.mp4").read_bytes() == (sources[1] / "videos/camera/chunk-000/file-000.mp4").read_bytes()


def test_any_number_of_workers_and_of_ranks_gives_the_same_bytes(robomerge, sources, tmp_path):
    expected = None
    for number in (1, 2, 7):
        assert robomerge("merge", *sources, "-o", tmp_path / f"v21-{number}", *V21, "-j", number).exit_code == 0
        found = tree(tmp_path / f"v21-{number}")
        assert found == (expected or found)
        expected = found
    stages = Stages(robomerge, sources, tmp_path / "work", tmp_path / "staged", *V21)
    for rank in range(2):
        stages.run([*stages.describe(rank, 2), *V21])
    stages.run(stages.plan())
    for rank in range(6):
        stages.run(stages.write(rank, 6))
    stages.run(stages.publish())
    assert tree(tmp_path / "staged") == expected
    again = robomerge("merge", *sources, "-o", tmp_path / "v21-1", *V21, "--json")
    assert again.json_lines()[-1]["already_done"]
    # One that is damaged is written again.
    (tmp_path / "v21-1/data/chunk-000/episode_000001.parquet").unlink()
    refused = robomerge("merge", *sources, "-o", tmp_path / "v21-1", *V21)
    assert refused.exit_code == 1 and "episode_000001.parquet" in refused.stderr
    assert robomerge("merge", *sources, "-o", tmp_path / "v21-1", *V21, "--overwrite").exit_code == 0
    assert tree(tmp_path / "v21-1") == expected


def test_partials_of_another_version_are_refused(robomerge, sources, tmp_path):
    stages = Stages(robomerge, sources, tmp_path / "work", tmp_path / "v21", *V21)
    stages.run(stages.describe())
    run = robomerge(*stages.plan())
    assert run.exit_code == 2 and "describe the sources with `--codebase-version 2.1`" in run.stderr


def test_a_selection_has_only_its_episodes(robomerge, sources, tmp_path):
    run = robomerge("merge", *sources, "-o", tmp_path / "v21", *V21, "--min-frames", 4)
    assert run.exit_code == 0, run.stderr
    assert [line["length"] for line in lines(tmp_path / "v21/meta/episodes.jsonl")] == [4, 6, 5, 4]
    assert frames_of(tmp_path / "v21/videos/chunk-000/camera/episode_000003.mp4") == [bytes([2, 5 + k]) * (FRAME_BYTES // 2) for k in range(4)]


def test_frames_off_the_grid_are_copied_alone_and_refused_together(robomerge, tmp_path):
    def late(ticks):
        return [tick + (100 if number % 3 == 2 else 0) for number, tick in enumerate(ticks)]

    alone = make_tiny_dataset(tmp_path / "alone", lengths=(6,))
    add_video(alone, (6,), seed=1, edit_ticks=late)
    together = make_tiny_dataset(tmp_path / "together", lengths=(3, 3))
    add_video(together, (3, 3), seed=1, edit_ticks=late)
    run = robomerge("merge", together, "-o", tmp_path / "v21", *V21)
    assert run.exit_code == 1 and "[E-video-" in run.stderr and not (tmp_path / "v21").exists()


def test_recipe_and_dry_run(robomerge, sources, tmp_path):
    recipe = tmp_path / "r.yaml"
    recipe.write_text("output: v21\ncodebase_version: 2.1\nsources: [source-0, source-1, source-2]\n")
    planned = robomerge("plan", "--recipe", recipe, "--json")
    assert planned.exit_code == 0, planned.stderr
    files = {line["path"]: line["size_bytes"] for line in planned.json_lines() if line["message_type"] == "file"}
    assert robomerge("merge", "--recipe", recipe).exit_code == 0
    # What is measured has another size than was estimated.
    sizes = {path: len(data) for path, data in tree(tmp_path / "v21").items()}
    assert files.keys() == sizes.keys()
    measured = {"meta/episodes_stats.jsonl", "meta/stats.json"}
    assert {path for path in files if files[path] != sizes[path]} <= measured
    recipe.write_text("output: v21\ncodebase_version: 2.2\nsources: [source-0]\n")
    refused = robomerge("merge", "--recipe", recipe)
    assert refused.exit_code == 2 and "3.0 or 2.1" in refused.stderr


def test_convert_is_a_merge_of_one(robomerge, sources, tmp_path):
    assert robomerge("merge", sources[0], "-o", tmp_path / "merged", *V21).exit_code == 0
    assert robomerge("convert", sources[0], "-o", tmp_path / "converted", *V21).exit_code == 0
    assert tree(tmp_path / "converted") == tree(tmp_path / "merged")
    for words in ([*sources, "-o", "x"], [sources[0]], [sources[0], "-o", "x", "--in-place"]):
        assert robomerge("convert", *words, *V21).exit_code == 2


def test_convert_in_place_keeps_the_old_one(robomerge, sources, tmp_path):
    root, old = sources[0], tmp_path / "source-0_old"
    assert robomerge("convert", root, "-o", tmp_path / "expected", *V21).exit_code == 0
    before, expected = tree(root), tree(tmp_path / "expected")
    shutil.copytree(sources[1], old)
    run = robomerge("convert", root, "--in-place", *V21, "--json")
    assert run.exit_code == 0, run.stderr
    assert run.json_lines()[-1]["destination"] == str(root)
    assert tree(root) == expected and tree(old) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "source-0", "source-0_old", "source-1", "source-2"]
    again = robomerge("convert", root, "--in-place", *V21, "--json")
    assert again.json_lines()[-1]["already_done"] and tree(root) == expected and tree(old) == before


def test_kills_of_a_conversion_in_place_lose_nothing(robomerge, sources, tmp_path):
    home = tmp_path / "home"
    root, old = home / "kitchen", home / "kitchen_old"
    before, older = tree(sources[2]), tree(sources[0])

    def prepare():
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(sources[2], root)
        shutil.copytree(sources[0], old)

    words = ["convert", str(root), "--in-place", *V21]
    prepare()
    start = time.monotonic()
    assert robomerge(*words).exit_code == 0
    seconds = time.monotonic() - start
    expected = tree(root)
    generator, num_kills = random.Random(5), 0
    for attempt in range(400):
        if num_kills == 40:
            break
        prepare()
        process = subprocess.Popen([str(robomerge.path), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=robomerge.environment())
        time.sleep((attempt % 10 + generator.random()) / 10 * 1.1 * seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        num_kills += process.returncode == -signal.SIGKILL
        assert tree(root) in (before, expected)
        folders = [tree(folder) for folder in home.iterdir() if folder.is_dir()]
        assert before in folders and (tree(root) == expected or older in folders)
        assert robomerge(*words).exit_code == 0
        assert tree(root) == expected and tree(old) == before
        assert sorted(path.name for path in home.iterdir()) == ["kitchen", "kitchen_old"]
    assert num_kills == 40


def test_a_result_is_proven_and_states_its_rows(robomerge, sources, tmp_path):
    out = tmp_path / "v21"
    run = robomerge("merge", *sources, "-o", out, *V21, "--verify")
    assert run.exit_code == 0 and "nothing differs" in run.stderr
    assert robomerge("verify", out, "--measure-stats").exit_code == 0
    states = [
        row
        for number in range(6)
        for row in pq.read_table(out / f"data/chunk-000/episode_{number:06d}.parquet")["observation.state"].to_pylist()
    ]
    stats = json.loads((out / "meta/stats.json").read_text())["observation.state"]
    assert stats["q90"] == np.quantile(np.array(states), 0.9, axis=0).tolist() and stats["count"] == [24]
    assert all("q90" in line["stats"]["observation.state"] for line in lines(out / "meta/episodes_stats.jsonl"))


def test_the_way_back_gives_the_same(robomerge, sources, tmp_path):
    """Rows, coded frames, tasks and statistics."""
    assert robomerge("merge", *sources, "-o", tmp_path / "v30").exit_code == 0
    assert robomerge("convert", tmp_path / "v30", "-o", tmp_path / "v21", *V21).exit_code == 0
    back = robomerge("convert", tmp_path / "v21", "-o", tmp_path / "back", "--codebase-version", "3.0")
    assert back.exit_code == 0, back.stderr
    before, after = tree(tmp_path / "v30"), tree(tmp_path / "back")
    # The record names another source. Tables and videos of other parts have other indexes.
    assert before.keys() == after.keys()
    assert {path for path in before if before[path] != after[path]} <= {"meta/robomerge.json", DATA, EPISODES, VIDEO}
    for path in (DATA, EPISODES):
        tables = [pq.read_table(tmp_path / name / path).to_pydict() for name in ("v30", "back")]
        assert tables[0] == tables[1], path
    assert frames_of(tmp_path / "v30" / VIDEO) == frames_of(tmp_path / "back" / VIDEO)


def test_all_versions_by_rules_in_one_pass(robomerge, sources, tmp_path):
    for version in ("2.0", "2.1"):
        root = make_old_dataset(tmp_path / version, lengths=(5, 7), task="pour")
        if version == "2.0":
            (root / "meta/episodes_stats.jsonl").unlink()
    recipe = {
        "output": "out",
        "codebase_version": "2.1",
        "rename": {"camera": "top"},
        "sources": [{"path": "2.0", "episodes": "1"}, {"path": "2.1", "exclude_episodes": "1"}, "source-0"],
    }
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    run = robomerge("merge", "--recipe", tmp_path / "r.yaml", "--verify")
    assert run.exit_code == 0, run.stderr
    assert [line["length"] for line in lines(tmp_path / "out/meta/episodes.jsonl")] == [7, 5, 4, 6]
    assert (tmp_path / "out/videos/chunk-000/top/episode_000003.mp4").is_file()
