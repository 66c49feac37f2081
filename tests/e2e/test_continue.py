"""A merge that was stopped continues where it was. A finished merge that is run again does
nothing."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from stages import Killer, tree
from tiny_dataset import make_tiny_dataset


@pytest.fixture(scope="module")
def many_sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("many")
    return [make_tiny_dataset(folder / f"source-{number}", lengths=(4, 5 + number)) for number in range(24)]


def merge_words(sources, destination: Path, *more: object) -> list[str]:
    return ["merge", *map(str, sources), "-o", str(destination), "--no-concatenate-data", "--json", *map(str, more)]


@pytest.fixture(scope="module")
def expected(robomerge, many_sources, tmp_path_factory) -> dict[str, bytes]:
    destination = tmp_path_factory.mktemp("expected") / "merged"
    assert robomerge(*merge_words(many_sources, destination)).exit_code == 0
    return tree(destination)


def test_killed_merges_continue_and_give_the_same_bytes(robomerge, many_sources, expected, tmp_path):
    killer = Killer(robomerge, seed=11)
    before = [tree(source) for source in many_sources]
    most_seconds = 1.2 * killer.seconds_of(*merge_words(many_sources, tmp_path / "first" / "merged"))
    for attempt in range(100):
        if killer.num_kills >= 40:
            break
        folder = tmp_path / f"attempt-{attempt}"
        while not killer.run(merge_words(many_sources, folder / "merged", "-j", killer.random.choice("124")), most_seconds):
            if (folder / "merged").exists():
                assert tree(folder / "merged") == expected, "what appears must be whole"
        summary = robomerge(*merge_words(many_sources, folder / "merged")).json_lines()[-1]
        assert summary["already_done"] and tree(folder / "merged") == expected
        assert os.listdir(folder) == ["merged"]
    assert killer.num_kills >= 40
    assert [tree(source) for source in many_sources] == before


def test_a_finished_merge_run_again_does_nothing(robomerge, many_sources, tmp_path):
    words = merge_words(many_sources, tmp_path / "merged")
    assert not robomerge(*words).json_lines()[-1]["already_done"]
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    run = robomerge(*words)
    assert run.exit_code == 0 and run.json_lines()[-1]["already_done"] and run.json_lines()[-1]["num_files_written"] == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times
    assert "Nothing to do" in robomerge(*(word for word in words if word != "--json")).stderr


def test_a_destination_that_lost_a_file_or_whose_source_changed_is_not_taken_for_finished(robomerge, tmp_path):
    sources = [make_tiny_dataset(tmp_path / name) for name in "ab"]
    words = merge_words(sources, tmp_path / "merged")
    assert robomerge(*words).exit_code == 0
    os.utime(sources[0] / "data/chunk-000/file-000.parquet")
    assert json.loads(robomerge(*words).stderr)["kind"] == "E-destination-exists"
    assert robomerge(*words, "--overwrite").exit_code == 0
    assert robomerge(*words).json_lines()[-1]["already_done"]
    lost = tmp_path / "merged/meta/tasks.parquet"
    lost.unlink()
    problems = [json.loads(line) for line in robomerge(*words).stderr.splitlines()]
    assert [problem["kind"] for problem in problems] == ["E-destination-exists", "E-missing-file"]
    assert problems[1]["where"] == str(lost)


def test_an_unfinished_merge_of_other_sources_is_left_alone_and_named(robomerge, many_sources, tmp_path):
    left = tmp_path / ".merged.robomerge-0123456789abcdef"
    left.mkdir()
    run = robomerge(*merge_words(many_sources[:2], tmp_path / "merged"))
    assert run.exit_code == 0
    (warning,) = [line for line in run.json_lines() if line["message_type"] == "warning"]
    assert warning["kind"] == "W-staging-left" and warning["where"] == str(left) and left.is_dir()


def test_stopped_by_a_signal_it_says_how_to_go_on(robomerge, many_sources, expected, tmp_path):
    """Stopped as soon as a first file is done."""
    for attempt in range(40):
        folder = tmp_path / str(attempt)
        process = subprocess.Popen(
            [str(robomerge.path), *merge_words(many_sources, folder / "merged", "-j", "1")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=robomerge.environment(),
        )
        while process.poll() is None and not list(folder.glob(".merged.robomerge-*.journal/*")):
            time.sleep(0.0005)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
        if process.returncode == 130:
            break
    else:
        pytest.skip("every merge was faster than the signal")
    error = json.loads(errors)
    (staging,) = (path for path in folder.glob(".merged.robomerge-*") if path.suffix != ".journal")
    assert error["kind"] == "E-stopped" and "run the same command again to continue" in error["hint"] and str(staging) in error["hint"]
    summary = robomerge(*merge_words(many_sources, folder / "merged")).json_lines()[-1]
    assert summary["num_files_skipped"] > 0 and tree(folder / "merged") == expected and os.listdir(folder) == ["merged"]


def test_one_of_two_merges_into_one_destination_says_why_it_stopped(robomerge, many_sources, tmp_path):
    words = [merge_words(many_sources, tmp_path / "merged"), merge_words(many_sources[:-1], tmp_path / "merged")]
    for attempt in range(20):
        shutil.rmtree(tmp_path / "merged", ignore_errors=True)
        processes = [subprocess.Popen([str(robomerge.path), *one], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=robomerge.environment()) for one in words]
        outcomes = [(process.communicate(), process.returncode) for process in processes]
        codes = [code for _, code in outcomes]
        assert sorted(codes) == [0, 1], outcomes
        loser = json.loads(outcomes[codes.index(1)][0][1])
        assert loser["kind"] in ("E-destination-busy", "E-destination-exists")
        assert len(list((tmp_path / "merged/data").rglob("*.parquet"))) == (24 if codes[0] == 0 else 23)
        for leftover in tmp_path.glob(".merged.*"):  # of a loser that began before the rename
            assert leftover.name.startswith(".merged.robomerge-"), leftover


def test_overwrite_keeps_the_old_until_the_new_is_whole(robomerge, many_sources, tmp_path):
    destination = tmp_path / "merged"
    assert robomerge(*merge_words(many_sources[:3], destination)).exit_code == 0
    old = tree(destination)
    assert json.loads(robomerge(*merge_words(many_sources, destination)).stderr)["kind"] == "E-destination-exists"
    process = subprocess.Popen(
        [str(robomerge.path), *merge_words(many_sources, destination, "--overwrite")], stdout=subprocess.DEVNULL, env=robomerge.environment()
    )
    num_looks = 0
    while process.poll() is None:
        assert (destination / "meta").is_dir(), "there was a moment with neither"
        num_looks += 1
    assert process.returncode == 0 and num_looks > 10
    assert tree(destination) != old and os.listdir(tmp_path) == ["merged"]


def test_overwrite_replaces_datasets_only(robomerge, many_sources, tmp_path):
    thesis = tmp_path / "merged" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("mine")
    run = robomerge(*merge_words(many_sources[:2], thesis.parent, "--overwrite"))
    assert run.exit_code == 2 and json.loads(run.stderr)["kind"] == "E-destination" and thesis.read_text() == "mine"
    run = robomerge(*merge_words(many_sources[:2], many_sources[0], "--overwrite"))
    assert run.exit_code == 2 and json.loads(run.stderr)["kind"] == "E-destination-in-source"


def test_the_work_lies_in_tmp_root_and_foreign_files_stay(robomerge, many_sources, expected, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine").write_text("mine")
    assert robomerge(*merge_words(many_sources, tmp_path / "merged", "--tmp-root", work)).exit_code == 0
    assert tree(work) == {"mine": b"mine"} and tree(tmp_path / "merged") == expected
    run = robomerge(*merge_words(many_sources, tmp_path / "other", "--tmp-root", many_sources[0] / "tmp"))
    assert run.exit_code == 2 and json.loads(run.stderr)["kind"] == "E-staging-root"
    if os.stat("/dev/shm").st_dev != tmp_path.stat().st_dev:
        run = robomerge(*merge_words(many_sources, tmp_path / "other", "--tmp-root", "/dev/shm"))
        assert run.exit_code == 2 and json.loads(run.stderr)["kind"] == "E-staging-root"


def test_the_record_names_episodes_and_no_place(robomerge, many_sources, tmp_path):
    assert robomerge(*merge_words(many_sources, tmp_path / "merged")).exit_code == 0
    text = (tmp_path / "merged/meta/robomerge.json").read_text()
    record = json.loads(text)
    assert [source["first_episode"] for source in record["sources"]] == list(range(0, 48, 2))
    assert record["sources"][3]["num_frames"] == 4 + 8 and record["options"]["concatenate_data"] is False
    assert str(many_sources[0].parent) not in text and many_sources[0].name not in text and os.uname().nodename not in text
