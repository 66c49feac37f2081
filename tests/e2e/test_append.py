"""A dataset grows in its place, gets smaller again, and says what it was made of (docs/append.md): its
payload stays as it is, nothing is lost, and wrong wishes are refused before anything is written."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import DATA, EPISODES, VIDEO, edit_column, edit_json
from stages import tree
from test_adapt import LENGTHS, STATE, columns_of, frames_of, make_source, pictures_of, rename_camera, tasks_of
from test_in_the_wild import with_pictures

FRAMES = sum(LENGTHS)


def payload(root: Path) -> dict:
    return {path: content for path, content in tree(root).items() if path.startswith(("data/", "videos/"))}


def proven(robomerge, *words: object) -> list[dict]:
    """The JSON lines of a run that verifies what it makes; then the dataset alone is verified."""
    run = robomerge(*words, "--verify", "--json")
    assert run.exit_code == 0, run.stdout + run.stderr
    alone = robomerge("verify", words[1])
    assert alone.exit_code == 0, alone.stdout + alone.stderr
    return run.json_lines()


def only(lines: list[dict], kind: str) -> list[dict]:
    return [line for line in lines if line["message_type"] == kind]


def summary(lines: list[dict]) -> dict:
    return next(line for line in lines if line["message_type"] == "summary" and "num_episodes" in line and "plan_id" in line)


def refused(robomerge, kind: str, *words: object) -> str:
    run = robomerge(*words)
    assert run.exit_code in (1, 2) and f"[{kind}]" in run.stderr, run.stdout + run.stderr
    return run.stderr


def log(robomerge, root: Path) -> list[dict]:
    run = robomerge("log", root, "--json")
    assert run.exit_code == 0, run.stderr
    return run.json_lines()


def warnings(lines: list[dict]) -> list[dict]:
    """Without those of statistics, which the made-up datasets state wrongly."""
    return [line for line in only(lines, "warning") if not line["kind"].startswith("W-stats-")]


def other_day(root: Path) -> Path:
    """Recordings differ in more than the bytes of their pictures, which no fingerprint sees."""
    make_source(root, 3)

    def scaled(value: object) -> object:
        return [scaled(one) for one in value] if isinstance(value, list) else value * 1.5

    edit_json(root / "meta/stats.json", lambda stats: stats["camera"].update(mean=scaled(stats["camera"]["mean"])))
    return root


@pytest.fixture
def kitchen(tmp_path) -> Path:
    root = make_source(tmp_path / "kitchen", 1)
    (root / "README.md").write_text("cups")
    return root


@pytest.fixture
def monday(tmp_path) -> Path:
    return make_source(tmp_path / "monday", 2, task="wash the cup")


@pytest.fixture
def tuesday(tmp_path) -> Path:
    return other_day(tmp_path / "tuesday")


def test_the_sources_come_behind_and_the_rest_stays(robomerge, kitchen, monday, tuesday, tmp_path):
    before, rows = tree(kitchen), columns_of(kitchen, STATE, "task_index")
    inode = (kitchen / VIDEO).stat().st_ino
    lines = proven(robomerge, "append", kitchen, monday, tuesday)
    assert {name: tree(kitchen)[name] for name in payload(tmp_path / "kitchen_old")} == payload(tmp_path / "kitchen_old")
    assert tree(tmp_path / "kitchen_old") == before
    modes = {file["path"]: file["mode"] for file in only(lines, "file")}
    assert modes[DATA] == modes[VIDEO] == "link"
    # What is appended in one call is joined.
    assert sorted(payload(kitchen).keys() - payload(tmp_path / "kitchen_old").keys()) == [
        DATA.replace("file-000", "file-001"),
        VIDEO.replace("file-000", "file-001"),
    ]
    assert summary(lines)["shared_bytes"] == sum((kitchen / name).stat().st_size for name in (DATA, VIDEO))
    assert (kitchen / VIDEO).stat().st_ino == inode == (tmp_path / "kitchen_old" / VIDEO).stat().st_ino
    assert (kitchen / "README.md").read_text() == "cups"
    found = columns_of(kitchen, STATE, "index", "episode_index", "task_index")
    assert found[STATE] == rows[STATE] + columns_of(monday, STATE)[STATE] + columns_of(tuesday, STATE)[STATE]
    assert found["index"] == list(range(3 * FRAMES))
    assert found["task_index"][:FRAMES] == rows["task_index"]
    assert tasks_of(kitchen)[: len(tasks_of(tmp_path / "kitchen_old"))] == tasks_of(tmp_path / "kitchen_old")
    assert pictures_of(kitchen) == [(seed, frame) for seed in (1, 2, 3) for frame in range(FRAMES)]
    assert json.loads((kitchen / "meta/info.json").read_text())["total_episodes"] == 3 * len(LENGTHS)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    against = robomerge("verify", kitchen, "--against", tmp_path / "kitchen_old", monday, tuesday)
    assert against.exit_code == 0, against.stdout


def test_row_groups_of_another_writer_stay(robomerge, kitchen, monday):
    """A row group of several episodes is as good as one each; what is kept is not written anew for it."""
    pq.write_table(pq.read_table(kitchen / DATA), kitchen / DATA)
    assert pq.read_metadata(kitchen / DATA).num_row_groups == 1 < len(LENGTHS)
    before = (kitchen / DATA).read_bytes()
    proven(robomerge, "append", kitchen, monday)
    assert (kitchen / DATA).read_bytes() == before


def test_it_says_the_same_as_a_merge(robomerge, kitchen, monday, tmp_path):
    """But for files, of which a merge may join some."""
    assert robomerge("merge", kitchen, monday, "-o", tmp_path / "merged", "--no-concatenate-data", "--no-concatenate-videos", "-q").exit_code == 0
    assert robomerge("append", kitchen, monday, "-q").exit_code == 0
    for name in ("meta/stats.json", "meta/info.json", "meta/tasks.parquet", EPISODES):
        assert (kitchen / name).read_bytes() == (tmp_path / "merged" / name).read_bytes(), name
    records = [json.loads((root / "meta/robomerge.json").read_text()) for root in (kitchen, tmp_path / "merged")]
    assert records[0]["sources"] == records[1]["sources"]


def test_the_same_append_again_does_nothing(robomerge, kitchen, monday, tuesday, tmp_path):
    assert robomerge("append", kitchen, monday).exit_code == 0
    made = tree(tmp_path)
    again = robomerge("append", kitchen, monday)
    assert again.exit_code == 0 and "Nothing to do" in again.stderr and "W-source-there" in again.stderr
    assert tree(tmp_path) == made
    # From another place it is the same source.
    shutil.copytree(monday, tmp_path / "elsewhere")
    lines = robomerge("append", kitchen, tmp_path / "elsewhere", "--json").json_lines()
    assert lines[-1]["already_done"] and lines[-1]["num_episodes"] == 2 * len(LENGTHS)
    lines = proven(robomerge, "append", kitchen, monday, tuesday)
    assert [line["kind"] for line in warnings(lines)] == ["W-source-there"]
    assert summary(lines)["num_episodes"] == 3 * len(LENGTHS)
    lines = proven(robomerge, "append", kitchen, monday, "--again")
    assert summary(lines)["num_episodes"] == 4 * len(LENGTHS)
    # By other rules it is another one.
    lines = proven(robomerge, "append", kitchen, monday, "--episodes", "2")
    assert summary(lines)["num_episodes"] == 4 * len(LENGTHS) + 1


def test_rules_are_for_the_sources(robomerge, kitchen, monday, tmp_path):
    rename_camera(monday, "cam")
    before = tree(kitchen)
    text = refused(robomerge, "E-features", "append", kitchen, monday)
    assert "--rename" in text and tree(kitchen) == before
    lines = proven(robomerge, "append", kitchen, monday, "--rename", "cam=camera", "--exclude-episodes", "1", "--set-task", "cup", "--name", "cups")
    assert summary(lines)["num_episodes"] == 2 * len(LENGTHS) - 1
    assert pictures_of(kitchen)[FRAMES:] == [(2, frame) for frame in frames_of(0, 2, 3)]
    assert tasks_of(kitchen)[-1] == "cup"
    entry = log(robomerge, kitchen)[1]
    assert entry["name"] == "cups" and json.loads(entry["rules"]) == {"exclude_episodes": "1", "rename": [{"name": "cam", "value": "camera"}], "set_task": "cup"}
    assert payload(tmp_path / "kitchen_old").items() <= payload(kitchen).items()


def test_sources_come_from_lists_and_recipes(robomerge, kitchen, monday, tuesday, tmp_path):
    (tmp_path / "list.txt").write_text(f"# days\n{monday}\n")
    (tmp_path / "recipe.yaml").write_text("sources:\n  - path: tuesday\n    name: second\n    episodes: 0-1\n")
    assert robomerge("append", kitchen, "--from", tmp_path / "list.txt", "--name", "first", "-q").exit_code == 0
    assert robomerge("append", kitchen, "--recipe", tmp_path / "recipe.yaml", "-q").exit_code == 0
    assert [(one["name"], one["first_episode"], one["num_episodes"]) for one in log(robomerge, kitchen)] == [("", 0, 4), ("first", 4, 4), ("second", 8, 2)]


@pytest.mark.parametrize("merged", [False, True])
def test_append_then_remove_gives_the_same_back(robomerge, kitchen, monday, tuesday, tmp_path, merged):
    root = kitchen
    if merged:
        root = tmp_path / "merged"
        assert robomerge("merge", kitchen, tuesday, "-o", root, "-q").exit_code == 0
    before = tree(root)
    assert robomerge("append", root, monday, "--name", "monday", "-q").exit_code == 0
    lines = proven(robomerge, "remove-source", root, "monday")
    assert {file["mode"] for file in only(lines, "file") if file["kind"] in ("data", "video")} == {"link"}
    after = tree(root)
    assert payload(root) == {name: content for name, content in before.items() if name.startswith(("data/", "videos/"))}
    if merged:
        assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= {"meta/robomerge.json", "meta/stats.json"}
        # Those of cameras are folded from the episodes' where episodes are left out.
        stats = [{key: value for key, value in json.loads(files["meta/stats.json"]).items() if key != "camera"} for files in (before, after)]
        assert stats[0] == stats[1]
    else:
        assert columns_of(root) == columns_of(kitchen) and tasks_of(root) == ["wipe the table"]


def test_a_source_in_the_middle_goes(robomerge, kitchen, monday, tuesday, tmp_path):
    assert robomerge("append", kitchen, monday, tuesday, "-q").exit_code == 0  # joined
    proven(robomerge, "remove-source", kitchen, "1")
    assert pictures_of(kitchen) == [(seed, frame) for seed in (1, 3) for frame in range(FRAMES)]
    assert columns_of(kitchen, STATE)[STATE][FRAMES:] == columns_of(tuesday, STATE)[STATE]
    assert columns_of(kitchen, "episode_index")["episode_index"][-1] == 2 * len(LENGTHS) - 1
    assert tasks_of(kitchen) == ["wipe the table"]
    proven(robomerge, "remove-source", kitchen, "0", "--no-backup")
    assert pictures_of(kitchen) == [(3, frame) for frame in range(FRAMES)]
    [entry] = log(robomerge, kitchen)
    assert entry["first_episode"] == 0 and entry["num_episodes"] == len(LENGTHS)
    # Both came from the same place; now it is not there, and may come again.
    assert summary(proven(robomerge, "append", kitchen, monday))["num_episodes"] == 2 * len(LENGTHS)


def test_the_log_as_text(robomerge, kitchen, monday):
    assert robomerge("append", kitchen, monday, "--name", "odd\nname", "-q").exit_code == 0
    lines = robomerge("log", kitchen).stdout.splitlines()
    assert len(lines) == 3 and lines[0].split() == ["number", "name", "episodes", "frames", "fingerprint", "rules"]
    assert lines[1].split()[:4] == ["0", "-", "0-3", str(FRAMES)]


def test_what_was_recorded_later_is_one_source(robomerge, kitchen, monday, tmp_path):
    """As where another program has appended: the record knows fewer episodes."""
    assert robomerge("append", kitchen, monday, "--name", "monday", "-q").exit_code == 0
    edit_json(kitchen / "meta/robomerge.json", lambda record: record["sources"].pop())
    first, rest = log(robomerge, kitchen)
    assert first["fingerprint"] and rest["fingerprint"] == "" and rest["first_episode"] == 4
    tuesday = other_day(tmp_path / "tuesday")
    proven(robomerge, "append", kitchen, tuesday)
    assert [one["num_episodes"] for one in log(robomerge, kitchen)] == [4, 4, 4]
    proven(robomerge, "remove-source", kitchen, "1")
    assert pictures_of(kitchen) == [(seed, frame) for seed in (1, 3) for frame in range(FRAMES)]


def test_a_dry_run_shows_everything_and_writes_nothing(robomerge, kitchen, monday, tmp_path):
    before = tree(tmp_path)
    run = robomerge("append", kitchen, monday, "-n")
    assert run.exit_code == 0 and "link" in run.stdout and "Nothing was written" in run.stderr
    assert tree(tmp_path) == before
    assert robomerge("append", kitchen, monday, "-q").exit_code == 0
    before = tree(tmp_path)
    assert robomerge("remove-source", kitchen, "1", "-n").exit_code == 0
    assert tree(tmp_path) == before


def test_files_are_copied_as_told(robomerge, kitchen, monday, tmp_path):
    lines = proven(robomerge, "append", kitchen, monday, "--copy-mode", "copy")
    assert {file["mode"] for file in only(lines, "file") if file["path"] == VIDEO} == {"copy"}
    assert (kitchen / VIDEO).stat().st_ino != (tmp_path / "kitchen_old" / VIDEO).stat().st_ino


def test_a_link_to_another_place_is_copied(robomerge, kitchen, monday, tmp_path):
    (kitchen / VIDEO).rename(tmp_path / "blob")
    (kitchen / VIDEO).symlink_to(tmp_path / "blob")
    lines = proven(robomerge, "append", kitchen, monday)
    [warning] = warnings(lines)
    assert warning["kind"] == "W-not-linked" and "link" in warning["found"]
    assert not (kitchen / VIDEO).is_symlink() and (kitchen / VIDEO).read_bytes() == (tmp_path / "blob").read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away")
def test_a_file_of_another_user_is_copied(robomerge, kitchen, monday):
    os.chown(kitchen / DATA, 4711, -1)
    lines = proven(robomerge, "append", kitchen, monday)
    assert [line["kind"] for line in warnings(lines)] == ["W-not-linked"]


def test_statistics_may_be_folded(robomerge, kitchen, monday):
    # Without reading the rows of what is there.
    lines = proven(robomerge, "append", kitchen, monday, "--stats", "fold")
    assert summary(lines)["num_episodes"] == 2 * len(LENGTHS)
    assert "stats" not in json.loads((kitchen / "meta/robomerge.json").read_text())["options"]


def test_a_file_that_is_not_as_it_must_be_is_written_anew(robomerge, kitchen, monday):
    edit_column(kitchen / DATA, "index", lambda rows: [row + 7 for row in rows])
    lines = proven(robomerge, "append", kitchen, monday)
    [warning] = [line for line in only(lines, "warning") if line["kind"] == "W-file-rewritten"]
    assert "index" in warning["found"]
    assert columns_of(kitchen, "index")["index"] == list(range(2 * FRAMES))
    # And from then on it stays.
    assert not [line for line in proven(robomerge, "append", kitchen, monday, "--again") if line.get("kind") == "W-file-rewritten"]


def test_limits_are_those_of_the_dataset(robomerge, kitchen, monday, tuesday):
    edit_json(kitchen / "meta/info.json", lambda info: info.update(chunks_size=2, data_files_size_in_mb=0.0001))
    proven(robomerge, "append", kitchen, monday, tuesday)
    assert sorted(name for name in payload(kitchen) if name.startswith("data/") and name.endswith(".parquet")) == [
        "data/chunk-000/file-000.parquet",
        "data/chunk-000/file-001.parquet",
        "data/chunk-001/file-000.parquet",
    ]


def test_a_dataset_of_v21_grows(robomerge, monday, tmp_path):
    from old_dataset import make_old_dataset

    root = make_old_dataset(tmp_path / "old", lengths=(5, 7, 4))
    more = make_old_dataset(tmp_path / "more", lengths=(3,))
    before = payload(root)
    lines = proven(robomerge, "append", root, more)
    assert summary(lines)["num_episodes"] == 4
    assert before.items() <= payload(root).items()
    assert json.loads((root / "meta/info.json").read_text())["codebase_version"] == "v2.1"
    proven(robomerge, "remove-source", root, "1")
    assert payload(root) == before


WRONG = {
    "no_dataset": (["append", "none", "monday"], "E-no-dataset"),
    "no_source": (["append", "kitchen", "none"], "E-no-dataset"),
    "no_words": (["append"], "E-path"),
    "no_sources": (["append", "kitchen"], "E-no-sources"),
    "itself": (["append", "kitchen", "kitchen"], "E-destination-in-source"),
    "inside": (["append", "kitchen", "kitchen/meta"], "E-destination-in-source"),
    "hub": (["append", "hf://datasets/lab/kitchen", "monday"], "E-flag"),
    "names": (["append", "kitchen", "monday", "--name", "a", "--name", "b"], "E-flag"),
    "not_a_dataset": (["append", "notes", "monday"], "E-destination"),
    "other_fps": (["append", "kitchen", "slow"], "E-fps"),
    "output": (["append", "kitchen", "monday", "-o", "out"], "E-flag"),
    "remove_nothing": (["remove-source", "kitchen"], "E-path"),
    "remove_two": (["remove-source", "kitchen", "0", "1"], "E-path"),
    "remove_only_one": (["remove-source", "kitchen", "0"], "E-no-such-source"),
    "remove_unknown": (["remove-source", "kitchen", "monday"], "E-no-such-source"),
    "remove_from_none": (["remove-source", "none", "0"], "E-no-dataset"),
    "log_none": (["log", "none"], "E-no-dataset"),
    "log_two": (["log", "kitchen", "monday"], "E-path"),
    "log_none_given": (["log"], "E-path"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_wishes_leave_everything_as_it_was(robomerge, kitchen, monday, tmp_path, case):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/notes.txt").write_text("mine")
    slow = make_source(tmp_path / "slow", 5)
    edit_json(slow / "meta/info.json", lambda info: info.update(fps=11))
    before = tree(tmp_path)
    words, kind = WRONG[case]
    run = robomerge(*words, cwd=tmp_path)
    assert run.exit_code in (1, 2) and f"[{kind}]" in run.stderr, run.stderr
    assert tree(tmp_path) == before


def test_what_is_no_backup_is_never_replaced(robomerge, kitchen, monday, tmp_path):
    (tmp_path / "kitchen_old").mkdir()
    (tmp_path / "kitchen_old/notes.txt").write_text("mine")
    before = tree(tmp_path)
    refused(robomerge, "E-destination", "append", kitchen, monday)
    assert tree(tmp_path) == before
    assert robomerge("append", kitchen, monday, "--no-backup", "-q").exit_code == 0
    assert (tmp_path / "kitchen_old/notes.txt").read_text() == "mine"
    (tmp_path / "link").symlink_to(kitchen)
    refused(robomerge, "E-destination", "append", tmp_path / "link", monday, "--again", "--no-backup")


def test_two_of_one_name_are_told_apart_by_number(robomerge, kitchen, monday, tuesday):
    assert robomerge("append", kitchen, monday, tuesday, "--name", "day", "--name", "day", "-q").exit_code == 0
    refused(robomerge, "E-no-such-source", "remove-source", kitchen, "day")
    assert robomerge("remove-source", kitchen, "2", "-q").exit_code == 0
    assert robomerge("remove-source", kitchen, "day", "-q").exit_code == 0
    assert len(log(robomerge, kitchen)) == 1


def test_a_dataset_may_be_linked_into_a_new_one(robomerge, kitchen, tmp_path):
    assert robomerge("merge", kitchen, "-o", tmp_path / "copy", "-q").exit_code == 0
    run = robomerge("merge", kitchen, "-o", tmp_path / "out", "--copy-mode", "link", "--json")
    assert run.exit_code == 0, run.stderr
    assert tree(tmp_path / "out") == tree(tmp_path / "copy")
    assert (tmp_path / "out" / VIDEO).stat().st_ino == (kitchen / VIDEO).stat().st_ino
    run = robomerge("delete-episodes", kitchen, "1", "-o", tmp_path / "edited", "--copy-mode", "link", "-q")
    assert run.exit_code == 0, run.stderr


@pytest.mark.parametrize("command", ["append", "remove-source"])
def test_kills_leave_the_old_or_the_new_dataset(robomerge, tmp_path, command):
    """30 kills, spread over the run."""
    pristine = make_source(tmp_path / "pristine", 1)
    monday = make_source(tmp_path / "monday", 2)
    if command == "remove-source":
        assert robomerge("append", pristine, monday, "--name", "monday", "--no-backup", "-q").exit_code == 0
    older = tree(make_source(tmp_path / "older", 7))
    out = tmp_path / "out"
    root, backup = out / "kitchen", out / "kitchen_old"
    words = [str(robomerge.path), command, str(root), str(monday) if command == "append" else "monday"]

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
        # What was removed and noted cannot be removed again; what was appended is there.
        if there == old or has_note or command == "append":
            run = robomerge(*words[1:])
            assert run.exit_code == 0, run.stderr
        assert tree(root) == new and tree(backup) == old, f"kill {attempt}"


def test_the_schema_is_that_of_the_dataset(robomerge, kitchen, monday):
    """Columns of another width are brought into the form that the dataset has."""
    import pyarrow.parquet as pq

    table = pq.read_table(monday / DATA)
    at = table.schema.get_field_index("frame_index")
    assert table.schema.field("frame_index").type == pa.int64()
    pq.write_table(table.set_column(at, pa.field("frame_index", pa.int64(), nullable=False), table["frame_index"]), monday / DATA)
    proven(robomerge, "append", kitchen, monday)
    kinds = [pq.read_schema(kitchen / DATA.replace("000.parquet", f"{number:03d}.parquet")).field("frame_index") for number in (0, 1)]
    assert kinds[0].type == kinds[1].type


def test_a_source_where_the_backup_goes_is_never_replaced(robomerge, kitchen, monday, tmp_path):
    monday.rename(tmp_path / "kitchen_old")
    before = tree(tmp_path)
    refused(robomerge, "E-destination-in-source", "append", kitchen, tmp_path / "kitchen_old")
    assert tree(tmp_path) == before
    assert robomerge("append", kitchen, tmp_path / "kitchen_old", "--no-backup", "-q").exit_code == 0
    assert tree(tmp_path / "kitchen_old") == {path.removeprefix("monday/").removeprefix("kitchen_old/"): content for path, content in before.items() if path.startswith("kitchen_old/")}


def test_a_name_is_text_and_a_number_is_a_number(robomerge, kitchen, monday, tuesday):
    before = tree(kitchen)
    refused(robomerge, "E-options", "append", kitchen, monday, "--name", os.fsdecode(b"caf\xe9"))
    assert tree(kitchen) == before
    assert robomerge("append", kitchen, monday, tuesday, "--name", "2", "--name", "1", "-q").exit_code == 0
    assert robomerge("remove-source", kitchen, "1", "-q").exit_code == 0
    assert [source["name"] for source in log(robomerge, kitchen)[1:]] == ["1"]


def test_a_record_of_a_later_robomerge_is_refused(robomerge, kitchen, monday, tmp_path):
    assert robomerge("append", kitchen, monday, "-q").exit_code == 0
    edit_json(kitchen / "meta/robomerge.json", lambda record: record.update(version=[2, 0]))
    for words in (["append", kitchen, monday], ["remove-source", kitchen, "2"], ["log", kitchen], ["split", kitchen, "--by-source", "-o", tmp_path / "parts"], ["verify", kitchen, "--against", tmp_path / "kitchen_old", monday]):
        refused(robomerge, "E-version", *words)
    assert robomerge("verify", kitchen).exit_code == 0


def test_a_record_that_does_not_fit_is_said(robomerge, kitchen, monday):
    assert robomerge("append", kitchen, monday, "-q").exit_code == 0
    edit_json(kitchen / "meta/robomerge.json", lambda record: record["sources"][0].update(num_frames=1))
    run = robomerge("append", kitchen, monday, "--json")
    assert run.exit_code == 0
    assert "W-record" in [line["kind"] for line in only(run.json_lines(), "warning")]


LOST = ["data/mine/notes.json", "videos/old/take.mp4", "data/chunk-000/copy.parquet", "meta/more/c.json", "images/a/0.png"]


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("words", [["stats", "--in-place"], ["append", "monday"], ["delete-episodes", "0", "--in-place"]], ids=lambda words: words[0])
def test_without_a_backup_nothing_of_the_folder_is_lost(robomerge, kitchen, monday, tmp_path, words, lost):
    path = kitchen / lost
    path.parent.mkdir(parents=True, exist_ok=True)
    if lost.endswith(".parquet"):
        shutil.copyfile(kitchen / DATA, path)
    else:
        path.write_text("{}")
    before = tree(tmp_path)
    run = robomerge(words[0], "kitchen", *words[1:], "--no-backup", cwd=tmp_path)
    assert run.exit_code == 2 and "[E-destination]" in run.stderr and Path(lost).name in run.stderr, run.stderr
    assert tree(tmp_path) == before
    path.unlink()
    assert robomerge(words[0], "kitchen", *words[1:], "--no-backup", "-q", cwd=tmp_path).exit_code == 0


@pytest.mark.parametrize("form", ["path", "path alone", "path alone in a group", "path beside untyped nulls"])
def test_pictures_beside_the_table_are_not_lost(robomerge, kitchen, monday, tmp_path, form):
    with_pictures(kitchen, form)
    before = tree(tmp_path)
    said = refused(robomerge, "E-destination", "append", kitchen, with_pictures(monday, "group"), "--no-backup")
    assert tree(kitchen) == {path.removeprefix("kitchen/"): content for path, content in before.items() if path.startswith("kitchen/")}
    assert f"robomerge merge {kitchen} -o NEW" in said
    alone = robomerge("merge", kitchen, "-o", tmp_path / "new", "-q")
    if form == "path":
        assert alone.exit_code == 0
        assert robomerge("append", tmp_path / "new", monday, "-q").exit_code == 0
    else:  # nothing says how the table should hold them
        assert alone.exit_code == 1 and "the table cannot hold them" in alone.stderr
        assert robomerge("merge", kitchen, monday, "-o", tmp_path / "both", "-q").exit_code == 0


def test_a_source_that_shares_files_with_the_dataset(robomerge, kitchen, monday, tmp_path):
    shutil.copytree(kitchen, tmp_path / "snapshot", copy_function=os.link)
    before = tree(tmp_path / "snapshot")
    proven(robomerge, "append", kitchen, tmp_path / "snapshot", "--again")
    assert len(log(robomerge, kitchen)) == 2
    assert tree(tmp_path / "snapshot") == before


def test_what_does_not_fit_is_told_how_it_could(robomerge, tmp_path):
    root, other = make_source(tmp_path / "kitchen", 1), make_source(tmp_path / "monday", 2, task="wash the cup")
    assert robomerge("rename-feature", other, f"{STATE}=state", "--in-place", "--no-backup").exit_code == 0
    said = refused(robomerge, "E-features", "append", root, other)
    assert "flags change the new sources alone" in said and "these flags settle" not in said
    assert robomerge("append", root, other, "--rename", f"state={STATE}").exit_code == 0


def test_another_name_of_what_is_there_already_is_told_of(robomerge, tmp_path):
    root, other = make_source(tmp_path / "kitchen", 1), make_source(tmp_path / "monday", 2, task="wash the cup")
    assert robomerge("append", root, other, "--name", "monday").exit_code == 0
    run = robomerge("append", root, other, "--name", "tuesday")
    assert run.exit_code == 0 and "named `monday`" in run.stderr and "its name stays" in run.stderr, run.stderr
    assert "its name stays" not in robomerge("append", root, other, "--name", "monday").stderr
