"""Every broken dataset of tests/data/broken is refused with its message, by `plan` and by `merge`,
and nothing is written."""

import json
import re
import shutil

import broken_shelf
import pytest
from conftest import REPOSITORY

FIELDS = ["message_type", "code", "kind", "what", "source", "where", "expected", "found", "hint", "context", "exit_code"]
# Kinds of errors.md that no dataset can cause: they are about options, the system, and merges in
# stages; or only where v2.1 is written (plan_test.cc, tests/peer/test_write_v21.py), or where hashes
# are recorded (test_hashes.py).
NOT_OF_DATASETS = re.compile(
    r"E-(no-sources|exchange|no-destination|command|flag|value|sources|source-changed|incomplete|staging-.*|staged-changed|plan-.*|partial-.*|journal-damaged|rank|destination|destination-exists"
    r"|destination-busy|destination-damaged|options|path|disk-space|hub|hub-.*|stopped"
    r"|rule|recipe|recipe-exists|cast|fill|elements|nothing-selected|nothing-left"
    r"|version-feature|video-split|video-padding|no-such-source|relative-actions|feature-file|feature-rows|hash|record)"
)


@pytest.mark.parametrize("case", broken_shelf.cases())
def test_a_broken_dataset_is_refused_in_the_words_beside_it(case, robomerge, tmp_path):
    expected = broken_shelf.SHELF / case / "message.txt"
    assert expected.is_file(), f"write it: python tests/e2e/broken_shelf.py {robomerge.path}"
    names = broken_shelf.build(case, tmp_path)
    before = files_below(tmp_path)
    words = broken_shelf.arguments(case, names)
    run = robomerge("merge", "--quiet", *words, cwd=tmp_path)
    assert f"{run.stdout}{run.stderr}exit code {run.exit_code}\n" == expected.read_text()
    assert run.exit_code != 0
    assert robomerge("plan", "--quiet", *words, cwd=tmp_path) == run
    as_json = robomerge("merge", "--json", *words, cwd=tmp_path)
    errors = [json.loads(line) for line in as_json.stderr.splitlines()]
    assert as_json.exit_code == run.exit_code
    assert all(list(error) == FIELDS and error["message_type"] == "error" for error in errors)
    assert list(dict.fromkeys(error["kind"] for error in errors)) == list(dict.fromkeys(kinds_in(run.stderr)))
    assert all(error["source"] or error["kind"].startswith("E-destination") for error in errors)
    assert files_below(tmp_path) == before


def test_every_kind_of_error_that_a_dataset_can_cause_is_on_the_shelf():
    on_the_shelf = {kind for case in broken_shelf.cases() for kind in kinds_in((broken_shelf.SHELF / case / "message.txt").read_text())}
    documented = set(re.findall(r"`(E-[a-z-]+)`", (REPOSITORY / "docs/errors.md").read_text()))
    assert on_the_shelf <= documented
    assert {kind for kind in documented - on_the_shelf if not NOT_OF_DATASETS.fullmatch(kind)} == set()


def test_every_case_says_what_is_broken():
    assert all(broken_shelf.recipe_of(case)["why"] for case in broken_shelf.cases())
    assert sum(path.stat().st_size for path in broken_shelf.SHELF.rglob("*") if path.is_file()) < 500_000


def test_four_kinds_in_fifty_sources_read_well(robomerge, tmp_path):
    """Each kind has its sentence once, then places and a count of what is left out. JSON and -v
    have everything."""
    broken_shelf.build("many-alike", tmp_path)
    names = []
    for number in range(50):
        broken = tmp_path / f"s{number % 9}"
        names.append(f"n{number:02d}")
        shutil.copytree(broken, tmp_path / names[-1])
        if number % 3:
            broken_shelf.write_text(tmp_path / names[-1] / "meta/stats.json", {"text": "[]"})
        if number % 5 == 0:
            broken_shelf.cut(tmp_path / names[-1] / "data/chunk-000/file-000.parquet", {"drop": 1})
    run = robomerge("merge", "-q", *names, "-o", "out", cwd=tmp_path)
    assert run.exit_code == 1
    headings = [line for line in run.stderr.splitlines() if line.startswith("error[")]
    assert headings == [
        "error[E-unfinished-file]: a Parquet file has no footer: it was cut off, or never finished (10 times)",
        "error[E-missing-file]: video file is missing (50 times)",
        "error[E-stats]: stats.json is not an object (33 times)",
        "error[E-fps]: sources differ in fps (so do 14 more sources like this one)",
    ]
    assert "  ... and 45 more of this kind\n" in run.stderr
    assert run.stderr.endswith("\n94 errors of 4 kinds in 50 datasets; `-v` shows every one\n")
    assert len(run.stderr.splitlines()) < 75
    assert len(robomerge("merge", "--json", *names, "-o", "out", cwd=tmp_path).stderr.splitlines()) == 94
    assert robomerge("merge", "-q", "-v", *names, "-o", "out", cwd=tmp_path).stderr.count("  --> ") == 94


def kinds_in(text: str) -> list[str]:
    return re.findall(r"^error\[(E-[a-z-]+)\]", text, re.MULTILINE)


def files_below(folder) -> dict[str, tuple]:
    return {str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}
