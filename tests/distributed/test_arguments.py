"""What run() refuses before it begins anything."""

import os
import sys

import pytest
from conftest import PACKAGE_PARENT, run_limited


@pytest.fixture
def refused(launch, folder, tmp_path, monkeypatch):
    """refused(...): the text of the ValueError. Nothing may have been made."""
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)

    def start(**changes) -> str:
        with pytest.raises(ValueError) as error:
            launch(**changes)
        assert list(folder.iterdir()) == []
        assert not (tmp_path / "work").exists()
        return str(error.value)

    return start


def test_unknown_executor(refused):
    assert refused(executor="slrum") == "unknown executor 'slrum': expected local, slurm or ray; did you mean `slurm`?"


def test_all_wrong_numbers_at_once(refused):
    text = refused(
        describe_tasks=0,
        write_tasks=-1,
        workers=1.5,
        threads_per_task=True,
        chunk_size=1001,
        data_files_size_in_mb=float("nan"),
        video_files_size_in_mb=0,
        copy_mode="move",
    )
    assert text.splitlines() == [
        "describe_tasks: expected a whole number above 0, found 0",
        "write_tasks: expected a whole number above 0, found -1",
        "workers: expected a whole number above 0, found 1.5",
        "threads_per_task: expected a whole number above 0, found True",
        "data_files_size_in_mb: expected a number of MB above 0, found nan",
        "video_files_size_in_mb: expected a number of MB above 0, found 0",
        "chunk_size: expected a whole number from 1 to 1000, found 1001",
        "copy_mode: expected auto, share, copy or link, found 'move'",
    ]


def test_options_of_the_executor(refused):
    assert refused(executor_options={"start_metod": "fork"}) == (
        "executor_options: executor 'local' has no option `start_metod`: "
        "expected randomize_start_duration or start_method; did you mean `start_method`?"
    )
    assert refused(executor_options={"skip_completed": True}) == (
        "executor_options: `skip_completed` is what run() decides itself"
    )


def test_slurm_names_all_that_it_lacks(refused, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    text = refused(executor="slurm", workers=None, executor_options={"max_array_size": 0})
    assert [line.split(";")[0] for line in text.splitlines()] == [
        'executor_options lacks `partition`, which Slurm needs: expected such as "cpu"',
        'executor_options lacks `time`, which Slurm needs: expected such as "04:00:00"',
        "executor 'slurm' needs the command sbatch, which is not on PATH",
        "run() was called inside Slurm job 17",
        "max_array_size: expected a whole number above 0, or -1 for no limit, found 0",
        "write_tasks is needed with executor 'slurm' where workers is not given",
    ]


def test_no_sources(refused, tmp_path):
    assert "there is no source" in refused(sources=[])
    listed = tmp_path / "list"
    listed.write_text("# only this\n\n")
    assert "there is no source" in refused(sources=listed)
    assert "cannot be listed in a file" in refused(sources=["a\nb"])


def test_folders_that_lie_in_each_other(refused, folder, tmp_path, merge):
    assert "lie in each other" in refused(destination=tmp_path / "work/merged")
    assert "lie in each other" in refused(work_dir=folder / "merged/work")
    assert "work_dir lies in a source" in refused(work_dir=merge.sources[2] / "work")


def test_a_list_of_sources_reads_as_the_command_reads_it(tmp_path, monkeypatch):
    from robomerge.datatrove.work_directory import read_sources

    listed = tmp_path / "list"
    listed.write_text("# comment\n\n  a \nb/../c\n/d\n")
    monkeypatch.chdir(tmp_path)
    assert read_sources(listed) == [f"{tmp_path}/a", f"{tmp_path}/c", "/d"]
    assert read_sources(["x"]) == [f"{tmp_path}/x"]


def test_the_work_directory_of_another_merge(launch, check_merged, merge, tmp_path):
    launch()
    claim_file = str(tmp_path / "work/merge.json")

    def difference(**changes) -> str:
        with pytest.raises(ValueError, match="belongs to another merge") as error:
            launch(**changes)
        assert claim_file in str(error.value)
        return str(error.value).splitlines()[2].strip()

    other = str(tmp_path / "other")
    mine = str(tmp_path / "made/merged")
    assert difference(destination=other) == f"destination: expected {mine!r}, found {other!r}"
    assert difference(chunk_size=7) == "chunk_size: expected 1000, found 7"
    assert difference(sources=merge.sources[:-1]) == "number of sources: expected 9, found 8"
    swapped = [merge.sources[1], merge.sources[0], *merge.sources[2:]]
    assert difference(sources=swapped) == f"source 0: expected {str(swapped[1])!r}, found {str(swapped[0])!r}"
    check_merged()


def test_a_folder_that_is_no_work_directory(launch, tmp_path):
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.tex").touch()
    with pytest.raises(ValueError, match="is no work directory of a merge"):
        launch(work_dir=strange)
    (strange / "merge.json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read"):
        launch(work_dir=strange)
    (strange / "merge.json").write_text('{"format": "robomerge-work", "version": 2}')
    (strange / "sources.txt").touch()
    with pytest.raises(ValueError, match="another version of robomerge"):
        launch(work_dir=strange)


def test_a_claim_that_was_killed_half_way_is_continued(launch, check_merged, tmp_path):
    (tmp_path / "work").mkdir()
    for left in (".sources.txt.abc.tmp", "sources.txt", ".merge.json.abc.tmp"):
        (tmp_path / "work" / left).touch()
    launch()
    check_merged()


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        ("30", 1800),
        ("2:30", 150),
        ("01:00:10", 3610),
        ("2-3", 2 * 86400 + 3 * 3600),
        ("1-2:3", 86400 + 2 * 3600 + 180),
        ("1-2:3:4", 86400 + 2 * 3600 + 184),
        ("UNLIMITED", None),
    ],
)
def test_time_limits_of_slurm(limit, seconds):
    from robomerge.datatrove.slurm_chain import limit_seconds

    assert limit_seconds(limit) == seconds


def test_a_short_job_is_not_asked_to_stop_at_once():
    from robomerge.datatrove.slurm_chain import signal_seconds

    assert [signal_seconds(limit) for limit in ("04:00:00", "2:00", "0:01")] == [120, 30, 1]


def test_without_datatrove_the_import_says_so(tmp_path):
    (tmp_path / "datatrove.py").write_text("raise ImportError('no datatrove')")
    path = os.pathsep.join([str(tmp_path), str(PACKAGE_PARENT)])
    done = run_limited([sys.executable, "-c", "import robomerge.datatrove"], env=os.environ | {"PYTHONPATH": path})
    assert "ImportError: robomerge.datatrove needs datatrove, which is not installed" in done.stderr
