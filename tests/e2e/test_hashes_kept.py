"""What becomes of the hashes of a dataset that lives on (docs/formats/record.md, "Hashes"): they are
kept, and damage gets no fresh one."""

import os
import shutil
from pathlib import Path

import pytest
from edits import DATA, VIDEO
from hashed import (  # noqa: F401
    DAMAGES, RECORD, assert_right, flip, hash_findings, hashed, in_a_coded_frame, in_place, lines_of, merged, problems_of,
    sources, third, warnings_of, without, wrong_mean,
)
from stages import Stages, tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video


# -- what becomes of the hashes of a dataset that is made anew in its place



@pytest.mark.parametrize("flags", [[], ["--record-hashes"]], ids=["kept", "asked for"])
@pytest.mark.parametrize("command", ["append", "remove-source", "delete-episodes", "modify-tasks", "convert", "stats"])
def test_a_dataset_with_hashes_has_them_after_it_is_made_anew_in_its_place(robomerge, merged, third, command, flags):
    if command == "stats":
        wrong_mean(merged)
    before = lines_of(merged)
    run = robomerge(*in_place(command, merged, third), *flags)
    assert run.exit_code == 0 and ("W-hash" in run.stderr) == (command == "stats"), run.stderr
    assert_right(merged)
    assert (lines_of(merged) == before) == (command == "stats")  # which mends what was changed
    assert hash_findings(robomerge, merged) == []


def test_the_flag_makes_no_difference_to_a_dataset_with_hashes(robomerge, merged, third, tmp_path):
    other = shutil.copytree(merged, tmp_path / "other" / "merged")
    for root, flags in ((merged, []), (other, ["--record-hashes", "-j", "1"])):
        assert robomerge("append", root, third, *flags).exit_code == 0
    assert tree(merged) == tree(other)


def test_a_new_dataset_has_them_only_if_they_are_asked_for(robomerge, merged, tmp_path):
    for name, flags in (("without", []), ("with", ["--record-hashes"])):
        run = robomerge("delete-episodes", merged, "1", "-o", tmp_path / name, *flags)
        assert run.exit_code == 0, run.stderr
    assert lines_of(tmp_path / "without") is None
    assert_right(tmp_path / "with")


def test_an_edit_that_changes_nothing_keeps_them(robomerge, merged):
    before = tree(merged)
    for flags in ([], ["--record-hashes"]):
        run = robomerge("stats", merged, "--in-place", *flags)
        assert run.exit_code == 0 and "W-hash" not in run.stderr and "Nothing to do" in run.stderr, run.stderr
        assert tree(merged) == before


@pytest.mark.parametrize("command", ["append", "delete-episodes", "modify-tasks", "stats"])
@pytest.mark.parametrize("flags", [[], ["--record-hashes"]], ids=["kept", "asked for"])
def test_metadata_that_has_changed_and_files_that_are_gone_are_named(robomerge, sources, third, tmp_path, command, flags):
    (sources[0] / "LICENSE").write_text("free")
    root = tmp_path / "kitchen"
    assert robomerge("merge", sources[0], "-o", root, "--record-hashes").exit_code == 0
    (sources[0] / "LICENSE").unlink()
    (root / "LICENSE").unlink()
    wrong_mean(root)
    run = robomerge(*in_place(command, root, third), *flags, "--json")
    named = {Path(line["where"]).name: line["found"] for line in warnings_of(run, "W-hash")}
    assert set(named) == {"LICENSE", "stats.json"} and named["LICENSE"] == "no file", run.stdout
    assert_right(root)


@pytest.mark.parametrize("is_unseen", [False, True], ids=["seen", "unseen"])
@pytest.mark.parametrize("path", [VIDEO, DATA], ids=["video", "data"])
@pytest.mark.parametrize("command", ["delete-episodes", "modify-tasks", "split", "merge", "merge with another", "stages"])
def test_damage_gets_no_fresh_hash_in_a_new_dataset(robomerge, merged, third, tmp_path, command, path, is_unseen):
    """Of a file of which a part goes into the result there is a warning: the rest may be damaged."""
    flip(merged / path, in_a_coded_frame(merged / path) if path == VIDEO else in_a_value(merged / path), is_unseen)
    out = tmp_path / "out"
    words = {
        "delete-episodes": ["delete-episodes", merged, "0", "-o", out],
        "modify-tasks": ["modify-tasks", merged, "--set-task", "pick", "-o", out],
        "split": ["split", merged, "--into", "a=0", "--into", "b=1,2", "-o", out],
        "merge": ["merge", merged, "-o", out, "--no-concatenate-data"],
        "merge with another": ["merge", merged, third, "-o", out],
    }
    if command == "stages":
        plan = tmp_path / "plan"
        assert robomerge("plan", merged, third, "-o", out, "--record-hashes", "--plan", plan).exit_code == 0
        run = robomerge("write", "--plan", plan)
    else:
        run = robomerge(*words[command], "--record-hashes")
    assert str(merged / path) in run.stderr, run.stderr
    if (command, path) == ("split", DATA):  # its rows are decoded
        assert run.exit_code == 1 and "E-data-file" in run.stderr and not out.exists()
    elif command in ("delete-episodes", "split"):
        assert run.exit_code == 0 and "W-hash" in run.stderr
    else:
        assert run.exit_code == 1 and "E-hash" in run.stderr and not out.exists()


def test_all_damaged_files_are_named_at_once(robomerge, merged):
    flip(merged / VIDEO, in_a_coded_frame(merged / VIDEO))
    flip(merged / DATA, in_a_value(merged / DATA))
    run = robomerge("modify-tasks", merged, "--set-task", "pick", "--in-place")
    assert run.exit_code == 1 and str(merged / VIDEO) in run.stderr and str(merged / DATA) in run.stderr


# -- a file that is not as its hash says gets no fresh one


@pytest.fixture
def with_parts(robomerge, sources, third, tmp_path) -> Path:
    """A data file and a video for each source."""
    destination = tmp_path / "with_parts"
    flags = ["--record-hashes", "--no-concatenate-data", "--no-concatenate-videos"]
    run = robomerge("merge", *sources, third, "-o", destination, *flags)
    assert run.exit_code == 0, run.stderr
    return destination


@pytest.mark.parametrize("is_unseen", [False, True], ids=["seen", "unseen"])
@pytest.mark.parametrize("path", [VIDEO, DATA], ids=["video", "data"])
@pytest.mark.parametrize("command", ["append", "delete-episodes", "modify-tasks", "convert", "stats"])
def test_damage_is_refused(robomerge, with_parts, third, tmp_path, command, path, is_unseen):
    """Also of a file that is written anew, with all that is in it."""
    appended = make_tiny_dataset(tmp_path / "appended", lengths=(3,), task="fold the cloth")
    add_video(appended, (3,), seed=4)
    file = with_parts / path
    offset = in_a_coded_frame(file) if path == VIDEO else in_a_value(file)
    expected, found = flip(file, offset, is_unseen)
    words = in_place(command, with_parts, appended)
    if command == "delete-episodes":
        words[2] = "3"  # of another file
    before, names = tree(with_parts), sorted(os.listdir(with_parts.parent))
    for flags in ([], ["--record-hashes"]):
        if command == "stats" and flags:
            continue
        run = robomerge(*words, *flags, "--json")
        assert run.exit_code == 1, run.stderr
        (error,) = problems_of(run)
        assert tree(with_parts) == before and sorted(os.listdir(with_parts.parent)) == names
        if (command, path) == ("append", DATA):  # rows that stay are measured first
            assert (error["kind"], error["where"].split(":")[0]) == ("E-data-file", str(file))
            continue
        assert (error["kind"], error["where"]) == ("E-hash", str(file))
        assert (error["expected"], error["found"]) == (f"SHA-256 {expected}", found)
        assert "backup" in error["hint"] and f"robomerge stats {with_parts} --in-place --record-hashes" in error["hint"]


def in_a_value(data: Path) -> int:
    """The place of a byte of the states of the first row group."""
    import pyarrow.parquet as pq

    group = pq.ParquetFile(data).metadata.row_group(0)
    (column,) = (group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema.startswith("observation.state"))
    return column.data_page_offset + column.total_compressed_size - 1


def test_all_files_that_are_damaged_are_named(robomerge, with_parts):
    files = [with_parts / VIDEO, with_parts / VIDEO.replace("000.mp4", "002.mp4")]
    for file in files:
        flip(file, in_a_coded_frame(file))
    run = robomerge("delete-episodes", with_parts, "2", "--in-place", "--json")
    assert [(error["kind"], error["where"]) for error in problems_of(run)] == [("E-hash", str(file)) for file in files]


def test_the_damaged_episodes_can_be_left_out(robomerge, with_parts):
    """All of a file; or some, of which a warning says that the others may be damaged."""
    flip(with_parts / VIDEO, in_a_coded_frame(with_parts / VIDEO))
    other = shutil.copytree(with_parts, with_parts.parent / "other")
    run = robomerge("delete-episodes", with_parts, "0,1", "--in-place", "--json")
    assert warnings_of(run, "W-hash") == []
    assert_right(with_parts)
    run = robomerge("delete-episodes", other, "0", "--in-place", "--json")
    (warning,) = warnings_of(run, "W-hash")
    assert warning["where"] == str(other / VIDEO) and "part" in warning["what"]
    assert_right(other)


@pytest.mark.parametrize("is_unseen", [False, True], ids=["seen", "unseen"])
def test_new_hashes_are_recorded_knowingly(robomerge, with_parts, is_unseen):
    expected, found = flip(with_parts / VIDEO, in_a_coded_frame(with_parts / VIDEO), is_unseen)
    run = robomerge("stats", with_parts, "--in-place", "--record-hashes", "--json")
    (warning,) = warnings_of(run, "W-hash")
    assert (warning["where"], warning["expected"], warning["found"]) == (str(with_parts / VIDEO), f"SHA-256 {expected}", found)
    assert_right(with_parts)
    run = robomerge("delete-episodes", with_parts, "3", "--in-place", "--json")
    assert warnings_of(run, "W-hash") == []


def test_damage_of_a_source_gets_no_fresh_hash_where_it_is_copied(robomerge, with_parts, sources, tmp_path):
    flip(with_parts / VIDEO, in_a_coded_frame(with_parts / VIDEO))
    words = ["merge", with_parts, sources[0], "-o", tmp_path / "again", "--no-concatenate-videos"]
    run = robomerge(*words, "--record-hashes", "--json")
    assert run.exit_code == 1, run.stderr
    assert [(error["kind"], error["where"]) for error in problems_of(run)] == [("E-hash", str(with_parts / VIDEO))]
    assert not (tmp_path / "again").exists()
    # Without hashes nobody vouches for anything.
    assert robomerge(*words).exit_code == 0


def test_a_rank_that_copies_damage_is_refused(robomerge, with_parts, tmp_path):
    stages = Stages(robomerge, [with_parts], tmp_path, tmp_path / "out" / "merged", "--record-hashes", "--no-concatenate-videos")
    for command in (stages.describe(), stages.plan()):
        stages.run(command)
    flip(with_parts / VIDEO, in_a_coded_frame(with_parts / VIDEO), unseen=True)
    run = robomerge(*stages.write())
    assert run.exit_code == 1 and [error["kind"] for error in problems_of(run)] == ["E-hash"], run.stderr
    run = robomerge(*stages.publish())
    assert run.exit_code == 1 and {error["kind"] for error in problems_of(run)} == {"E-incomplete"}, run.stderr


def test_a_small_file_that_people_change_is_a_warning(robomerge, sources, tmp_path):
    source = shutil.copytree(sources[0], tmp_path / "source")
    (source / "meta" / "notes.json").write_text("wet floor\n")
    root = tmp_path / "edited"
    assert robomerge("delete-episodes", source, "1", "-o", root, "--record-hashes").exit_code == 0
    (root / "meta" / "notes.json").write_text("dry floor\n")
    run = robomerge("modify-tasks", root, "--set-task", "wipe", "--in-place", "--json")
    (warning,) = warnings_of(run, "W-hash")
    assert warning["where"] == str(root / "meta" / "notes.json")
    assert_right(root)


def test_a_file_without_a_hash_gets_one(robomerge, merged, third):
    """As where another program has recorded on."""
    without(VIDEO)(merged)
    assert robomerge("append", merged, third).exit_code == 0
    assert_right(merged)


# -- hashes for a dataset that is there


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("version", ["3.0", "2.1"])
def test_stats_gives_hashes_to_what_one_has(robomerge, sources, tmp_path, version, is_right):
    root = tmp_path / "plain"
    assert robomerge("merge", *sources, "-o", root, "--codebase-version", version).exit_code == 0
    if not is_right and version == "3.0":
        wrong_mean(root)
    before = tree(root)
    assert lines_of(root) is None
    run = robomerge("stats", root, "--in-place", "--record-hashes")
    assert run.exit_code == 0, run.stderr
    assert_right(root)
    for path in (DATA, VIDEO) if version == "3.0" else ():
        assert (root / path).read_bytes() == before[path]
    after = tree(root)
    run = robomerge("stats", root, "--in-place", "--record-hashes")
    assert run.exit_code == 0 and "Nothing to do" in run.stderr, run.stderr
    assert tree(root) == after


def test_a_dataset_without_a_record_gets_hashes_too(robomerge, sources, tmp_path):
    root = shutil.copytree(sources[0], tmp_path / "recorded")
    for _ in range(2):
        assert robomerge("stats", root, "--in-place", "--record-hashes").exit_code == 0
        assert_right(root)


# -- hashes that are not understood


def test_a_record_that_is_no_json_is_found(robomerge, merged):
    (merged / RECORD).write_text('{"format": "robomerge rec')
    (finding,) = hash_findings(robomerge, merged)
    assert (finding["kind"], finding["where"]) == ("V-record", str(merged / RECORD))
    run = robomerge("delete-episodes", merged, "1", "--in-place", "--json")
    (warning,) = warnings_of(run, "W-record")
    assert warning["where"] == str(merged / RECORD)
    assert lines_of(merged) is None


@pytest.mark.parametrize("damage", ["no list", "no text", "no hash", "twice"])
@pytest.mark.parametrize("command", ["append", "delete-episodes", "stats"])
def test_hashes_that_are_not_understood_are_not_replaced_unasked(robomerge, merged, third, command, damage):
    DAMAGES[damage][0](merged)
    before = tree(merged)
    run = robomerge(*in_place(command, merged, third), "--json")
    assert run.exit_code == 1, run.stderr
    (error,) = problems_of(run)
    assert error["kind"] == "E-record" and error["where"].endswith(DAMAGES[damage][2]) and "stats" in error["hint"]
    assert tree(merged) == before
    assert robomerge("stats", merged, "--in-place", "--record-hashes").exit_code == 0
    assert_right(merged)
