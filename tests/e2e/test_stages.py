"""A merge in stages gives the bytes of `merge`, whatever happens in between."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from stages import Killer, Stages, tree
from tiny_dataset import make_tiny_dataset

# One data file for each source, so that there are many units.
OPTIONS = ("--no-concatenate-data",)
NUM_SOURCES = 11


@pytest.fixture(scope="module")
def many_sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("many")
    return [
        make_tiny_dataset(folder / f"source-{number}", lengths=(3 + number, 5), task=f"task {number % 3}", num_values=3)
        for number in range(NUM_SOURCES)
    ]


@pytest.fixture(scope="module")
def expected(robomerge, many_sources, tmp_path_factory) -> dict[str, bytes]:
    destination = tmp_path_factory.mktemp("expected") / "merged"
    run = robomerge("merge", *many_sources, "-o", destination, *OPTIONS)
    assert run.exit_code == 0, run.stderr
    return tree(destination)


@pytest.fixture
def stages(robomerge, many_sources, tmp_path) -> Stages:
    return Stages(robomerge, many_sources, tmp_path, tmp_path / "out" / "merged", *OPTIONS)


def errors_of(run) -> list[dict]:
    return [json.loads(line) for line in run.stderr.splitlines()]


def only_error(run, exit_code: int, kind: str) -> dict:
    assert run.exit_code == exit_code, run.stderr
    (error,) = errors_of(run)
    assert error["kind"] == kind, error
    return error


@pytest.mark.parametrize(("describers", "writers"), [(1, 1), (3, 3), (7, 7), (20, 2), (2, 40)])
def test_any_number_of_ranks_gives_the_bytes_of_merge(stages, expected, describers, writers):
    summary = stages.run_all(describers, writers)
    assert not summary["already_done"]
    assert tree(stages.destination) == expected
    assert os.listdir(stages.destination.parent) == ["merged"]


def test_real_recordings_in_stages(robomerge, tmp_path):
    if "ROBOMERGE_SAMPLES" not in os.environ:
        pytest.skip("ROBOMERGE_SAMPLES names no folder of recordings")
    samples = sorted(Path(os.environ["ROBOMERGE_SAMPLES"]).glob("open-*"))
    options = ("--video-files-size-in-mb", "4")
    assert robomerge("merge", *samples, "-o", tmp_path / "merged", *options).exit_code == 0
    stages = Stages(robomerge, samples, tmp_path, tmp_path / "out" / "merged", *options)
    stages.run_all(2, 3)
    assert tree(stages.destination) == tree(tmp_path / "merged")


def test_every_stage_run_again_does_nothing(stages):
    for command in (stages.describe(), stages.plan(), stages.write(), stages.publish()):
        assert not stages.run(command)["already_done"]
        assert stages.run(command)["already_done"], command
    for command in (stages.describe(), stages.plan(), stages.write(1, 3), stages.publish()):
        assert stages.run(command)["already_done"], command


def test_plan_from_sources_makes_the_same_plan(stages, robomerge, tmp_path):
    stages.run(stages.describe())
    by_partials = stages.run(stages.plan())
    words = ["plan", *stages.sources, "-o", str(stages.destination), "--plan", str(tmp_path / "other"), *OPTIONS, "--json"]
    assert stages.run(words)["plan_id"] == by_partials["plan_id"]
    folder = Path(stages.sources[0]).parent
    relative = [f"./{Path(source).name}/" for source in stages.sources]
    run = robomerge("plan", *relative, "-o", tmp_path / "elsewhere", *OPTIONS, "--json", cwd=folder)
    assert run.json_lines()[-1]["plan_id"] == by_partials["plan_id"]


def test_plans_are_never_changed(stages, robomerge):
    stages.run(stages.describe())
    stages.run(stages.plan())
    before = tree(stages.plan_directory)
    only_error(robomerge(*stages.plan(), "--chunk-size", "3"), 1, "E-plan-differs")
    assert tree(stages.plan_directory) == before


def test_publish_names_what_is_missing_and_writes_nothing(stages, robomerge):
    stages.run(stages.describe())
    stages.run(stages.plan())
    run = robomerge(*stages.publish())
    errors = errors_of(run)
    assert run.exit_code == 1 and {error["kind"] for error in errors} == {"E-incomplete"}
    assert len(errors) == 11 and "more files" in errors[-1]["what"]
    assert not stages.destination.parent.exists()
    stages.run(stages.write(0, 3))
    stages.run(stages.write(2, 3))
    before = tree(stages.destination.parent)
    missing = [error["where"] for error in errors_of(robomerge(*stages.publish()))]
    staging = next(stages.destination.parent.glob(".merged.robomerge-*[0-9a-f]"))
    assert missing and not any(Path(path).exists() for path in missing) and all(path.startswith(str(staging)) for path in missing)
    assert tree(stages.destination.parent) == before
    stages.run(stages.write(1, 3))
    stages.run(stages.publish())


def test_a_deleted_file_is_named_by_publish_and_written_again(stages, robomerge, expected):
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    (victim,) = stages.destination.parent.glob(".merged.robomerge-*/data/chunk-000/file-003.parquet")
    victim.unlink()
    assert only_error(robomerge(*stages.publish()), 1, "E-incomplete")["where"] == str(victim)
    assert stages.run(stages.write(0, 1))["num_files_written"] == 1
    victim.write_bytes(victim.read_bytes()[:-1])
    assert only_error(robomerge(*stages.publish()), 1, "E-incomplete")["where"] == str(victim)
    assert stages.run(stages.write(0, 1))["num_files_written"] == 1
    stages.run(stages.publish())
    assert tree(stages.destination) == expected


def test_a_stale_journal_is_refused_by_name(stages, robomerge):
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    (journal,) = stages.destination.parent.glob(".merged.robomerge-*.journal/*.jsonl")
    stale = journal.with_name("stale.jsonl")
    header, *lines = journal.read_text().splitlines()
    stale.write_text("\n".join([header.replace('"plan_id": "', '"plan_id": "0')] + lines) + "\n")
    assert str(stale) in only_error(robomerge(*stages.publish()), 1, "E-journal-damaged")["where"]
    # An incomplete last line, as a crash leaves it, is no damage.
    stale.write_text(header + "\n" + lines[0][:20])
    stages.run(stages.publish())


def test_a_foreign_file_does_not_become_part_of_the_destination(stages, robomerge):
    for command in (stages.describe(), stages.plan(), stages.write()):
        stages.run(command)
    (staging,) = (path for path in stages.destination.parent.glob(".merged.robomerge-*") if path.suffix != ".journal" and path.is_dir())
    foreign = staging / "meta" / "notes.txt"
    foreign.write_text("mine")
    assert only_error(robomerge(*stages.publish()), 1, "E-staging-foreign")["where"] == str(foreign)
    assert foreign.read_text() == "mine"


def test_a_source_that_changed_since_the_plan_is_refused(robomerge, many_sources, tmp_path):
    copies = [shutil.copytree(source, tmp_path / source.name) for source in many_sources[:3]]
    stages = Stages(robomerge, copies, tmp_path, tmp_path / "out" / "merged", *OPTIONS)
    stages.run(stages.describe())
    stages.run(stages.plan())
    changed = copies[1] / "data/chunk-000/file-000.parquet"
    os.utime(changed, ns=(1, changed.stat().st_mtime_ns + 1))
    error = only_error(robomerge(*stages.write()), 1, "E-source-changed")
    assert error["where"] == str(changed) and error["source"] == str(copies[1])
    stats = copies[0] / "meta/stats.json"
    stats.write_text(stats.read_text().replace('"count": [\n', '"count": [\n ', 1))  # same content
    shutil.copystat(many_sources[1] / "data/chunk-000/file-000.parquet", changed)
    stages.run(stages.write())


def test_overlapping_attempts_do_no_harm(stages, robomerge, expected):
    stages.run(stages.describe())
    stages.run(stages.plan())
    commands = [stages.write(rank, world_size) for world_size in (1, 2, 3) for rank in range(world_size)] * 2
    with ThreadPoolExecutor(max_workers=6) as pool:
        assert {run.exit_code for run in pool.map(lambda words: robomerge(*words), commands)} == {0}
    stages.run(stages.publish())
    assert tree(stages.destination) == expected
    assert os.listdir(stages.destination.parent) == ["merged"]


def test_killed_stages_started_again_with_other_ranks_give_the_same_bytes(stages, robomerge, expected):
    """At least 30 kills over all four stages, at moments from a seeded generator."""
    killer = Killer(robomerge, seed=5)
    most_seconds = 1.5 * killer.seconds_of(*stages.describe())
    for attempt in range(200):
        if killer.num_kills >= 30 and attempt >= 6:
            break
        shutil.rmtree(stages.destination.parent, ignore_errors=True)
        shutil.rmtree(stages.partial, ignore_errors=True)
        shutil.rmtree(stages.plan_directory, ignore_errors=True)
        world_size = killer.random.choice([1, 2, 3, 7])
        for rank in range(world_size):
            while not killer.run(stages.describe(rank, world_size), most_seconds):
                pass
        while not killer.run(stages.plan(), most_seconds):
            pass
        is_done = False
        while not is_done:
            world_size = killer.random.choice([1, 2, 3, 7])
            is_done = all([killer.run(stages.write(rank, world_size), most_seconds) for rank in range(world_size)])
        while not killer.run(stages.publish(), most_seconds):
            pass
        stages.run(stages.publish())
        assert tree(stages.destination) == expected
        assert os.listdir(stages.destination.parent) == ["merged"]
        assert sorted(path.name for path in stages.partial.parent.iterdir()) == ["out", "partial", "plan"]
        assert all(path.name.startswith("partial-") for path in stages.partial.iterdir())
    assert killer.num_kills >= 30


@pytest.mark.parametrize(("flags", "exit_code", "kind"), [
    (["--rank", "7", "--world-size", "7"], 2, "E-rank"),
    (["--rank", "1"], 2, "E-rank"),
    (["--rank", "-1"], 2, None),
    (["--world-size", "0"], 2, None),
])
def test_ranks_out_of_range_are_refused(stages, robomerge, flags, exit_code, kind):
    stages.run(stages.describe())
    stages.run(stages.plan())
    for words in (["write", "--plan", stages.plan_directory], ["describe", *stages.sources, "--partial", stages.partial]):
        run = robomerge(*words, *flags, "--json")
        assert run.exit_code == exit_code, run.stderr
        assert kind is None or errors_of(run)[0]["kind"] == kind


def test_a_plan_of_another_version_or_with_another_id_is_refused(stages, robomerge):
    stages.run(stages.describe())
    stages.run(stages.plan())
    path = stages.plan_directory / "plan.json"
    plan = json.loads(path.read_text())
    for field, value, kind in (("version", [4, 0], "E-plan-version"), ("version", [2, 0], "E-plan-version"), ("plan_id", "0" * 16, "E-plan-damaged"), ("num_frames", 1, "E-plan-damaged"), ("destination", "/elsewhere", "E-plan-damaged"), ("overwrite", True, "E-plan-damaged"), ("sync", False, "E-plan-damaged"), ("num_units", 1, "E-plan-damaged"), ("options", {}, "E-plan-damaged"), ("fingerprint", None, "E-plan-damaged")):
        path.write_text(json.dumps(plan | {field: value}))
        for command in (stages.write(), stages.publish()):
            assert str(path) in only_error(robomerge(*command), 1, kind)["where"]


def test_damaged_tables_are_refused_by_name(stages, robomerge):
    stages.run(stages.describe())
    stages.run(stages.plan())
    units = stages.plan_directory / "units.parquet"
    units.write_bytes(units.read_bytes()[:-20])
    assert str(units) in only_error(robomerge(*stages.write()), 1, "E-plan-damaged")["where"]
    shutil.copy(stages.plan_directory / "tasks.parquet", units)
    assert str(units) in only_error(robomerge(*stages.write()), 1, "E-plan-damaged")["where"]
    units.unlink()
    assert str(units) in only_error(robomerge(*stages.publish()), 1, "E-plan-damaged")["where"]
    (table,) = stages.partial.glob("*/episodes.parquet")
    table.write_bytes(table.read_bytes()[:100])
    assert str(table) in only_error(robomerge(*stages.plan()), 1, "E-partial-damaged")["where"]


def test_partials_of_two_world_sizes_and_missing_ones_are_refused(stages, robomerge):
    stages.run(stages.describe(0, 3))
    stages.run(stages.describe(2, 3))
    assert "sources 3 to 6" in only_error(robomerge(*stages.plan()), 1, "E-partial-missing")["what"]
    stages.run(stages.describe(1, 2))
    errors = errors_of(robomerge(*stages.plan()))
    assert "E-partial-overlap" in {error["kind"] for error in errors}


@pytest.mark.parametrize("words", [
    ["write"], ["publish"], ["describe", "a"], ["describe", "--partial", "p"], ["write", "a", "--plan", "p"],
    ["plan", "a", "--partial", "p", "-o", "d", "--plan", "x"], ["plan", "--partial", "p", "-o", "d"], ["plan", "--partial", "p", "--plan", "x"],
])
def test_wrong_command_lines_are_refused(robomerge, tmp_path, words):
    run = robomerge(*words, cwd=tmp_path)
    assert run.exit_code == 2 and "error[E-" in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_stages_without_their_input_say_so(stages, robomerge):
    only_error(robomerge(*stages.plan()), 1, "E-partial-missing")
    only_error(robomerge(*stages.write()), 1, "E-plan-missing")
    only_error(robomerge(*stages.publish()), 1, "E-plan-missing")


def test_a_destination_of_another_merge_is_refused_by_every_stage(stages, robomerge):
    stages.run(stages.describe())
    stages.run(stages.plan())
    assert robomerge("merge", *stages.sources[:2], "-o", stages.destination).exit_code == 0
    for command in (stages.write(), stages.publish()):
        only_error(robomerge(*command), 1, "E-destination-exists")
    before = tree(stages.destination)
    stages.options.append("--overwrite")
    stages.plan_directory = stages.plan_directory.with_name("plan-2")
    for command in (stages.plan(), stages.write()):
        stages.run(command)
    assert tree(stages.destination) == before
    stages.run(stages.publish())
    assert tree(stages.destination) != before and os.listdir(stages.destination.parent) == ["merged"]


def test_every_field_of_the_summaries_is_documented(stages):
    text = (Path(__file__).resolve().parents[2] / "docs/cli.md").read_text()
    for command in (stages.describe(), stages.plan(), stages.write(), stages.publish()):
        assert [field for field in stages.run(command) if f"`{field}`" not in text] == []


def test_tables_can_be_read_by_others(stages):
    parquet = pytest.importorskip("pyarrow.parquet")
    stages.run(stages.describe())
    stages.run(stages.plan())
    plan = json.loads((stages.plan_directory / "plan.json").read_text())
    for table in plan["tables"]:
        assert parquet.read_table(stages.plan_directory / f"{table['name']}.parquet").num_rows == table["num_rows"]
    units = parquet.read_table(stages.plan_directory / "units.parquet").to_pydict()
    assert units["path"][-1] == "meta/robomerge.json" and len(units["path"]) == plan["num_units"]
