"""Edits of one dataset: what each command of docs/edit.md makes of rows, pictures, files and tasks, in a
new dataset and in place; that nothing is lost; and that wrong wishes are refused before anything is
written."""

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from edits import DATA, edit_json, edit_table
from stages import tree
from test_adapt import LENGTHS, STATE, columns_of, features_of, frames_of, make_source, pictures_of, tasks_of
from test_measure import with_feature
from tiny_dataset import make_tiny_dataset


def edited(robomerge, root: Path, *words: str | Path, out: Path | None = None) -> Path:
    """The result of an edit of `root`, proven while it is made, and alone."""
    place = ["--in-place"] if out is None else ["-o", out]
    run = robomerge(words[0], root, *words[1:], *place, "--verify", "-q")
    assert run.exit_code == 0, run.stderr
    alone = robomerge("verify", out or root)
    assert alone.exit_code == 0, alone.stdout + alone.stderr
    return out or root


def refused(robomerge, kind: str, *words: str | Path) -> str:
    run = robomerge(*words)
    assert run.exit_code in (1, 2) and f"[{kind}]" in run.stderr, run.stderr
    return run.stderr


def two_files(root: Path) -> Path:
    """Numbers the one data file and the one video file of a dataset 3 and 5."""
    for folder, number in (("data/chunk-000", 3), ("videos/camera/chunk-000", 5)):
        file = next((root / folder).iterdir())
        file.rename(file.with_name(f"file-{number:03d}{file.suffix}"))
    episodes = root / "meta/episodes/chunk-000/file-000.parquet"
    for name, number in (("data/file_index", 3), ("videos/camera/file_index", 5)):
        def set_number(table, name=name, number=number):
            at = table.schema.get_field_index(name)
            import pyarrow as pa

            return table.set_column(at, table.schema.field(name), pa.array([number] * len(table), table.schema.field(name).type))

        edit_table(episodes, set_number)
    return root


@pytest.fixture
def source(tmp_path) -> Path:
    root = make_source(tmp_path / "kitchen", 1)
    (root / "README.md").write_text("cups")
    (root / "meta/modality.json").write_text("{}")
    return root


@pytest.fixture(params=["out", "in_place", "in_place_over_old"])
def place(request, tmp_path, source) -> Path | None:
    """Where the result goes; None: in place."""
    if request.param == "out":
        return tmp_path / "out"
    if request.param == "in_place_over_old":
        make_source(tmp_path / "kitchen_old", 7)
    return None


def test_delete_episodes(robomerge, source, place, tmp_path):
    before = tree(source)
    result = edited(robomerge, source, "delete-episodes", "1,3", out=place)
    rows = columns_of(result, STATE, "episode_index", "index", "frame_index")
    kept = frames_of(0, 2)
    old = columns_of(tmp_path / "kitchen_old" if place is None else source, STATE)
    assert rows[STATE] == [old[STATE][frame] for frame in kept]
    assert rows["episode_index"] == [0] * LENGTHS[0] + [1] * LENGTHS[2]
    assert rows["index"] == list(range(len(kept)))
    assert pictures_of(result) == [(1, frame) for frame in kept]
    assert (result / "README.md").read_text() == "cups" and (result / "meta/modality.json").exists()
    assert tree(tmp_path / "kitchen_old" if place is None else source) == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_an_episode_is_trimmed(robomerge, source, place, tmp_path):
    old = columns_of(source, STATE)[STATE]
    result = edited(robomerge, source, "trim-episode", "1", "--frames", "1-2", out=place)
    kept = [*frames_of(0), *frames_of(1)[1:3], *[frame for episode in range(2, len(LENGTHS)) for frame in frames_of(episode)]]
    rows = columns_of(result, STATE, "episode_index", "frame_index")
    assert rows[STATE] == [old[frame] for frame in kept]
    assert [frame for frame, episode in zip(rows["frame_index"], rows["episode_index"], strict=True) if episode == 1] == [0, 1]


SPLITS = {
    "episodes": (["--into", "a=2", "--into", "b=0,3"], {"a": [2], "b": [0, 3]}),
    "parts": (["--into", "train=75%", "--into", "val=25%"], {"train": [0, 1, 2], "val": [3]}),
    "odd_parts": (["--into", "x=33.3%", "--into", "y=33.3%"], {"x": [0], "y": [1]}),
    "tasks": (["--by-task"], None),
}


@pytest.mark.parametrize("case", SPLITS)
def test_split(robomerge, source, tmp_path, case):
    assert len(LENGTHS) == 4
    words, expected = SPLITS[case]
    before = tree(source)
    run = robomerge("split", source, *words, "-o", tmp_path / "parts", "--verify")
    assert run.exit_code == 0, run.stderr
    if expected is None:
        episodes = pq.read_table(source / "meta/episodes")["tasks"].to_pylist()
        names = list(dict.fromkeys(tuple(sorted(tasks)) for tasks in episodes))
        expected = {"_and_".join(tasks).replace(" ", "_").lower(): [at for at, one in enumerate(episodes) if tuple(sorted(one)) == tasks] for tasks in names}
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == sorted(expected)
    old = columns_of(source, STATE)[STATE]
    for name, episodes in expected.items():
        part = tmp_path / "parts" / name
        assert columns_of(part, STATE)[STATE] == [old[frame] for frame in frames_of(*episodes)]
        assert pictures_of(part) == [(1, frame) for frame in frames_of(*episodes)]
        alone = robomerge("verify", part)
        assert alone.exit_code == 0, alone.stdout + alone.stderr
    made = tree(tmp_path / "parts")
    again = robomerge("split", source, *words, "-o", tmp_path / "parts")
    assert again.exit_code == 0 and "Nothing to do" in again.stderr
    assert tree(tmp_path / "parts") == made and tree(source) == before
    other = robomerge("split", source, "--into", "c=1", "-o", tmp_path / "parts")
    assert other.exit_code == 1 and "E-destination-exists" in other.stderr and "--overwrite" not in other.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_merge_is_split_by_its_sources(robomerge, tmp_path):
    one, two = make_source(tmp_path / "one", 1), make_source(tmp_path / "two", 2)
    assert robomerge("merge", one, two, "-o", tmp_path / "both", "-q").exit_code == 0
    assert robomerge("split", tmp_path / "both", "--by-source", "-o", tmp_path / "parts", "-q").exit_code == 0
    for name, root in (("source_0", one), ("source_1", two)):
        assert columns_of(tmp_path / "parts" / name, STATE) == columns_of(root, STATE)
    assert "E-rule" in robomerge("split", one, "--by-source", "-o", tmp_path / "other").stderr


def test_a_dry_split_writes_nothing(robomerge, source, tmp_path):
    before = tree(tmp_path)
    run = robomerge("split", source, "--by-task", "-o", tmp_path / "parts", "-n", "--json")
    assert run.exit_code == 0 and tree(tmp_path) == before
    assert any(str(tmp_path / "parts") in line.get("destination", "") for line in run.json_lines())
    lines = robomerge("split", source, "--into", "a=0", "--into", "b=1", "-o", tmp_path / "parts", "-n").stdout.splitlines()
    tables = [lines[at - 1] for at, line in enumerate(lines) if line.startswith("file ")]
    assert tables == [str(tmp_path / "parts/a"), str(tmp_path / "parts/b")]


def test_features_are_renamed_and_files_keep_their_numbers(robomerge, source, place):
    two_files(source)
    result = edited(robomerge, source, "rename-feature", f"{STATE}=state", "camera=wrist", out=place)
    assert "state" in features_of(result) and STATE not in features_of(result)
    assert (result / "data/chunk-000/file-003.parquet").exists()
    assert (result / "videos/wrist/chunk-000/file-005.mp4").exists() and not (result / "videos/camera").exists()
    episodes = pq.read_table(result / "meta/episodes").to_pydict()
    assert set(episodes["data/file_index"]) == {3} and set(episodes["videos/wrist/file_index"]) == {5}
    assert not [name for name in episodes if STATE in name or "camera" in name]
    stats = json.loads((result / "meta/stats.json").read_text())
    assert "state" in stats and "wrist" in stats and STATE not in stats


def test_features_are_removed_with_all_that_is_theirs(robomerge, source, place):
    result = edited(robomerge, source, "remove-feature", "next.*", "camera", out=place)
    assert "next.success" not in features_of(result) and "camera" not in features_of(result)
    assert not (result / "videos").exists()
    names = pq.read_table(result / "meta/episodes").column_names
    assert not [name for name in names if "camera" in name or "next.success" in name]
    assert "next.success" not in pq.read_schema(result / DATA).names


def test_tasks_are_changed(robomerge, source, place):
    result = edited(robomerge, source, "modify-tasks", "--replace-task", "wipe the table=wipe it", out=place)
    assert tasks_of(result) == ["wipe it"]
    assert pq.read_table(result / "meta/episodes")["tasks"].to_pylist() == [["wipe it"]] * len(LENGTHS)


def test_the_limits_of_the_source_stay(robomerge, source, tmp_path):
    edit_json(source / "meta/info.json", lambda info: info.update(chunks_size=25, data_files_size_in_mb=7, video_files_size_in_mb=9))
    result = edited(robomerge, source, "modify-tasks", "--set-task", "x", out=tmp_path / "out")
    info = json.loads((result / "meta/info.json").read_text())
    assert (info["chunks_size"], info["data_files_size_in_mb"], info["video_files_size_in_mb"]) == (25, 7, 9)


def test_an_older_backup_goes_when_the_new_dataset_stands(robomerge, source, tmp_path):
    first = tree(source)
    edited(robomerge, source, "delete-episodes", "0")
    second = tree(source)
    assert tree(tmp_path / "kitchen_old") == first
    edited(robomerge, source, "delete-episodes", "0")
    assert tree(tmp_path / "kitchen_old") == second
    third = tree(source)
    run = robomerge("delete-episodes", source, "0", "--in-place", "--no-backup")
    assert run.exit_code == 0 and tree(tmp_path / "kitchen_old") == second and tree(source) != third


def test_a_dry_run_shows_everything_and_writes_nothing(robomerge, source, tmp_path):
    before = tree(tmp_path)
    run = robomerge("remove-feature", source, "next.success", "--in-place", "-n")
    assert run.exit_code == 0 and tree(tmp_path) == before
    assert "videos/camera/chunk-000/file-000.mp4" in run.stdout and "copy" in run.stdout
    made = robomerge("remove-feature", source, "next.success", "-o", tmp_path / "out", "--json")
    planned = robomerge("remove-feature", source, "next.success", "-o", tmp_path / "other", "--json", "-n")

    def files(run):
        """Sizes are estimates where the rows have not been measured yet."""
        lines = [line for line in run.json_lines() if "mode" in line]
        return [{key: value for key, value in line.items() if key not in ("size_bytes", "is_estimate")} for line in lines]

    assert files(made) == files(planned)


WRONG = {
    "no_place": (["delete-episodes", "SRC", "0"], "E-no-destination"),
    "both_places": (["delete-episodes", "SRC", "0", "-o", "out", "--in-place"], "E-flag"),
    "no_backup_of_nothing": (["delete-episodes", "SRC", "0", "-o", "out", "--no-backup"], "E-flag"),
    "overwrite_in_place": (["delete-episodes", "SRC", "0", "--in-place", "--overwrite"], "E-flag"),
    "no_source": (["delete-episodes", "--in-place"], "E-no-sources"),
    "no_episodes": (["delete-episodes", "SRC", "--in-place"], "E-path"),
    "no_such_episode": (["delete-episodes", "SRC", "9", "--in-place"], "E-rule"),
    "no_number": (["delete-episodes", "SRC", "two", "--in-place"], "E-value"),
    "every_episode": (["delete-episodes", "SRC", "0-", "--in-place"], "E-nothing-selected"),
    "no_feature": (["remove-feature", "SRC", "--in-place"], "E-path"),
    "no_such_feature": (["remove-feature", "SRC", "next.sucess", "--in-place"], "E-rule"),
    "default_feature": (["remove-feature", "SRC", "timestamp", "--in-place"], "E-value"),
    "no_new_name": (["rename-feature", "SRC", "camera", "--in-place"], "E-value"),
    "slash_in_name": (["rename-feature", "SRC", "camera=a/b", "--in-place"], "E-value"),
    "taken_name": (["rename-feature", "SRC", f"camera={STATE}", "--in-place"], "E-rule"),
    "no_frames": (["trim-episode", "SRC", "1", "--in-place"], "E-flag"),
    "no_range": (["trim-episode", "SRC", "1", "--frames", "x", "--in-place"], "E-value"),
    "frames_beyond": (["trim-episode", "SRC", "1", "--frames", "900-", "--in-place"], "E-rule"),
    "no_split": (["split", "SRC", "-o", "out"], "E-flag"),
    "two_splits": (["split", "SRC", "--by-task", "--by-source", "-o", "out"], "E-flag"),
    "no_folder": (["split", "SRC", "--by-task"], "E-no-destination"),
    "no_part": (["split", "SRC", "--into", "a", "-o", "out"], "E-value"),
    "split_into_itself": (["split", "SRC", "--by-task", "-o", "SRC/parts"], "E-destination-in-source"),
    "on_the_hub": (["delete-episodes", "hf://datasets/lab/kitchen", "1", "--in-place"], "E-flag"),
    "no_task": (["modify-tasks", "SRC", "--in-place"], "E-flag"),
    "no_such_task": (["modify-tasks", "SRC", "--replace-task", "a=b", "--in-place"], "E-rule"),
    "more_datasets": (["modify-tasks", "SRC", "b", "--set-task", "x", "--in-place"], "E-path"),
    "no_dataset": (["modify-tasks", "nothing", "--set-task", "x", "--in-place"], "E-"),
    "into_itself": (["modify-tasks", "SRC", "--set-task", "x", "-o", "SRC"], "E-destination-in-source"),
}


@pytest.mark.parametrize(
    "words",
    [["stats", "SRC", "--in-place"], ["delete-episodes", "SRC", "0", "--in-place"], ["convert", "SRC", "--in-place", "--codebase-version", "2.1"], ["append", "SRC", "MORE"]],
)
def test_what_the_cache_of_the_hub_holds_is_not_edited(robomerge, source, tmp_path, words):
    snapshot = tmp_path / "hub/datasets--lab--kitchen/snapshots" / ("0123456789" * 4)
    snapshot.parent.mkdir(parents=True)
    source.rename(snapshot)
    (tmp_path / "link").symlink_to(snapshot)
    more, before = make_source(tmp_path / "more", 7), tree(snapshot)
    for place in (snapshot, tmp_path / "link"):
        run = robomerge(*[{"SRC": str(place), "MORE": str(more)}.get(word, word) for word in words])
        assert run.exit_code == 2 and "cache of the Hub" in run.stderr and "-o DST" in run.stderr, run.stderr
    assert tree(snapshot) == before


@pytest.mark.parametrize("case", WRONG)
def test_wrong_wishes_leave_everything_as_it_was(robomerge, source, tmp_path, case):
    words, kind = WRONG[case]
    make_source(tmp_path / "kitchen_old", 7)
    before = tree(tmp_path)
    run = robomerge(*[word.replace("SRC", str(source)) for word in words], cwd=tmp_path)
    assert run.exit_code in (1, 2) and f"{kind}" in run.stderr, run.stderr
    assert tree(tmp_path) == before


def test_what_is_no_dataset_is_never_replaced(robomerge, source, tmp_path):
    (tmp_path / "kitchen_old").mkdir()
    (tmp_path / "kitchen_old/notes.txt").write_text("mine")
    before = tree(tmp_path)
    assert "kitchen_old" in refused(robomerge, "E-destination", "delete-episodes", source, "0", "--in-place")
    assert tree(tmp_path) == before
    shutil.rmtree(tmp_path / "kitchen_old")
    (source / "notes.txt").write_text("mine")
    refused(robomerge, "E-destination", "delete-episodes", source, "0", "--in-place")
    (source / "notes.txt").unlink()
    (tmp_path / "link").symlink_to(source)
    refused(robomerge, "E-destination", "delete-episodes", tmp_path / "link", "0", "--in-place")


def test_kills_leave_the_old_or_the_new_dataset(robomerge, tmp_path):
    """30 kills, spread over the run."""
    pristine = make_source(tmp_path / "pristine", 1)
    older = tree(make_source(tmp_path / "older", 7))
    out = tmp_path / "out"
    root, backup = out / "kitchen", out / "kitchen_old"
    words = [str(robomerge.path), "delete-episodes", str(root), "1", "--in-place"]

    def prepare() -> None:
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(pristine, root)
        shutil.copytree(tmp_path / "older", backup)

    prepare()
    old = tree(root)
    start = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    seconds = time.monotonic() - start
    new = tree(root)
    for attempt in range(30):
        prepare()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds * attempt / 30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = tree(root)
        assert there in (old, new), f"kill {attempt}"
        if there == old:
            assert tree(backup) == older, f"kill {attempt}"
        has_note = any(path.name.endswith(".exchange") for path in out.iterdir())
        if there == old or has_note:
            run = robomerge(*words[1:])
            assert run.exit_code == 0, run.stderr
        assert tree(root) == new and tree(backup) == old, f"kill {attempt}"


def test_kills_leave_all_splits_or_none(robomerge, tmp_path):
    """12 kills, spread over the run."""
    source, out = make_source(tmp_path / "kitchen", 1), tmp_path / "out"
    words = [str(robomerge.path), "split", str(source), "--into", "a=0,2", "--into", "b=1", "-o", str(out / "parts")]
    start = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    seconds = time.monotonic() - start
    new, parts = tree(out), tree(out / "parts")
    # What a kill behind the rename leaves.
    (out / ".parts.robomerge.lock").touch()
    assert robomerge(*words[1:]).exit_code == 0 and tree(out) == new
    for attempt in range(12):
        shutil.rmtree(out)
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds * attempt / 12)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert tree(out / "parts") in ({}, parts), f"kill {attempt}"
        run = robomerge(*words[1:])
        assert run.exit_code == 0, run.stderr
        assert tree(out) == new, f"kill {attempt}"


@pytest.mark.parametrize("flags", [[], ["--no-backup"]], ids=["backup", "no backup"])
@pytest.mark.parametrize("path", ["LICENSE", "meta/notes.txt"])
def test_a_dataset_with_small_files_is_edited_in_place_again_and_again(robomerge, source, path, flags):
    (source / path).write_text("Apache-2.0")
    for _ in range(2):
        run = robomerge("delete-episodes", source, "0", "--in-place", *flags)
        assert run.exit_code == 0 and (source / path).read_text() == "Apache-2.0", run.stderr


def test_only_what_goes_along_may_lie_in_a_dataset_that_is_edited_in_place(robomerge, source, tmp_path):
    (source / "meta/notes.txt").write_text("mine")
    # Another dataset would not take it along.
    other = make_source(tmp_path / "other", 7)
    assert "`meta/notes.txt`" in refused(robomerge, "E-destination", "merge", other, "-o", source, "--overwrite")
    for path in ("meta/.hidden", "data/notes.txt", "videos/notes.txt"):
        (source / path).parent.mkdir(exist_ok=True)
        (source / path).write_text("mine")
        found = refused(robomerge, "E-destination", "delete-episodes", source, "0", "--in-place")
        assert f"`{path}`" in found and "notes.txt`, " not in found
        (source / path).unlink()


def test_a_link_in_a_dataset_is_not_replaced(robomerge, source):
    (source / "notes.txt").symlink_to("elsewhere")
    run = robomerge("modify-tasks", source, "--set-task", "x", "--in-place")
    assert run.exit_code == 2 and "`notes.txt`" in run.stderr


@pytest.mark.parametrize("length", [209, 230])
def test_long_names_are_edited_in_place_or_refused(length, robomerge, source):
    longest = source.rename(source.with_name("n" * length))
    run = robomerge("delete-episodes", longest, "0", "--in-place")
    assert (run.exit_code, "too long" in run.stderr) == ((0, False) if length < 210 else (2, True)), run.stderr
    assert sorted(path.name for path in longest.parent.iterdir() if path.name.startswith(".")) == []


def test_a_backup_among_the_sources_is_told_of(robomerge, source, tmp_path):
    assert robomerge("delete-episodes", source, "0", "--in-place").exit_code == 0
    run = robomerge("merge", source, f"{source}_old", "-o", tmp_path / "all")
    assert run.exit_code == 0 and "W-source-old" in run.stderr and f"{source}_old" in run.stderr
    run = robomerge("merge", f"{source}_old", "-o", tmp_path / "old")
    assert run.exit_code == 0 and "W-source-old" not in run.stderr


def test_a_source_whose_name_is_no_folder_splits_nothing(robomerge, source, tmp_path):
    (tmp_path / "recipe.yaml").write_text(f"output: both\nsources: [{{path: {source}, name: left/arm}}, {{path: {source}, name: b}}]\n")
    assert robomerge("merge", "--recipe", tmp_path / "recipe.yaml").exit_code == 0
    run = robomerge("split", tmp_path / "both", "--by-source", "-o", tmp_path / "parts")
    assert run.exit_code == 2 and "left/arm" in run.stderr and not (tmp_path / "parts").exists()


ONE_DATASET = {
    "an episode that is not there": ("delete-episodes SRC 99", "shows the episodes of a dataset"),
    "a trim of it": ("trim-episode SRC 99 --frames 0-1", "shows the episodes of a dataset"),
    "all episodes": ("delete-episodes SRC 0-3", "no episode of the dataset is selected"),
    "a feature that is not there": ("remove-feature SRC nope", "rule matches nothing in the dataset"),
}


@pytest.mark.parametrize("what", ONE_DATASET)
def test_an_edit_speaks_of_one_dataset(what, robomerge, source, tmp_path):
    words, said = ONE_DATASET[what]
    run = robomerge(*words.replace("SRC", str(source)).split(), "-o", tmp_path / "out")
    assert run.exit_code == 2 and said in run.stderr and "recipe" not in run.stderr and "any source" not in run.stderr, run.stderr


def test_workers_do_not_show_in_a_split(robomerge, source, tmp_path):
    said = {}
    for workers in (1, 7):
        run = robomerge("split", source, "--into", "a=0", "--into", "rest=1,2", "-o", tmp_path / "parts", "-j", workers, "--json")
        lines = [line for line in run.json_lines() if line["message_type"] in ("file", "warning")]
        said[workers] = (tree(tmp_path / "parts"), lines)
        shutil.rmtree(tmp_path / "parts")
    assert said[1] == said[7] and said[1][0]


def test_a_split_tells_of_what_another_one_left(robomerge, source, tmp_path):
    left = tmp_path / ".parts.robomerge-0123456789abcdef"
    left.mkdir()
    run = robomerge("split", source, "--into", "a=0", "-o", tmp_path / "parts")
    assert run.exit_code == 0 and "W-staging-left" in run.stderr and str(left) in run.stderr, run.stderr
    assert left.exists()


@pytest.mark.parametrize("in_place", [False, True])
def test_a_dataset_of_v21_stays_one(in_place, robomerge, tmp_path):
    from old_dataset import make_old_dataset

    root = make_old_dataset(tmp_path / "old", lengths=(5, 7, 4))
    out = root if in_place else tmp_path / "out"
    where = ("--in-place",) if in_place else ("-o", out)
    assert robomerge("delete-episodes", root, "1", *where, "--verify").exit_code == 0
    run = robomerge("rename-feature", out, "camera=top", "--in-place", "--no-backup", "--verify")
    assert run.exit_code == 0 and "W-files-renumbered" not in run.stderr, run.stderr
    info = json.loads((out / "meta/info.json").read_text())
    assert (info["codebase_version"], info["total_episodes"]) == ("v2.1", 2)
    assert (out / "videos/chunk-000/top/episode_000001.mp4").is_file()
    split = robomerge("split", out, "--into", "a=0", "--into", "b=1", "-o", tmp_path / "parts")
    assert split.exit_code == 0, split.stderr
    assert (tmp_path / "parts/b/meta/episodes.jsonl").is_file()


def test_a_split_that_is_there_already_says_so(robomerge, source, tmp_path):
    words = ["split", source, "--into", "a=0", "--into", "b=1,2", "-o", tmp_path / "parts"]
    assert "Split into 2 datasets" in robomerge(*words).stderr
    run = robomerge(*words)
    assert run.exit_code == 0 and "Split" not in run.stderr
    assert all(f"Nothing to do: {tmp_path / 'parts' / part} is this very" in run.stderr for part in "ab")
    stages = [line["stage"] for line in robomerge(*words, "--json").json_lines() if line["message_type"] == "stage"]
    assert stages and "" not in stages
    # What is there of this split and has been changed is another dataset.
    (tmp_path / "parts/a/meta/robomerge.json").unlink()
    run = robomerge(*words)
    assert run.exit_code == 1 and f"choose another destination, or remove {tmp_path / 'parts'}\n" in run.stderr, run.stderr
    assert "--overwrite" not in run.stderr


def test_a_line_feed_in_the_name_of_a_feature_is_written_as_such(robomerge, tmp_path):
    root = make_tiny_dataset(tmp_path / "a")
    with_feature(root, "a\nb", np.zeros(12, np.float32))
    assert "\n  a\\nb " in robomerge("inspect", root).stdout
