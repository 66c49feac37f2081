"""merge, plan and inspect: what they return, what they raise, what they call back."""

import dataclasses
import errno
import inspect
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import get_args, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import robomerge
from robomerge import errors


def test_merges_and_reports(make_source, tmp_path, capfd):
    sources = [make_source(), make_source(lengths=(3,), task="open the drawer")]
    report = robomerge.merge(sources, tmp_path / "merged")
    assert (report.num_sources, report.num_episodes, report.num_frames, report.num_tasks) == (2, 3, 15, 2)
    assert report.destination == str(tmp_path / "merged") and report.dry_run is False and report.num_workers >= 1
    assert [stage.stage for stage in report.stages] == ["read", "plan", "write", "publish"]
    by_path = {file.path: file for file in report.files}
    data = by_path["data/chunk-000/file-000.parquet"]
    assert (data.kind, data.num_episodes) == ("data", 3)
    assert data.sources == tuple(f"{source}/data/chunk-000/file-000.parquet" for source in sources)
    for file in report.files:
        assert (tmp_path / "merged" / file.path).stat().st_size == file.size_bytes
    assert report.size_bytes == sum(file.size_bytes for file in report.files)
    assert json.loads((tmp_path / "merged/meta/info.json").read_text())["total_frames"] == 15
    assert capfd.readouterr() == ("", "")


def test_takes_words_paths_and_any_iterable(make_source, tmp_path, tree):
    sources = [make_source(), make_source(lengths=(3,))]
    first = robomerge.merge(map(str, sources), str(tmp_path / "first"))
    robomerge.merge(tuple(sources), tmp_path / "second")
    assert first.num_sources == 2
    assert tree(tmp_path / "first") == tree(tmp_path / "second")


def test_paths_need_not_be_utf8(make_source, tmp_path):
    source = make_source().rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    destination = Path(os.fsdecode(os.fsencode(tmp_path) + b"/merg\xe9"))
    report = robomerge.merge([source], destination)
    assert destination.is_dir() and report.destination == str(destination)
    assert report.files[0].sources[0].startswith(str(source))


def test_options_reach_the_library(make_source, tmp_path):
    sources = [make_source(), make_source()]
    robomerge.merge(sources, tmp_path / "apart", concatenate_data=False, chunk_size=1)
    assert sorted(
        str(path.relative_to(tmp_path / "apart")) for path in (tmp_path / "apart/data").rglob("*.parquet")
    ) == [
        "data/chunk-000/file-000.parquet",
        "data/chunk-001/file-000.parquet",
    ]
    robomerge.merge(
        sources,
        tmp_path / "small",
        data_files_size_in_mb=0.0001,
        video_files_size_in_mb=7,
        sync=False,
        copy_mode="copy",
    )
    info = json.loads((tmp_path / "small/meta/info.json").read_text())
    assert (info["data_files_size_in_mb"], info["video_files_size_in_mb"], info["chunks_size"]) == (0.0001, 7, 1000)
    assert len(list((tmp_path / "small/data").rglob("*.parquet"))) == 2
    robomerge.merge(sources, tmp_path / "traced", trace_path=tmp_path / "trace.json", num_workers=2)
    assert json.loads((tmp_path / "trace.json").read_text())


def test_hashes_are_recorded_and_verified(make_source, tmp_path):
    merged = tmp_path / "merged"
    robomerge.merge([make_source()], merged, record_hashes=True)
    robomerge.append(merged, [make_source(lengths=(3,))], record_hashes=True)
    robomerge.edit(robomerge.Source(merged, exclude_episodes=[0]), record_hashes=True)
    assert robomerge.verify(merged).num_hashed_files == len(json.loads((merged / "meta/robomerge.json").read_text())["sha256"]) > 0
    stats = merged / "meta/stats.json"
    stats.write_text(stats.read_text() + "\n")
    (finding,) = robomerge.verify(merged).findings
    assert finding.kind == "V-hash" and finding.where == str(stats)
    robomerge.stats(merged, rewrite=True)  # writes the file alone, and its hash
    assert robomerge.verify(merged)
    robomerge.edit(robomerge.Source(merged, exclude_episodes=[0]))  # keeps them unasked
    assert robomerge.verify(merged).num_hashed_files == len(json.loads((merged / "meta/robomerge.json").read_text())["sha256"]) > 0


def test_any_number_of_workers_gives_the_same_bytes(make_source, tmp_path, tree):
    sources = [make_source(lengths=(length,), task=f"task {length % 3}") for length in range(2, 9)]
    trees = []
    for num_workers in (None, 1, 2, 5):
        report = robomerge.merge(sources, tmp_path / f"merged-{num_workers}", num_workers=num_workers)
        assert num_workers is None or report.num_workers == num_workers
        trees.append(tree(tmp_path / f"merged-{num_workers}"))
    assert trees[0] and all(each == trees[0] for each in trees)


def test_a_plan_tells_what_a_merge_does_and_writes_nothing(make_source, tmp_path, tree):
    sources = [make_source(), make_source(with_stats=False)]
    before = tree(tmp_path)
    planned = robomerge.plan(sources, tmp_path / "merged")
    assert tree(tmp_path) == before and planned.dry_run
    merged = robomerge.merge(sources, tmp_path / "merged")
    # What is measured has another size than was estimated.
    known = lambda report: [file for file in report.files if not file.path.startswith(("meta/episodes/", "meta/stats"))]
    assert known(planned) == known(merged) and planned.warnings == merged.warnings
    assert [file.path for file in planned.files] == [file.path for file in merged.files]
    assert [warning.kind for warning in merged.warnings] == ["W-stats-missing"]
    assert merged.warnings[0].source == str(sources[1])


def test_inspect_tells_what_is_there_and_what_is_wrong(make_source):
    source = make_source()
    report = robomerge.inspect(source)
    assert (report.version, report.fps, report.num_episodes, report.num_frames) == ("v3.0", "10", 2, 12)
    assert report.tasks == ("stack the cups",) and report.problems == ()
    assert "observation.state" in [feature.name for feature in report.features]
    assert [file.num_rows for file in report.files if file.kind == "data"] == [12]
    assert robomerge.inspect(source, read_data=True, num_workers=1, progress=False) == report
    info = source / "meta/info.json"
    info.write_text(info.read_text().replace("stack", "stuck"))
    (source / "data/chunk-000/file-000.parquet").unlink()
    assert [problem.kind for problem in robomerge.inspect(source).problems] == ["E-missing-file"]


def test_inspect_reads_rows_when_asked(make_source):
    source = make_source()
    path = source / "meta/episodes/chunk-000/file-000.parquet"
    table = pq.read_table(path)
    wrong = pa.array([[99.0, 99.0]] * table.num_rows, table.schema.field("stats/observation.state/max").type)
    pq.write_table(table.set_column(table.column_names.index("stats/observation.state/max"), "stats/observation.state/max", wrong), path)
    assert robomerge.inspect(source).findings == ()
    report = robomerge.inspect(source, read_data=True)
    assert {finding.kind for finding in report.findings} == {"V-statistics"} and report.num_findings >= 2
    with pytest.raises(ValueError, match="num_workers"):
        robomerge.inspect(source, read_data=True, num_workers=-1)


def test_reports_are_frozen_equal_and_can_be_sent(make_source, tmp_path):
    report = robomerge.merge([make_source()], tmp_path / "merged")
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.num_episodes = 3
    assert pickle.loads(pickle.dumps(report)) == report
    assert hash(report) == hash(dataclasses.replace(report))
    text = repr(report)
    assert (
        text.startswith("<MergeReport: made ")
        and " from 1 dataset: 2 episodes, 12 frames, 1 task in 6 files, " in text
        and len(text) < 300
    )
    again = robomerge.merge([report.files[0].sources[0].split("/data/")[0]], tmp_path / "merged")
    assert repr(again).startswith("<MergeReport: already made ")
    assert (
        str(robomerge.Problem("corrupt", "E-rows", "rows are missing", where="a/b")) == "E-rows: rows are missing (a/b)"
    )


def test_a_merge_that_is_done_is_not_done_again(make_source, tmp_path, tree):
    sources = [make_source(), make_source()]
    first = robomerge.merge(sources, tmp_path / "merged")
    before = tree(tmp_path)
    again = robomerge.merge(sources, tmp_path / "merged")
    assert (first.already_done, again.already_done, again.num_files_written) == (False, True, 0)
    assert first.plan_id == again.plan_id and first.num_files_written == len(first.files) and tree(tmp_path) == before


def test_a_result_that_is_older_than_a_source_is_not_done(make_source, tmp_path):
    source = make_source()
    robomerge.merge([source], tmp_path / "merged")
    os.utime(source / "data/chunk-000/file-000.parquet")
    for call in (robomerge.merge, robomerge.plan):
        with pytest.raises(robomerge.DestinationExistsError, match="older result"):
            call([source], tmp_path / "merged")
    assert not robomerge.merge([source], tmp_path / "merged", overwrite=True).already_done
    assert robomerge.merge([source], tmp_path / "merged").already_done


def test_a_name_of_a_source_is_kept_in_the_result(make_source, tmp_path):
    plain, left = make_source(), make_source(lengths=(3,))
    robomerge.merge([plain, robomerge.Source(left, name="left arm")], tmp_path / "merged")
    record = json.loads((tmp_path / "merged/meta/robomerge.json").read_text())
    assert [source.get("name") for source in record["sources"]] == [None, "left arm"]
    with pytest.raises(TypeError, match=r"sources\[0\].name must be a text"):
        robomerge.merge([robomerge.Source(plain, name=3)], tmp_path / "other")
    with pytest.raises(robomerge.InvalidArgumentError, match=r"sources\[0\].name"):
        robomerge.merge([robomerge.Source(plain, name="\udcff")], tmp_path / "other")


def test_overwrite_replaces_a_dataset(make_source, tmp_path):
    robomerge.merge([make_source()], tmp_path / "merged")
    other = [make_source(lengths=(3,))]
    with pytest.raises(FileExistsError):
        robomerge.merge(other, tmp_path / "merged")
    assert robomerge.plan(other, tmp_path / "merged", overwrite=True).num_frames == 3
    robomerge.merge(other, tmp_path / "merged", overwrite=True)
    assert robomerge.inspect(tmp_path / "merged").num_frames == 3


# --- errors


def test_all_problems_come_in_one_error(make_source, tmp_path):
    sources = [make_source(), make_source(fps=25), make_source(num_values=3), make_source(fps=30)]
    with pytest.raises(robomerge.IncompatibleDatasetsError) as caught:
        robomerge.merge(sources, tmp_path / "merged")
    problems = caught.value.problems
    assert [problem.kind for problem in problems] == ["E-fps", "E-features", "E-fps"]
    assert [problem.source for problem in problems] == [str(source) for source in sources[1:]]
    for problem in problems:
        assert all(part in str(caught.value) for part in (problem.what, problem.where, problem.expected, problem.found))
    assert isinstance(caught.value, ValueError) and not (tmp_path / "merged").exists()


def test_more_problems_than_a_screen_holds_are_all_told(make_source, tmp_path):
    missing = [tmp_path / f"missing-{number}" for number in range(30)]
    with pytest.raises(robomerge.DatasetNotFoundError) as caught:
        robomerge.merge(missing, tmp_path / "merged")
    assert all(str(path) in str(caught.value) for path in missing) and len(caught.value.problems) == 30


def later_version(root: Path) -> None:
    info = json.loads((root / "meta/info.json").read_text())
    (root / "meta/info.json").write_text(json.dumps(info | {"codebase_version": "v4.0"}))


def truncated_data(root: Path) -> None:
    data = root / "data/chunk-000/file-000.parquet"
    data.write_bytes(data.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("damage", "error", "kind"),
    [
        (later_version, robomerge.UnsupportedError, "E-version"),
        (truncated_data, robomerge.CorruptDatasetError, "E-unfinished-file"),
        (lambda root: (root / "meta/info.json").unlink(), robomerge.DatasetNotFoundError, "E-no-dataset"),
    ],
)
def test_what_is_wrong_with_a_source_has_its_own_exception(make_source, tmp_path, tree, damage, error, kind):
    source = make_source()
    damage(source)
    before = tree(tmp_path)
    with pytest.raises(error) as caught:
        robomerge.merge([source], tmp_path / "merged")
    assert caught.value.problems[0].kind == kind and isinstance(caught.value, robomerge.RobomergeError)
    assert tree(tmp_path) == before


def test_a_destination_that_exists_is_a_file_exists_error(make_source, tmp_path):
    (tmp_path / "merged").mkdir()
    with pytest.raises(FileExistsError, match="destination exists already") as caught:
        robomerge.merge([make_source()], tmp_path / "merged")
    assert isinstance(caught.value, robomerge.DestinationExistsError)


@pytest.mark.parametrize(
    "options", [{"num_workers": -1}, {"chunk_size": 0}, {"data_files_size_in_mb": -1}, {"copy_mode": "fast"}]
)
def test_an_option_out_of_range_is_a_value_error(make_source, tmp_path, options):
    with pytest.raises(ValueError):
        robomerge.merge([make_source()], tmp_path / "merged", **options)
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("num_workers", "2", "a whole number"),
        ("num_workers", True, "a whole number"),
        ("num_workers", 2.0, "a whole number"),
        ("chunk_size", [1], "a whole number"),
        ("data_files_size_in_mb", "100", "a number"),
        ("video_files_size_in_mb", True, "a number"),
        ("copy_mode", None, "auto, share, copy or link"),
        ("sync", "no", "True or False"),
        ("overwrite", None, "True or False"),
        ("verify", 1, "True or False"),
        ("staging_root", 5, "a path"),
        ("destination", 5, "a path"),
        ("progress", 5, "a callable, None or False"),
    ],
)
def test_an_argument_of_a_wrong_type_is_a_type_error_that_names_it(make_source, tmp_path, name, value, expected):
    sources = [make_source()]
    with pytest.raises(TypeError) as caught:
        robomerge.merge(**{"sources": sources, "destination": tmp_path / "merged", name: value})
    assert str(caught.value) == f"{name} must be {expected}, not {value!r}"
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize("sources", [5, "a", b"a", Path("a"), None])
def test_sources_that_are_not_several_paths_are_a_type_error(tmp_path, sources):
    with pytest.raises(TypeError, match="^sources must be several paths, not "):
        robomerge.merge(sources, tmp_path / "merged")
    with pytest.raises(TypeError, match=r"^sources\[1\] must be a path, not 5$"):
        robomerge.merge(["a", 5], tmp_path / "merged")
    with pytest.raises(TypeError, match="^against must be several paths, not "):
        robomerge.verify(tmp_path, against="a")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("num_workers", 2**40, "a whole number of at most 32 bits"),
        ("chunk_size", -(2**70), "a whole number of at most 64 bits"),
        ("data_files_size_in_mb", 10**400, "a number that a double can hold"),
        ("copy_mode", "fast", "auto, share, copy or link"),
    ],
)
def test_a_value_that_no_option_holds_is_an_error_of_ours(make_source, tmp_path, name, value, expected):
    with pytest.raises(robomerge.InvalidArgumentError) as caught:
        robomerge.merge([make_source()], tmp_path / "merged", **{name: value})
    (problem,) = caught.value.problems
    assert (problem.kind, problem.what) == ("E-options", f"wrong value for `{name}`")
    assert problem.expected == expected and problem.found.removesuffix("...") == repr(value)[:300]


@pytest.mark.parametrize("name", ["sources[1]", "destination", "staging_root", "trace_path"])
def test_a_path_with_a_nul_is_refused_before_anything_is_made(make_source, tmp_path, tree, name):
    source = make_source()
    before = tree(tmp_path)
    bad = f"{tmp_path}/a\0b"
    arguments = {"sources": [source], "destination": tmp_path / "merged"}
    arguments |= {"sources": [source, bad]} if name == "sources[1]" else {name: bad}
    with pytest.raises(robomerge.InvalidArgumentError) as caught:
        robomerge.merge(**arguments)
    (problem,) = caught.value.problems
    assert (problem.kind, problem.what, problem.found) == ("E-path", f"wrong value for `{name}`", repr(bad))
    assert tree(tmp_path) == before


def test_inspect_and_verify_refuse_a_path_with_a_nul(tmp_path):
    for call in (
        lambda: robomerge.inspect(f"{tmp_path}\0"),
        lambda: robomerge.verify(f"{tmp_path}\0"),
        lambda: robomerge.verify(tmp_path, against=[f"{tmp_path}\0"]),
    ):
        with pytest.raises(robomerge.InvalidArgumentError) as caught:
            call()
        assert [problem.kind for problem in caught.value.problems] == ["E-path"]
    with pytest.raises(TypeError, match="^root must be a path, not None$"):
        robomerge.inspect(None)


class Two:
    def __index__(self):
        return 2


def test_numbers_may_be_of_any_type_that_holds_one(make_source, tmp_path):
    sources = [make_source(), make_source()]
    report = robomerge.merge(
        sources, tmp_path / "merged", num_workers=Two(), data_files_size_in_mb=Two(), video_files_size_in_mb=Fraction(3)
    )
    info = json.loads((tmp_path / "merged/meta/info.json").read_text())
    assert (report.num_workers, info["data_files_size_in_mb"], info["video_files_size_in_mb"]) == (2, 2, 3)


def test_arguments_and_words_are_those_of_the_library():
    """Fields of reports need no such test, since `from_fields` fails if their names differ."""
    from robomerge import merging, report
    from robomerge.library import extension

    names = {kind: set(each) for kind, each in extension.names().items()}
    merge_arguments = set(inspect.signature(robomerge.merge).parameters)
    assert merge_arguments - {"sources", "destination", "verify", "progress"} == names["MergeOptions"] - {"dry_run"}
    assert set(inspect.signature(robomerge.plan).parameters) < merge_arguments
    assert set(get_args(merging.CopyMode)) == names["CopyMode"]
    assert set(get_args(merging.CodebaseVersion)) == names["CodebaseVersion"]
    assert set(get_args(merging.StatsMode)) == names["StatsMode"]
    assert set(get_args(merging.SkipBroken)) == names["SkipBroken"]
    assert set(get_args(get_type_hints(report.ReportedFile)["mode"])) == names["Mode"]
    assert set(get_args(get_type_hints(report.Difference)["settlement"])) == names["Settlement"]
    assert set(errors._CLASS_OF) | {"cancelled"} == names["Code"]


def test_one_path_is_not_a_list_of_paths(make_source, tmp_path):
    source = make_source()
    for one in (source, str(source)):
        with pytest.raises(TypeError, match="several paths"):
            robomerge.merge(one, tmp_path / "merged")


def test_no_sources_is_a_value_error(tmp_path):
    with pytest.raises(robomerge.InvalidArgumentError, match="no sources") as caught:
        robomerge.merge([], tmp_path / "merged")
    assert caught.value.problems[0].kind == "E-no-sources"


def test_what_the_system_refuses_is_an_os_error(make_source, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError) as caught:
        robomerge.merge([make_source()], tmp_path / "file/merged")
    assert isinstance(caught.value, robomerge.SystemRefusedError)
    assert os.strerror(errno.ENOTDIR).lower() in str(caught.value).lower()


def test_errors_can_be_sent(tmp_path):
    with pytest.raises(robomerge.DatasetNotFoundError) as caught:
        robomerge.merge([tmp_path / "missing"], tmp_path / "merged")
    sent = pickle.loads(pickle.dumps(caught.value))
    assert (type(sent), str(sent), sent.problems) == (type(caught.value), str(caught.value), caught.value.problems)


# --- progress


def test_progress_is_called_in_this_thread_with_counts_that_grow(make_source, tmp_path):
    seen, threads = [], set()

    def watch(progress):
        seen.append(progress)
        threads.add(threading.get_ident())

    report = robomerge.merge([make_source(), make_source()], tmp_path / "merged", progress=watch, num_workers=3)
    assert threads == {threading.get_ident()}
    last = seen[-1]
    assert (last.stage, last.num_sources, last.num_sources_read) == ("publish", 2, 2)
    assert last.num_files == last.num_files_written == len(report.files) and last.moved_bytes == last.planned_bytes > 0
    for before, after in zip(seen, seen[1:]):
        assert before.num_sources_read <= after.num_sources_read and before.moved_bytes <= after.moved_bytes


class Enough(Exception):
    pass


def test_what_progress_raises_stops_the_merge_and_comes_out(make_source, tmp_path, tree):
    sources = [make_source()] * 3000
    before = tree(tmp_path)

    def fail(progress):
        raise Enough(progress.stage)

    with pytest.raises(Enough, match="read"):
        robomerge.merge(sources, tmp_path / "merged", progress=fail)
    assert tree(tmp_path) == before


def test_other_threads_run_meanwhile(make_source, tmp_path):
    sources = [make_source()] * 2000
    ticks, is_over = [], threading.Event()

    def tick():
        while not is_over.wait(0.005):
            ticks.append(time.monotonic())

    ticker = threading.Thread(target=tick)
    ticker.start()
    begin = time.monotonic()
    robomerge.plan(sources, tmp_path / "merged", num_workers=1)
    end = time.monotonic()
    is_over.set()
    ticker.join()
    during = [at for at in ticks if begin < at < end]
    assert end - begin > 0.1 and max(b - a for a, b in zip(during, during[1:])) < (end - begin) / 2


TERMINAL = """
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
shown = b""
try:
    while block := os.read(terminal, 4096):
        shown += block
except OSError:
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
# A fake tqdm, so that the test does not depend on the real one.
FAKE_TQDM = """
import sys
class tqdm:
    def __init__(self, **options):
        self.n, self.total = 0, None
    def __enter__(self):
        print("bar opened", file=sys.stderr)
        return self
    def __exit__(self, *error):
        print(f"bar closed at {self.n} of {self.total}", file=sys.stderr)
    def set_description(self, *arguments, **options): pass
    set_postfix_str = set_description
    def update(self, more):
        self.n += more
"""
MERGE = "import sys, robomerge; robomerge.merge([sys.argv[1]], sys.argv[2], progress={progress})"


@pytest.mark.parametrize(
    ("progress", "has_tqdm", "is_shown"), [(None, True, True), (False, True, False), (None, False, False)]
)
def test_a_bar_is_drawn_on_a_terminal_if_there_is_tqdm(
    make_source, tmp_path, package_environment, progress, has_tqdm, is_shown
):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/tqdm.py").write_text(FAKE_TQDM if has_tqdm else "raise ImportError('no tqdm')")
    environment = package_environment | {"PYTHONPATH": f"{tmp_path / 'modules'}:{package_environment['PYTHONPATH']}"}
    words = [sys.executable, "-c", TERMINAL, MERGE.format(progress=progress), make_source(), tmp_path / "merged"]
    run = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    if is_shown:
        assert run.stdout.startswith("bar opened\nbar closed at ")
        moved, planned = run.stdout.split("closed at ")[1].split(" of ")
        assert int(moved) == int(planned) > 0
    else:
        assert run.stdout == ""


def test_nothing_is_printed_off_a_terminal(make_source, tmp_path, package_environment):
    words = [sys.executable, "-c", MERGE.format(progress=None), make_source(with_stats=False), tmp_path / "merged"]
    run = subprocess.run(words, capture_output=True, text=True, env=package_environment, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
