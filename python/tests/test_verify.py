"""verify, and merge with verify=True: what they return and raise."""

import os
import pickle

import pytest
import robomerge


def test_a_sound_dataset_and_a_sound_merge_have_no_finding(make_source, tmp_path, capfd):
    sources = [make_source(), make_source(lengths=(3,), task="open the drawer")]
    robomerge.merge(sources, tmp_path / "merged")
    alone = robomerge.verify(tmp_path / "merged")
    assert alone and alone.findings == () and alone.num_sources == 0
    against = robomerge.verify(tmp_path / "merged", sources, num_workers=2)
    assert against and (against.num_sources, against.num_episodes, against.num_rows, against.num_workers) == (2, 3, 15, 2)
    assert against.is_complete and against.checked_bytes > 0 and against.seconds >= 0
    assert capfd.readouterr() == ("", "")


def test_findings_are_data_and_are_not_raised(make_source, tmp_path):
    sources = [make_source(), make_source(task="open the drawer")]
    robomerge.merge(sources, tmp_path / "merged")
    report = robomerge.verify(str(tmp_path / "merged"), against=map(str, reversed(sources)))
    assert not report and report.num_findings == len(report.findings) > 0
    found = next(finding for finding in report.findings if finding.kind == "V-tasks" and finding.episode is not None)
    assert found.what and found.where.startswith(str(tmp_path / "merged"))
    assert pickle.loads(pickle.dumps(report)) == report


def test_what_cannot_be_read_is_raised(make_source, tmp_path):
    with pytest.raises(robomerge.DatasetNotFoundError):
        robomerge.verify(tmp_path / "nothing")
    with pytest.raises(TypeError, match="several paths"):
        robomerge.verify(make_source(), str(tmp_path))


def test_progress_is_called_here_and_may_stop_it(make_source, tmp_path):
    sources = [make_source()]
    robomerge.merge(sources, tmp_path / "merged")
    stages = []
    robomerge.verify(tmp_path / "merged", sources, progress=lambda progress: stages.append(progress.stage))
    assert set(stages) <= {"read", "verify", "measure"} and stages

    def refuse(progress):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        robomerge.verify(tmp_path / "merged", sources, progress=refuse)


def test_a_verified_merge_says_so(make_source, tmp_path):
    sources = [make_source(), make_source(lengths=(3,))]
    report = robomerge.merge(sources, tmp_path / "merged", verify=True)
    assert report.verification and report.verification.num_rows == 15
    assert [stage.stage for stage in report.stages] == ["read", "plan", "write", "verify", "publish"]
    assert robomerge.merge(sources, tmp_path / "other").verification is None
    assert robomerge.merge(sources, tmp_path / "merged", verify=True).already_done


def test_a_merge_that_differs_is_raised_and_does_not_appear(make_source, tmp_path, package_command):
    sources = [make_source(), make_source(lengths=(3,))]
    package_command("plan", *sources, "-o", tmp_path / "merged", "--plan", tmp_path / "plan")
    package_command("write", "--plan", tmp_path / "plan")
    (staged,) = [path for path in tmp_path.glob(".merged.robomerge-*") if (path / "meta").is_dir()]
    path = staged / "meta/tasks.parquet"
    modified_ns = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes().replace(b"stack the cups", b"stuck the cups"))
    os.utime(path, ns=(modified_ns, modified_ns))  # else the merge writes it again
    with pytest.raises(robomerge.VerificationError, match="V-tasks") as raised:
        robomerge.merge(sources, tmp_path / "merged", verify=True)
    assert isinstance(raised.value, RuntimeError) and not (tmp_path / "merged").exists()
    assert {problem.kind for problem in raised.value.problems} >= {"V-tasks"}
    assert robomerge.merge(sources, tmp_path / "merged", verify=True).verification


def test_a_merge_that_retimes_is_proven_as_one(make_source, tmp_path):
    from edits import DATA, edit_column

    source = make_source()
    edit_column(source / DATA, "timestamp", lambda values: [value + 1.7e9 for value in values])
    kept = robomerge.merge([source], tmp_path / "kept", verify=True)
    assert [warning.kind for warning in kept.warnings] == ["W-timestamps", "W-episode-statistics"]
    planned = robomerge.plan([source], tmp_path / "merged", retime=True)
    merged = robomerge.merge([source], tmp_path / "merged", retime=True, verify=True)
    assert [warning.kind for warning in merged.warnings] == ["W-retimed"] and planned.plan_id == merged.plan_id
    assert robomerge.verify(tmp_path / "merged")
    assert robomerge.verify(tmp_path / "merged", [source], retime=True)
    assert robomerge.verify(tmp_path / "merged", [source])  # the record says so too
    (tmp_path / "merged/meta/robomerge.json").unlink()
    assert not robomerge.verify(tmp_path / "merged", [source])


def test_statistics_are_measured(make_source, tmp_path):
    import numpy as np
    import pyarrow.parquet as pq

    robomerge.merge([make_source(), make_source(task="another")], tmp_path / "merged")
    report = robomerge.stats(tmp_path / "merged", num_workers=1)
    assert report and (report.num_findings, report.findings) == (0, ())
    table = pq.read_table(tmp_path / "merged/data/chunk-000/file-000.parquet")
    state = np.array(table["observation.state"].to_pylist(), dtype=np.float64)
    elements = [element for element in report.elements if element.feature == "observation.state"]
    assert [element.q90 for element in elements] == np.quantile(state, 0.9, axis=0).tolist()
    assert [sum(element.histogram) for element in elements] == [len(table)] * state.shape[1]
    assert not robomerge.verify(tmp_path / "merged", measure_stats=True).findings
    with pytest.raises(robomerge.DatasetNotFoundError):
        robomerge.stats(tmp_path / "nothing")
