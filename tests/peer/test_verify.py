"""`robomerge verify` on datasets by LeRobot: its recordings have no finding, and its merges have
those of section 4 that are visible."""

import odd_videos
from make_datasets import TINY_MB
from mergers import merge_with_lerobot, verify_findings


def kinds(findings: list[str]) -> set[str]:
    return {finding.split(":")[0] for finding in findings}


def test_recordings_are_healthy(robomerge, source):
    roots = [source(kind=kind) for kind in ("plain", "two_cameras", "images", "camera_and_depth", "ranks", "words")]
    roots.append(source(kind="one_camera", seed=2, resumed=1))
    roots.append(source(kind="plain", data_mb=TINY_MB, lengths=(5, 3, 4)))
    for root in roots:
        assert verify_findings(root) == []


def test_w04_bookkeeping_statistics_of_before_the_merge(robomerge, source, tmp_path):
    roots = [source(kind="plain", seed=seed) for seed in range(2)]
    merge_with_lerobot(roots, tmp_path / "merged")
    found = verify_findings(tmp_path / "merged")
    assert kinds(found) == {"V-stats"}
    assert all("index" in finding for finding in found)


def test_w01_rows_that_name_another_file(robomerge, source, tmp_path):
    roots = [source(kind="plain", seed=1), source(kind="plain", seed=2, resumed=1)]
    merge_with_lerobot(roots, tmp_path / "merged")
    assert "V-file-numbers" in kinds(verify_findings(tmp_path / "merged"))


def test_w08_a_stretched_video(robomerge, source, tmp_path):
    odd = source(lambda root: odd_videos.timescale(root, 90_000), kind="one_camera", seed=2, fps=30)
    roots = [source(kind="one_camera", seed=1, fps=30), odd]
    merge_with_lerobot(roots, tmp_path / "merged")
    assert "V-frame-time" in kinds(verify_findings(tmp_path / "merged"))
    assert "V-frame-time" in kinds(verify_findings(tmp_path / "merged", roots))


def test_a_file_too_long_for_float32(robomerge, source, tmp_path):
    roots = [source(kind="one_camera", seed=seed, fps=1, lengths=(300, 100)) for seed in range(3)]
    merge_with_lerobot(roots, tmp_path / "merged")
    assert "V-video-length" in kinds(verify_findings(tmp_path / "merged"))
