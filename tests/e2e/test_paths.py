"""A folder that is given in different ways is one folder."""

import json
import os
import shutil
import threading
from pathlib import Path

import pytest
from stages import tree
from tiny_dataset import make_tiny_dataset


@pytest.fixture
def home(tmp_path) -> Path:
    """Two sources, and a link in another folder to their folder."""
    for name in "ab":
        make_tiny_dataset(tmp_path / "real" / "sources" / name)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "sources").symlink_to(tmp_path / "real" / "sources")
    return tmp_path


def spellings(home: Path) -> list[str]:
    return [
        f"{home}/real/sources/", f"{home}//real/./sources", f"{home}/links/../real/sources/.", f"{home}/links/sources",
        f"{home}/links/sources/../sources", "real/sources", "./real/../real/sources", "../" + f"{home.name}/links/sources",
    ]


def test_a_merge_of_sources_given_in_another_way_is_the_same_merge(robomerge, home):
    ids = set()
    for folder in [f"{home}/real/sources", *spellings(home)]:
        run = robomerge("merge", f"{folder}/a", f"{folder}/b/", "-o", "out/merged", "--dry-run", "--json", cwd=home)
        assert run.exit_code == 0, run.stderr
        ids.add(run.json_lines()[-1]["plan_id"])
    assert len(ids) == 1


def test_stages_resolve_what_leads_upwards_and_keep_links(robomerge, home):
    """A link may lead elsewhere on the machine that writes, but `..` may not."""
    ids = []
    for number, folder in enumerate([f"{home}/real/sources", f"{home}/links/../real/sources", "./real/../real//sources", f"{home}/links/sources/../sources"]):
        plan = home / f"plan-{number}"
        run = robomerge("plan", f"{folder}/a", f"{folder}/b", "-o", "out/merged", "--plan", plan, "--json", cwd=home)
        assert run.exit_code == 0, run.stderr
        ids.append(run.json_lines()[-1]["plan_id"])
        assert ".." not in (plan / "plan.json").read_text()
    assert len(set(ids)) == 1


def test_a_merge_into_a_destination_given_in_another_way_continues_and_is_finished(robomerge, home):
    sources = [home / "real/sources" / name for name in "ab"]
    (home / "out").mkdir()
    (home / "links" / "out").symlink_to(home / "out")
    assert robomerge("merge", *sources, "-o", home / "out" / "merged").exit_code == 0
    expected = tree(home / "out" / "merged")
    for destination in ("out/merged/", "./out//merged/.", "links/out/merged", "links/out/../out/merged", f"{home}/links/../out/merged"):
        run = robomerge("merge", *sources, "-o", destination, "--json", cwd=home)
        assert run.exit_code == 0 and run.json_lines()[-1]["already_done"], run.stderr
        # A staging folder of an earlier run is found through each spelling.
        staging = home / "out" / f".merged.robomerge-{run.json_lines()[-1]['plan_id']}"
        shutil.move(home / "out" / "merged", staging)
        (staging / "meta/.info.json.host-1-2-3.tmp").write_text("of a killed run")
        run = robomerge("merge", *sources, "-o", destination, "--json", cwd=home)
        assert run.exit_code == 0, run.stderr
        assert tree(home / "out" / "merged") == expected and os.listdir(home / "out") == ["merged"]


@pytest.mark.parametrize("destination", ["{home}/links/sources/a/merged", "{home}/links/sources/../sources/b", "{home}/real", "{home}/links/sources"])
def test_a_destination_in_or_around_a_source_is_refused_through_links_too(robomerge, home, destination):
    before = sorted(home.rglob("*"))
    sources = [home / "real/sources" / name for name in "ab"]
    run = robomerge("merge", *sources, "-o", destination.format(home=home), "--overwrite", "--json")
    assert run.exit_code == 2, run.stderr
    assert "E-destination-in-source" in {json.loads(line)["kind"] for line in run.stderr.splitlines()}
    assert sorted(home.rglob("*")) == before


def test_a_destination_that_is_a_link_is_not_overwritten(robomerge, home):
    sources = [home / "real/sources" / name for name in "ab"]
    assert robomerge("merge", sources[0], "-o", home / "merged").exit_code == 0
    (home / "link").symlink_to(home / "merged")
    before = tree(home / "merged")
    run = robomerge("merge", *sources, "-o", home / "link", "--overwrite", "--json")
    assert run.exit_code == 2 and json.loads(run.stderr)["kind"] == "E-destination", run.stderr
    assert tree(home / "merged") == before and (home / "link").is_symlink()


def test_a_named_pipe_in_a_source_is_no_file_and_never_waited_for(robomerge, home):
    source = home / "real/sources/a"
    (source / "meta/stats.json").unlink(missing_ok=True)
    os.mkfifo(source / "meta/stats.json")
    for exit_code, arguments in [(1, ["inspect", source]), (3, ["verify", source]), (1, ["merge", source, "-o", home / "out"])]:
        run = robomerge(*arguments)
        assert run.exit_code == exit_code, run.stderr
        assert "not a regular file" in run.stdout + run.stderr
        assert "a named pipe" in run.stdout + run.stderr
    assert not (home / "out").exists()


def test_a_list_of_sources_may_come_through_a_pipe(robomerge, home):
    pipe = home / "list"
    os.mkfifo(pipe)
    sources = home / "real/sources"
    writer = threading.Thread(target=lambda: pipe.write_text(f"{sources}/a\n{sources}/b\n"))
    writer.start()
    run = robomerge("merge", "--from", pipe, "-o", home / "out")
    writer.join()
    assert run.exit_code == 0, run.stderr


def test_a_trace_into_a_device_leaves_the_device(robomerge, home):
    run = robomerge("merge", home / "real/sources/a", "-o", home / "out", "--trace", "/dev/null")
    assert run.exit_code == 0, run.stderr
    assert Path("/dev/null").is_char_device()
