"""`--record-hashes`: the record holds the SHA-256 of every file, by which `verify` finds a byte that
has changed without the sources, and `publish` one in a staged file (docs/formats/record.md)."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from edits import DATA, EPISODES, STATS, VIDEO, edit_json
from stages import Killer, Stages, tree
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

RECORD = "meta/robomerge.json"


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hashes")
    roots = [make_tiny_dataset(folder / "a"), make_tiny_dataset(folder / "b", lengths=(3,), task="open the drawer")]
    add_video(roots[0], (5, 7), seed=1)
    add_video(roots[1], (3,), seed=2)
    return roots


@pytest.fixture(scope="module")
def hashed(robomerge, sources, tmp_path_factory) -> Path:
    """A merge with hashes: not to be changed."""
    destination = tmp_path_factory.mktemp("hashed") / "merged"
    run = robomerge("merge", *sources, "-o", destination, "--record-hashes", "-j", "1")
    assert run.exit_code == 0, run.stderr
    return destination


@pytest.fixture
def merged(hashed, tmp_path) -> Path:
    return shutil.copytree(hashed, tmp_path / "merged")


def lines_of(root: Path) -> list[str] | None:
    return json.loads((root / RECORD).read_text()).get("sha256")


def assert_right(root: Path) -> None:
    """The record has the hash of every file but itself and what people write into a dataset."""
    others = {path: content for path, content in tree(root).items() if path not in (RECORD, "README.md")}
    assert sorted(lines_of(root) or []) == sorted(f"{hashlib.sha256(content).hexdigest()}  {path}" for path, content in others.items())


def flip(path: Path, offset: int, unseen: bool = False) -> tuple[str, str]:
    """Flips one bit; `unseen` sets the time back. Returns both hashes."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    before = hashlib.sha256(content).hexdigest()
    content[offset] ^= 1
    path.write_bytes(content)
    if unseen:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return before, hashlib.sha256(content).hexdigest()


def in_a_coded_frame(video: Path) -> int:
    return video.read_bytes().index(b"mdat") + 40


def hash_findings(robomerge, root: Path) -> list[dict]:
    run = robomerge("verify", root, "--json")
    found = [line for line in run.json_lines() if line["message_type"] == "finding" and line["kind"] in ("V-hash", "V-record")]
    assert run.exit_code == (3 if found else 0), run.stdout + run.stderr
    return found


def test_the_record_alone_is_another_one_and_the_same_for_any_number_of_workers(robomerge, sources, hashed, tmp_path):
    for name, flags in (("plain", []), ("two", ["--record-hashes", "-j", "2"])):
        run = robomerge("merge", *sources, "-o", tmp_path / name, *flags)
        assert run.exit_code == 0, run.stderr
    plain, two = tree(tmp_path / "plain"), tree(tmp_path / "two")
    assert two == tree(hashed)
    record = json.loads(plain.pop(RECORD))
    assert "sha256" not in record and record["version"] == [1, 0]
    del two[RECORD]
    assert plain == two
    assert_right(hashed)
    assert json.loads((hashed / RECORD).read_text())["version"] == [1, 1]
    # As the page of docs says.
    listed = subprocess.run(["sha256sum", "--check", "--quiet"], cwd=hashed, input="\n".join(lines_of(hashed)).encode(), capture_output=True)
    assert listed.returncode == 0, listed.stderr
    # The other one is not "this very merge".
    run = robomerge("merge", *sources, "-o", tmp_path / "plain", "--record-hashes")
    assert run.exit_code == 1 and "[E-destination-exists]" in run.stderr


def test_a_plan_states_the_exact_size_of_the_record(robomerge, sources, hashed, tmp_path):
    run = robomerge("plan", *sources, "-o", tmp_path / "merged", "--record-hashes", "--json")
    sizes = {line["path"]: (line["size_bytes"], line["is_estimate"]) for line in run.json_lines() if line["message_type"] == "file"}
    assert sizes[RECORD] == ((hashed / RECORD).stat().st_size, False)


def test_verify_says_that_files_are_as_they_were_written(robomerge, sources, hashed, tmp_path):
    assert "every file is as it was written: 6 files by their SHA-256" in robomerge("verify", hashed).stderr
    run = robomerge("verify", hashed, "--against", *sources, "--json")
    assert run.json_lines()[-1]["num_hashed_files"] == 6
    assert robomerge("merge", *sources, "-o", tmp_path / "plain").exit_code == 0
    text = robomerge("verify", tmp_path / "plain").stderr
    assert "coded frames were counted, not read" in text and "as it was written" not in text


@pytest.mark.parametrize("path", [VIDEO, DATA, EPISODES])
def test_a_flipped_bit_is_found_and_named(robomerge, merged, path):
    before, after = flip(merged / path, in_a_coded_frame(merged / path) if path == VIDEO else 60)
    (finding,) = hash_findings(robomerge, merged)
    assert finding["where"] == str(merged / path) and finding["what"] == "the file is not as it was written"
    assert finding["expected"] == f"SHA-256 {before}" and finding["found"] == after


def test_a_coded_frame_is_what_nothing_else_finds(robomerge, merged):
    flip(merged / VIDEO, in_a_coded_frame(merged / VIDEO))
    run = robomerge("verify", merged)
    assert run.exit_code == 3 and "1 finding\n" in run.stderr and "6 files held against their SHA-256" in run.stderr
    edit_json(merged / RECORD, lambda record: record.pop("sha256"))
    assert robomerge("verify", merged).exit_code == 0


def test_a_file_is_named_where_nothing_else_can_be_read(robomerge, merged):
    os.truncate(merged / DATA, 100)
    run = robomerge("verify", merged, "--json")
    assert run.exit_code == 3 and not run.json_lines()[-1]["is_complete"]
    (finding,) = (line for line in run.json_lines() if line.get("kind") == "V-hash")
    assert finding["where"] == str(merged / DATA)


def test_readme_is_for_people_to_change(robomerge, merged):
    (merged / "README.md").write_text("# Kitchen\n")
    assert hash_findings(robomerge, merged) == []


def damaged(change):
    return lambda root: edit_json(root / RECORD, lambda record: change(record["sha256"], record))


def without(path: str):
    return damaged(lambda lines, record: record.update(sha256=[line for line in lines if not line.endswith(path)]))


NOT_UNDERSTOOD = "a hash of the record is not understood"
DAMAGES = {
    "no list": (damaged(lambda _, record: record.update(sha256={"a": 1})), "hashes of the record are not understood", "sha256"),
    "no text": (damaged(lambda lines, _: lines.append(7)), NOT_UNDERSTOOD, "sha256[6]"),
    "no hash": (damaged(lambda lines, _: lines.append("0" * 63 + "g  data/a")), NOT_UNDERSTOOD, "sha256[6]"),
    "upper case": (damaged(lambda lines, _: lines.append("A" * 64 + "  data/a")), NOT_UNDERSTOOD, "sha256[6]"),
    "no path": (damaged(lambda lines, _: lines.append("0" * 64)), NOT_UNDERSTOOD, "sha256[6]"),
    "outside": (damaged(lambda lines, _: lines.append("0" * 64 + "  ../a/meta/info.json")), NOT_UNDERSTOOD, "sha256[6]"),
    "absolute": (damaged(lambda lines, _: lines.append("0" * 64 + "  /dev/zero")), NOT_UNDERSTOOD, "sha256[6]"),
    "twice": (damaged(lambda lines, _: lines.append(lines[0])), "the record has two hashes of a file", "sha256[6]"),
    "file gone": (damaged(lambda lines, _: lines.append("0" * 64 + "  data/gone.parquet")), "a file that was written is not there", "gone.parquet"),
    "a folder": (damaged(lambda lines, _: lines.append("0" * 64 + "  data")), "a file that was written is not there", "/data"),
    "no video": (without(VIDEO), "the record has no hash of this file", VIDEO),
    "no statistics": (without(STATS), "the record has no hash of this file", STATS),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_hashes_that_are_damaged_or_of_another_dataset(robomerge, merged, damage):
    change, what, where = DAMAGES[damage]
    change(merged)
    findings = hash_findings(robomerge, merged)
    found = [(finding["what"], finding["where"].endswith(where)) for finding in findings if "no hash" not in finding["what"] or "no hash" in what]
    assert found == [(what, True)], findings


# -- stages, and merges that go on


@pytest.fixture
def stages(robomerge, sources, tmp_path) -> Stages:
    return Stages(robomerge, sources, tmp_path, tmp_path / "out" / "merged", "--record-hashes")


def staged(stages: Stages, path: str) -> Path:
    (folder,) = (folder for folder in stages.destination.parent.glob(".*.robomerge-*") if not folder.name.endswith(".journal"))
    return folder / path


@pytest.mark.parametrize("statistics", ["exact", "fold"])
def test_stages_make_the_same_record(robomerge, sources, stages, tmp_path, statistics):
    assert robomerge("merge", *sources, "-o", tmp_path / "merged", "--record-hashes", "--stats", statistics).exit_code == 0
    stages.options += ["--stats", statistics]
    stages.run([*stages.describe(), "--stats", statistics])
    for command in (stages.plan(), stages.write(1, 3), stages.write(0, 3), stages.write(2, 3), stages.publish()):
        stages.run(command)
    assert tree(stages.destination) == tree(tmp_path / "merged")
    assert stages.run(stages.publish())["already_done"]


def test_publish_holds_staged_files_against_what_ranks_have_noted(robomerge, stages, hashed):
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    video = staged(stages, VIDEO)
    before, after = flip(video, in_a_coded_frame(video), unseen=True)
    run = robomerge(*stages.publish())
    assert run.exit_code == 1, run.stderr
    (error,) = (json.loads(line) for line in run.stderr.splitlines())
    assert (error["kind"], error["where"], error["expected"], error["found"]) == ("E-staged-changed", str(video), f"SHA-256 {before}", after)
    assert not stages.destination.exists()
    # As its hint says.
    video.unlink()
    assert stages.run(stages.write())["num_files_written"] == 1
    stages.run(stages.publish())
    assert tree(stages.destination) == tree(hashed)


def test_without_hashes_publish_trusts_sizes_and_times(robomerge, sources, tmp_path):
    stages = Stages(robomerge, sources, tmp_path, tmp_path / "out" / "merged")
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    video = staged(stages, VIDEO)
    flip(video, in_a_coded_frame(video), unseen=True)
    stages.run(stages.publish())


@pytest.mark.parametrize(("change", "what"), [(lambda line: line.pop("sha256"), None), (lambda line: line.update(sha256="0"), "not understood")])
def test_a_journal_without_hashes_vouches_for_nothing(robomerge, stages, change, what):
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    (journal,) = staged(stages, "").parent.glob(".*.journal/*.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    change(lines[1])
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = robomerge(*stages.publish())
    assert run.exit_code == 1
    (error,) = (json.loads(line) for line in run.stderr.splitlines())
    assert error["kind"] == ("E-journal-damaged" if what else "E-incomplete") and (what or "") in error["what"], error


def test_a_merge_that_goes_on_writes_anew_what_has_changed(robomerge, sources, stages, hashed):
    """What a rank has written is what a merge that was killed leaves."""
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    video = staged(stages, VIDEO)
    flip(video, in_a_coded_frame(video), unseen=True)
    run = robomerge("merge", *sources, "-o", stages.destination, "--record-hashes", "--json")
    assert run.exit_code == 0, run.stderr
    (warning,) = (line for line in run.json_lines() if line.get("kind") == "W-staged-changed")
    assert warning["where"] == str(video)
    assert tree(stages.destination) == tree(hashed)
    assert run.json_lines()[-1]["num_files_skipped"] > 0


def test_kills_leave_nothing_wrong(robomerge, sources, hashed, tmp_path):
    killer = Killer(robomerge, seed=7)
    words = ["merge", *map(str, sources), "-o", str(tmp_path / "out" / "merged"), "--record-hashes", "-j", "2"]
    most = killer.seconds_of("plan", *map(str, sources), "-o", str(tmp_path / "timed")) * 3
    for _ in range(12):
        killer.run(words, most)
    assert robomerge(*words).exit_code == 0
    assert tree(tmp_path / "out" / "merged") == tree(hashed)
    assert os.listdir(tmp_path / "out") == ["merged"]
    assert killer.num_kills > 0


# -- what becomes of the hashes of a dataset that is made anew in its place


@pytest.fixture
def third(tmp_path) -> Path:
    root = make_tiny_dataset(tmp_path / "third", lengths=(4,), task="wipe the table")
    add_video(root, (4,), seed=3)
    return root


def in_place(command: str, root: Path, third: Path) -> list:
    return {
        "append": ["append", root, third],
        "remove-source": ["remove-source", root, "1"],
        "delete-episodes": ["delete-episodes", root, "1", "--in-place"],
        "modify-tasks": ["modify-tasks", root, "--set-task", "pick", "--in-place"],
        "stats": ["stats", root, "--in-place"],
        "convert": ["convert", root, "--in-place", "--codebase-version", "2.1"],
    }[command]


def problems_of(run) -> list[dict]:
    return [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]


def warnings_of(run, kind: str) -> list[dict]:
    assert run.exit_code == 0, run.stderr
    return [line for line in run.json_lines() if line.get("kind") == kind]


def wrong_mean(root: Path) -> None:
    """So that `stats` has something to do."""
    edit_json(root / STATS, lambda stats: stats["observation.state"].update(mean=[0.5, 0.5]))


@pytest.mark.parametrize("flags", [[], ["--record-hashes"]], ids=["kept", "asked for"])
@pytest.mark.parametrize("command", ["append", "remove-source", "delete-episodes", "modify-tasks", "convert", "stats"])
def test_a_dataset_with_hashes_has_them_after_it_is_made_anew_in_its_place(robomerge, merged, third, command, flags):
    wrong_mean(merged)
    before = lines_of(merged)
    run = robomerge(*in_place(command, merged, third), *flags)
    assert run.exit_code == 0 and "W-hash" not in run.stderr, run.stderr
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
        assert (error["kind"], error["where"]) == ("E-hash", str(file))
        assert (error["expected"], error["found"]) == (f"SHA-256 {expected}", found)
        assert "backup" in error["hint"] and f"robomerge stats {with_parts} --in-place --record-hashes" in error["hint"]
        assert tree(with_parts) == before and sorted(os.listdir(with_parts.parent)) == names


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


# -- what verify says first, and counts


def test_the_file_that_is_damaged_comes_first(robomerge, merged):
    size = (merged / DATA).stat().st_size
    flip(merged / DATA, size - 20)  # in the footer
    run = robomerge("verify", merged, "--json")
    kinds = [line["kind"] for line in run.json_lines() if line["message_type"] == "finding"]
    assert run.exit_code == 3 and kinds[0] == "V-hash" and len(kinds) > 1 and "V-hash" not in kinds[1:], kinds


@pytest.mark.parametrize("path", ["meta/info.json", EPISODES, "meta/tasks.parquet"])
def test_damage_that_lets_nothing_be_read_is_a_finding(robomerge, merged, path):
    (merged / path).write_bytes(b"{")
    run = robomerge("verify", merged, "--json")
    findings = [line for line in run.json_lines() if line["message_type"] == "finding"]
    assert run.exit_code == 3, run.stderr
    assert (findings[0]["kind"], findings[0]["where"]) == ("V-hash", str(merged / path)) and len(findings) > 1
    assert not run.json_lines()[-1]["is_complete"]


def test_only_files_that_were_read_are_counted(robomerge, merged):
    damaged(lambda lines, _: lines.append("0" * 64 + "  data/gone.parquet"))(merged)
    (merged / STATS).unlink()
    run = robomerge("verify", merged, "--json")
    assert run.json_lines()[-1]["num_hashed_files"] == 5


# -- what is there is not taken for whole


@pytest.mark.parametrize("is_unseen", [False, True], ids=["seen", "unseen"])
def test_a_damaged_result_is_overwritten(robomerge, sources, hashed, merged, is_unseen):
    words = ["merge", *sources, "-o", merged, "--record-hashes", "--overwrite"]
    assert "Nothing to do" in robomerge(*words).stderr
    flip(merged / VIDEO, in_a_coded_frame(merged / VIDEO), is_unseen)
    run = robomerge(*words)
    assert run.exit_code == 0 and "Nothing to do" not in run.stderr, run.stderr
    assert tree(merged) == tree(hashed)


def test_a_line_of_a_journal_without_a_hash_is_not_trusted(robomerge, sources, stages, hashed):
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    (journal,) = staged(stages, "").parent.glob(".*.journal/*.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines[1:]:
        del line["sha256"]
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run = robomerge("merge", *sources, "-o", stages.destination, "--record-hashes")
    assert run.exit_code == 0, run.stderr
    assert tree(stages.destination) == tree(hashed)


NAMES = ["a\nb.txt", "a\rb.txt", "a\\b.txt"]


def test_names_with_ends_of_lines_are_escaped_as_sha256sum_does(robomerge, sources, tmp_path):
    source = shutil.copytree(sources[0], tmp_path / "source")
    for name in NAMES:
        (source / "meta" / name).write_text(name)
    root = tmp_path / "edited"
    run = robomerge("delete-episodes", source, "1", "-o", root, "--record-hashes")
    assert run.exit_code == 0, run.stderr
    assert all((root / "meta" / name).exists() for name in NAMES)
    written = subprocess.run(["sha256sum", *(f"meta/{name}" for name in NAMES)], cwd=root, capture_output=True, text=True).stdout
    assert set(written.splitlines()) <= set(lines_of(root))
    listed = subprocess.run(["sha256sum", "--check", "--quiet"], cwd=root, input="\n".join(lines_of(root)).encode(), capture_output=True)
    assert listed.returncode == 0, listed.stderr
    assert hash_findings(robomerge, root) == []
    (root / "meta" / NAMES[0]).write_text("changed")
    assert len(hash_findings(robomerge, root)) == 1


def test_a_link_has_the_hash_of_the_file_at_the_time_of_the_merge(robomerge, sources, tmp_path):
    source = shutil.copytree(sources[0], tmp_path / "source")
    run = robomerge("merge", source, sources[1], "-o", tmp_path / "merged", "--record-hashes", "--copy-mode", "link", "--no-concatenate-videos")
    assert run.exit_code == 0, run.stderr
    assert_right(tmp_path / "merged")
    is_linked = (tmp_path / "merged" / VIDEO).stat().st_nlink > 1  # else extents are shared
    video = source / VIDEO
    content = bytearray(video.read_bytes())
    content[in_a_coded_frame(video)] ^= 1
    with video.open("r+b") as file:
        file.write(content)
    assert [finding["where"] for finding in hash_findings(robomerge, tmp_path / "merged")] == [str(tmp_path / "merged" / VIDEO)] * is_linked


def test_split_and_recipes_take_it_too(robomerge, merged, sources, tmp_path):
    run = robomerge("split", merged, "--by-task", "-o", tmp_path / "parts", "--record-hashes")
    assert run.exit_code == 0, run.stderr
    for part in (tmp_path / "parts").iterdir():
        if part.is_dir() and not part.name.startswith("."):
            assert_right(part)
    recipe = {"sources": [str(source) for source in sources], "output": str(tmp_path / "by_recipe"), "record_hashes": True}
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    run = robomerge("merge", "--recipe", tmp_path / "recipe.json")
    assert run.exit_code == 0, run.stderr
    assert_right(tmp_path / "by_recipe")
