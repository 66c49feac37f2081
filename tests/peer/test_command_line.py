"""The command line as a program would use it: exit codes, streams, JSON, dry runs."""

import json

import pytest

from dataset_view import tree_hashes
from mergers import run_robomerge


def test_a_merge_says_what_it_did_and_nothing_on_stdout_when_quiet(source, robomerge, tmp_path):
    run = run_robomerge(
        "merge", source(kind="plain", seed=1), "-o", tmp_path / "merged", "--quiet", "--no-sync"
    )
    assert run.exit_code == 0 and run.stderr == "" and run.stdout == ""


def test_without_flags_it_syncs_and_merges(source, robomerge, tmp_path):
    from check_merge import check_merge

    roots = [source(kind="one_camera", seed=seed) for seed in range(2)]
    run = run_robomerge("merge", *roots, "-o", tmp_path / "merged")
    assert run.exit_code == 0 and str(tmp_path / "merged") in run.stdout + run.stderr
    assert check_merge(tmp_path / "merged", roots) == []


def test_json_lines_carry_the_result(source, robomerge, tmp_path):
    roots = [source(kind="one_camera", seed=seed) for seed in range(2)]
    run = run_robomerge("merge", *roots, "-o", tmp_path / "merged", "--json", "--no-sync")
    assert run.exit_code == 0
    lines = run.json_lines()
    assert all(next(iter(line)) == "message_type" for line in lines)
    assert lines[-1]["message_type"] == "summary"


def test_json_lines_carry_warnings_and_errors(source, robomerge, tmp_path):
    from odd_metadata import without_stats_file

    odd = source(without_stats_file, kind="plain", seed=1)
    run = run_robomerge(
        "merge", odd, source(kind="plain", seed=2), "-o", tmp_path / "merged", "--json", "--no-sync"
    )
    kinds = [line for line in _all_lines(run) if line["message_type"] == "warning"]
    assert [line["kind"] for line in kinds] == ["W-stats-missing"]
    slow = source(kind="plain", seed=3, fps=25)
    run = run_robomerge("merge", odd, slow, "-o", tmp_path / "refused", "--json", "--no-sync")
    assert run.exit_code == 1
    (error,) = [line for line in _all_lines(run) if line["message_type"] == "error"]
    assert error["kind"] == "E-fps" and error["exit_code"] == 1
    assert {"what", "where", "expected", "found"} <= set(error)


def _all_lines(run) -> list[dict]:
    """The JSON lines of both streams: data on stdout, and a fatal error on stderr."""
    texts = (run.stdout + "\n" + run.stderr).splitlines()
    return [json.loads(text) for text in texts if text.startswith("{")]


@pytest.mark.parametrize("command", [["plan"], ["merge", "--dry-run"]], ids=["plan", "dry-run"])
def test_a_plan_writes_nothing(command, source, robomerge, tmp_path):
    roots = [source(kind="two_cameras", seed=seed) for seed in range(2)]
    before = tree_hashes(tmp_path)
    run = run_robomerge(*command, *roots, "-o", tmp_path / "merged")
    assert run.exit_code == 0 and "file-000" in run.stdout
    assert tree_hashes(tmp_path) == before


def test_a_plan_refuses_what_the_merge_refuses(source, robomerge, tmp_path):
    roots = [source(kind="plain", seed=1), source(kind="plain", seed=2, fps=25)]
    run = run_robomerge("plan", *roots, "-o", tmp_path / "merged")
    assert run.exit_code == 1 and run.errors == ["E-fps"]


def test_sources_from_a_file_keep_their_order(source, robomerge, tmp_path):
    from check_merge import check_merge

    roots = [
        source(kind="plain", seed=seed, name=name) for seed, name in enumerate(("zebra", "an ape", "moose"))
    ]
    (tmp_path / "list.txt").write_text("".join(f"{root}\n" for root in roots))
    run = run_robomerge("merge", "--from", tmp_path / "list.txt", "-o", tmp_path / "merged", "--no-sync")
    assert run.exit_code == 0, run.stderr
    assert check_merge(tmp_path / "merged", roots) == []


def test_inspect_describes_a_dataset(source, robomerge):
    root = source(kind="two_cameras", seed=1)
    before = tree_hashes(root)
    run = run_robomerge("inspect", root)
    assert run.exit_code == 0 and "observation.images.wrist" in run.stdout
    run = run_robomerge("inspect", root, "--json")
    assert run.exit_code == 0
    text = json.dumps(
        [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        or json.loads(run.stdout)
    )
    assert "observation.images.wrist" in text
    assert tree_hashes(root) == before


@pytest.mark.parametrize(
    "arguments",
    [
        "merge",
        "no-such-command",
        "merge a -o b --no-such-flag",
        "merge a",
        "merge a -o b -j many",
        "merge a -o b --chunk-size 0",
        "merge a -o b --data-files-size-in-mb -1",
        "merge a -o b --video-files-size-in-mb 0",
    ],
)
def test_a_wrong_command_line_is_exit_code_2(arguments, robomerge, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = run_robomerge(*arguments.split())
    assert run.exit_code == 2 and run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_exit_code_4(source, robomerge, tmp_path):
    """In place of a full disk there is a limit on the size of files, so that the system refuses a
    write half-way."""
    roots = [source(kind="one_camera", seed=seed) for seed in range(2)]
    before = tree_hashes(tmp_path)
    run = run_robomerge("merge", *roots, "-o", tmp_path / "merged", "--no-sync", most_file_bytes=4096)
    assert run.exit_code == 4, run.stderr
    assert run.errors and str(tmp_path) in run.stderr
    assert not (tmp_path / "merged").exists()
    assert "run the same command again to continue" in run.stderr
    run = run_robomerge("merge", *roots, "-o", tmp_path / "merged", "--no-sync")
    assert run.exit_code == 0, run.stderr
    after = tree_hashes(tmp_path)
    assert {path: digest for path, digest in after.items() if not path.startswith("merged")} == before, "something was left behind, or a source was changed"


def test_help_names_the_exit_codes(robomerge):
    run = run_robomerge("--help")
    assert run.exit_code == 0 and "merge" in run.stdout
    for code in ("0", "1", "2", "4", "70", "130"):
        assert code in run.stdout
