"""`--record-hashes`: the record holds the SHA-256 of every file, by which `verify` finds a byte that
has changed without the sources, and `publish` one in a staged file (docs/formats/record.md)."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from edits import DATA, EPISODES, STATS, VIDEO, edit_json
from hashed import (  # noqa: F401
    DAMAGES, RECORD, assert_right, damaged, flip, hash_findings, hashed, in_a_coded_frame, lines_of, merged, sources,
)
from stages import Killer, Stages, tree


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
