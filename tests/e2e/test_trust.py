"""What lies at the destination, in staging and in a result is looked at before it is believed,
replaced or removed. docs/robustness.md has the table, "What is looked at, and when"."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from stages import Stages, tree
from tiny_dataset import make_tiny_dataset

NOBODY = 65534
WAYS = ["merge", "stages"]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


class Merging:
    """One merge, by one command or in stages. `meanwhile` comes between planning and publishing."""

    def __init__(self, robomerge, folder: Path, way: str, *options: str):
        self.robomerge, self.way, self.options = robomerge, way, options
        self.sources = [make_tiny_dataset(folder / "a"), make_tiny_dataset(folder / "b", lengths=(3,), task="open the drawer")]
        self.destination = folder / "out/merged"
        (folder / "stages").mkdir()
        self.destination.parent.mkdir()
        self.stages = Stages(robomerge, self.sources, folder / "stages", self.destination, *options)

    def staging(self) -> Path:
        plan = self.robomerge("plan", *self.sources, "-o", self.destination, "--json", *self.options)
        assert plan.exit_code == 0, plan.stderr
        return self.destination.parent / f".merged.robomerge-{plan.json_lines()[-1]['plan_id']}"

    def run(self, meanwhile=lambda: None):
        """The first command that fails, or the last one."""
        if self.way == "merge":
            meanwhile()
            return self.robomerge("merge", *self.sources, "-o", self.destination, "--json", *self.options)
        for command in (self.stages.describe(), self.stages.plan()):
            self.stages.run(command)
        meanwhile()
        for command in (self.stages.write(), self.stages.publish()):
            run = self.robomerge(*command)
            if run.exit_code != 0:
                break
        return run


def kind_of(run) -> str:
    return json.loads(run.stderr.splitlines()[0])["kind"] if run.exit_code != 0 else ""


def everything(folder: Path) -> dict:
    """What is there, links not followed; locks and journals of this run apart."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.endswith(".lock"):
            continue
        found[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found


def journal_of(staging: Path, file: Path, unit: int, name: str) -> Path:
    """A journal that says that `file` is done."""
    folder = Path(f"{staging}.journal")
    folder.mkdir(parents=True)
    journal = folder / "x.jsonl"
    header = {"format": "robomerge journal", "version": [2, 0], "plan_id": staging.name[-16:], "files_are_synced": True}
    size = file.stat().st_size
    line = {"unit": unit, "path": name, "size_bytes": size, "mode": "write", "copied_bytes": 0, "shared_bytes": 0, "encoded_bytes": size}
    journal.write_text(json.dumps(header) + "\n" + json.dumps(line | {"modified_ns": file.stat().st_mtime_ns}) + "\n")
    return journal


@as_root
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("given_away", ["staging", "folder", "journals", "journal", "lock"])
def test_what_another_user_has_made_is_neither_used_nor_touched(robomerge, tmp_path, way, given_away):
    merging = Merging(robomerge, tmp_path, way)
    staging = merging.staging()
    before = {}

    def put():
        info = staging / "meta/info.json"
        info.parent.mkdir(parents=True)
        info.write_text("{}")
        journal = journal_of(staging, info, 3, "meta/info.json")
        lock = tmp_path / "out/.merged.robomerge.lock"
        lock.write_text("")
        os.chown({"staging": staging, "folder": info.parent, "journals": journal.parent, "journal": journal, "lock": lock}[given_away], NOBODY, NOBODY)
        before.update(everything(tmp_path / "out"))

    assert kind_of(merging.run(put)) == "E-staging-foreign"
    assert everything(tmp_path / "out") == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("linked", ["staging", "folder", "file", "journals", "journal", "lock"])
def test_no_link_is_followed_in_staging(robomerge, tmp_path, way, linked):
    merging = Merging(robomerge, tmp_path, way)
    staging = merging.staging()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".mine.tmp").write_text("mine")
    (elsewhere / "info.json").write_text("mine")
    mine = everything(elsewhere)

    def put():
        if linked == "staging":
            staging.symlink_to(elsewhere)
        elif linked == "folder":
            staging.mkdir()
            (staging / "meta").symlink_to(elsewhere)
        elif linked == "file":
            (staging / "meta").mkdir(parents=True)
            (staging / "meta/info.json").symlink_to(elsewhere / "info.json")
        elif linked == "journals":
            Path(f"{staging}.journal").symlink_to(elsewhere)
        elif linked == "journal":
            Path(f"{staging}.journal").mkdir()
            Path(f"{staging}.journal/x.jsonl").symlink_to(elsewhere / "info.json")
        else:
            (tmp_path / "out/.merged.robomerge.lock").symlink_to(elsewhere / "info.json")

    run = merging.run(put)
    assert everything(elsewhere) == mine
    assert kind_of(run) == "E-staging-foreign" and not merging.destination.exists()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("says_when", [True, False])
def test_a_file_of_the_right_size_is_not_done_by_its_size(robomerge, tmp_path, way, says_when):
    """A journal vouches for the file that it saw: whatever was written into it later does not count,
    nor does a journal that says less."""
    merging = Merging(robomerge, tmp_path, way)
    staging = merging.staging()
    reference = tmp_path / "reference"
    assert robomerge("merge", *merging.sources, "-o", reference).exit_code == 0
    right = (reference / "meta/info.json").read_text()
    unit = 3  # data, episodes, tasks, info

    def put():
        info = staging / "meta/info.json"
        info.parent.mkdir(parents=True)
        info.write_text(right.replace("toy_arm", "bad_arm"))
        assert info.stat().st_size == len(right) and info.read_text() != right
        journal = journal_of(staging, info, unit, "meta/info.json")
        if says_when:
            os.utime(info, ns=(0, info.stat().st_mtime_ns + 10_000_000_000))
        else:
            lines = [json.loads(line) for line in journal.read_text().splitlines()]
            del lines[1]["modified_ns"]
            journal.write_text("".join(json.dumps(line) + "\n" for line in lines))

    run = merging.run(put)
    if says_when:
        assert run.exit_code == 0 and tree(merging.destination) == tree(reference)
    else:
        assert kind_of(run) == "E-journal-damaged" and not merging.destination.exists()


def put_thesis(path: Path) -> None:
    (path / "thesis").mkdir(parents=True)
    (path / "thesis/draft.txt").write_text("work")


NO_DATASETS = {
    "a folder of files": put_thesis,
    "a file": lambda path: path.write_text("mine"),
    "a link to a folder": lambda path: path.symlink_to(path.parent.parent / "stages"),
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "an empty info.json": lambda path: (path / "meta").mkdir(parents=True) or (path / "meta/info.json").write_text("{}"),
    "the info.json of another program": lambda path: (path / "meta").mkdir(parents=True) or (path / "meta/info.json").write_text('{"name": "x", "features": []}'),
    "a dataset under version control": lambda path: make_tiny_dataset(path) and (path / ".git").mkdir() or (path / ".git/HEAD").write_text("ref"),
    "a dataset with notes in it": lambda path: make_tiny_dataset(path) and (path / "meta/notes.txt").write_text("mine"),
    "a dataset in a dataset": lambda path: make_tiny_dataset(path) and make_tiny_dataset(path / "data/other"),
    "a dataset with a pipe in it": lambda path: make_tiny_dataset(path) and os.mkfifo(path / "meta/pipe"),
    "a dataset with notes": lambda path: make_tiny_dataset(path) and (path / "notes.txt").write_text("mine"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", NO_DATASETS)
def test_what_is_no_dataset_is_never_replaced(robomerge, tmp_path, way, what):
    merging = Merging(robomerge, tmp_path, way, "--overwrite")
    before = {}

    def put():
        NO_DATASETS[what](merging.destination)
        before.update(everything(tmp_path / "out"))

    run = merging.run(put)
    assert kind_of(run) == "E-destination"
    assert before.items() <= everything(tmp_path / "out").items()


def test_a_source_that_moved_to_the_destination_is_never_replaced(robomerge, tmp_path):
    merging = Merging(robomerge, tmp_path, "stages", "--overwrite")
    for command in (merging.stages.describe(), merging.stages.plan(), merging.stages.write()):
        merging.stages.run(command)
    before = everything(merging.sources[0])
    merging.sources[0].rename(merging.destination)
    assert kind_of(robomerge(*merging.stages.publish())) == "E-no-dataset"
    assert everything(merging.destination) == before


@pytest.mark.parametrize("at", ["staging", "staging.old"])
@pytest.mark.parametrize("what", ["a folder of files", "a file", "a link to a folder"])
def test_what_lies_in_the_place_of_staging_is_never_removed(robomerge, tmp_path, at, what):
    merging = Merging(robomerge, tmp_path, "merge", "--overwrite")
    make_tiny_dataset(merging.destination)
    staging = merging.staging()
    path = staging if at == "staging" else Path(f"{staging}.old")
    NO_DATASETS[what](path)
    before = everything(path) if path.is_dir() else path.read_bytes()
    run = merging.run()
    if at == "staging":
        assert kind_of(run) == "E-staging-foreign"
    else:
        warnings = [line for line in run.json_lines() if line["message_type"] == "warning"]
        assert run.exit_code == 0 and [(line["kind"], line["where"]) for line in warnings] == [("W-old-dataset-left", str(path))]
    assert (everything(path) if path.is_dir() else path.read_bytes()) == before


def test_a_result_of_which_any_file_is_damaged_is_not_done(robomerge, tmp_path):
    merging = Merging(robomerge, tmp_path, "merge")
    assert merging.run().exit_code == 0
    for name, content in tree(merging.destination).items():
        path = merging.destination / name
        for damaged in (b"", content[: len(content) // 2], content[:-1]):
            path.write_bytes(damaged)
            run = merging.run()
            assert kind_of(run) == "E-destination-exists" and "--overwrite" in run.stderr, (name, len(damaged))
            if name != "meta/robomerge.json":  # which makes it the result of this merge
                assert str(path) in run.stderr, (name, len(damaged))
            assert path.read_bytes() == damaged
        path.write_bytes(content)
        os.utime(path)
    assert merging.run().json_lines()[-1]["already_done"]


@pytest.mark.parametrize("way", ["merge", "plan", "describe", "write"])
def test_a_trace_that_cannot_be_written_is_told_first(robomerge, tmp_path, way):
    merging = Merging(robomerge, tmp_path, "stages")
    for command in (merging.stages.describe(), merging.stages.plan()):
        merging.stages.run(command)
    words = {
        "merge": ["merge", *merging.sources, "-o", merging.destination, "--json"],
        "plan": ["plan", *merging.sources, "-o", merging.destination, "--json", "--plan", tmp_path / "other"],
        "describe": ["describe", *merging.sources, "--partial", tmp_path / "other", "--json"],
        "write": merging.stages.write(),
    }[way]
    (tmp_path / "folder").mkdir()
    (tmp_path / "list.txt").write_text("mine")
    os.link(merging.sources[0] / "meta/info.json", tmp_path / "other_name.json")
    before = everything(tmp_path)
    places = [tmp_path / "none/trace.json", tmp_path / "folder", merging.sources[0] / "meta/trace.json"]
    places += [tmp_path / "list.txt", tmp_path / "other_name.json", merging.stages.plan_directory / "plan.json"]
    places.append(tmp_path / "out/.merged.robomerge-0123456789abcdef.journal/trace.json")
    if way != "describe":
        places.append(merging.destination / "trace.json")
    for trace in places:
        assert robomerge(*words, "--trace", trace).exit_code in (2, 4), trace
        assert everything(tmp_path) == before, trace


def test_a_trace_replaces_an_older_one(robomerge, tmp_path):
    merging = Merging(robomerge, tmp_path, "merge")
    for options in ([], ["--overwrite"]):
        words = ["merge", *merging.sources, "-o", merging.destination, *options, "--trace", tmp_path / "trace.json"]
        assert robomerge(*words).exit_code == 0
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]


def test_a_result_that_lacks_a_file_names_it_and_can_be_overwritten(robomerge, tmp_path):
    merging = Merging(robomerge, tmp_path, "merge")
    assert merging.run().exit_code == 0
    whole = tree(merging.destination)
    for name in whole:
        path = merging.destination / name
        if name != "meta/robomerge.json":
            path.unlink()
            run = merging.run()
            assert kind_of(run) == "E-destination-exists" and str(path) in run.stderr, name
        else:
            (merging.destination / "meta/info.json").write_text("")
        assert robomerge("merge", *merging.sources, "-o", merging.destination, "--overwrite").exit_code == 0, name
        assert tree(merging.destination) == whole


@as_root
def test_what_is_mounted_below_a_replaced_dataset_stays(robomerge, tmp_path):
    merging = Merging(robomerge, tmp_path, "merge", "--overwrite")
    assert merging.run().exit_code == 0
    mounted = merging.destination / "videos/big"
    mounted.mkdir(parents=True)
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/only_copy.mp4").write_text("mine")
    if subprocess.run(["mount", "--bind", tmp_path / "disk", mounted], check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        make_tiny_dataset(tmp_path / "c", lengths=(2,))
        run = robomerge("merge", tmp_path / "c", "-o", merging.destination, "--overwrite", "--json")
        assert (tmp_path / "disk/only_copy.mp4").read_text() == "mine"
        assert run.exit_code != 0 or "W-old-dataset-left" in run.stdout
    finally:
        for place in (tmp_path / "out").rglob("videos/big"):
            subprocess.run(["umount", place], check=False)


def test_only_temporary_files_of_writers_are_removed_from_staging(robomerge, tmp_path):
    merging = Merging(robomerge, tmp_path, "stages")
    staging = merging.staging()
    for command in (merging.stages.describe(), merging.stages.plan(), merging.stages.write()):
        merging.stages.run(command)
    for foreign in (".thesis.tmp", "meta/.info.json.tmp", "meta/.a-1-2.tmp"):
        (staging / foreign).write_text("mine")
        assert kind_of(robomerge(*merging.stages.publish())) == "E-staging-foreign"
        assert (staging / foreign).read_text() == "mine"
        (staging / foreign).unlink()
    (staging / "empty").mkdir()
    assert kind_of(robomerge(*merging.stages.publish())) == "E-staging-foreign"
    (staging / "empty").rmdir()
    (staging / "meta/.info.json.host-1-2-3.tmp").write_text("half")
    merging.stages.run(merging.stages.publish())
    assert not (merging.destination / "meta/.info.json.host-1-2-3.tmp").exists()
