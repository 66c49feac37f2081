"""What cannot be merged is refused first, with source, key, expected and found, and nothing is left
behind."""

from pathlib import Path

import pytest

import broken_sources
import odd_metadata
from dataset_view import DEFAULT_FEATURES, tree_hashes
from mergers import merge_with_robomerge, run_robomerge


def test_another_fps_is_refused(source, refuse):
    odd = source(kind="plain", seed=2, fps=25)
    refuse(
        [source(kind="plain", seed=1), odd],
        "E-fps",
        str(odd),
        "info.json",
        "fps",
        "expected 10",
        "found",
        "25",
    )


@pytest.mark.parametrize("robot_type", ["other_arm", None])
def test_another_robot_type_is_refused(robot_type, source, refuse):
    odd = source(kind="plain", seed=2, robot_type=robot_type)
    refuse(
        [source(kind="plain", seed=1), odd],
        "E-robot-type",
        str(odd),
        "robot_type",
        "toy_arm",
        robot_type or "null",
    )


def test_a_feature_too_many_is_refused(source, refuse):
    odd = source(kind="plain", seed=2, extra_features=("torque",))
    refuse([source(kind="plain", seed=1), odd], "E-features", str(odd), "torque", "expected", "found")
    refuse([odd, source(kind="plain", seed=1)], "E-features", "torque", "expected", "found")


DIFFERENCES = {
    "dtype": ("reward", {"dtype": "float64"}, "float64"),
    "shape": ("action", {"shape": [4]}, "[4]"),
    "names": ("action", {"names": ["x", "y", "w"]}, "w"),
}


@pytest.mark.parametrize("what", sorted(DIFFERENCES))
def test_a_feature_that_differs_is_refused(what, source, refuse):
    name, change, found = DIFFERENCES[what]
    odd = source(lambda root: odd_metadata.edit_feature(root, name, **change), kind="plain", seed=2)
    refuse(
        [source(kind="plain", seed=1), odd], "E-features", str(odd), name, what, found, "expected", "found"
    )


def test_all_disagreements_are_told_at_once(source, refuse):
    slow = source(kind="plain", seed=2, fps=25)
    other = source(kind="plain", seed=3, robot_type="other_arm")
    run = refuse([source(kind="plain", seed=1), slow, other], "E-fps", str(slow), str(other))
    assert {"E-fps", "E-robot-type"} <= set(run.errors)


@pytest.mark.parametrize("name", sorted(DEFAULT_FEATURES))
@pytest.mark.parametrize("everywhere", [True, False])
def test_a_missing_default_feature_is_refused(name, everywhere, source, refuse):
    edit = lambda root: odd_metadata.without_feature(root, name)
    odd = source(edit, kind="plain", seed=2)
    first = source(edit, kind="plain", seed=1) if everywhere else source(kind="plain", seed=1)
    present = [other for other in DEFAULT_FEATURES if other != name]
    refuse([first, odd], "E-default-features", str(odd), name, *present)


def test_a_table_of_subtasks_in_one_source_only_is_refused(source, refuse):
    one = source(odd_metadata.with_subtasks, kind="plain", seed=1)
    odd = source(odd_metadata.with_subtasks, kind="plain", seed=2)
    (odd / "meta/subtasks.parquet").unlink()
    refuse([one, odd], "E-subtasks", str(odd), "subtask")


@pytest.mark.parametrize("kind", ["data", "video", "episodes"])
def test_a_missing_file_is_refused(kind, source, refuse):
    odd = source(kind="one_camera", seed=2, resumed=1)
    path = broken_sources.first_payload(odd, kind)
    path.unlink()
    sources = [source(kind="one_camera", seed=1, resumed=1), odd]
    if (
        kind == "episodes"
    ):  # these are found by a glob (W-1), so a missing one leaves rows without an episode
        refuse(sources, None, str(odd))
    else:
        refuse(sources, "E-missing-file", str(odd), path.name)


@pytest.mark.parametrize(
    ("damage", "errors"),
    [
        ("empty", {"data": "E-foreign-file", "video": "E-foreign-file"}),
        ("a git-lfs pointer", {"data": "E-lfs-pointer", "video": "E-lfs-pointer"}),
        ("cut in half", {"data": "E-unfinished-file", "video": "E-video-file"}),
        ("one byte short", {"data": "E-unfinished-file", "video": "E-video-file"}),
    ],
)
@pytest.mark.parametrize("kind", ["data", "video"])
def test_a_broken_payload_file_is_refused(kind, damage, errors, source, refuse):
    odd = source(kind="one_camera", seed=2)
    path = broken_sources.first_payload(odd, kind)
    broken_sources.DAMAGES[damage](path)
    refuse([source(kind="one_camera", seed=1), odd], errors[kind], str(odd), path.name)


@pytest.mark.parametrize("damage", sorted(broken_sources.DAMAGES))
@pytest.mark.parametrize("kind", ["info", "stats", "tasks", "episodes"])
def test_a_broken_metadata_file_is_refused(kind, damage, source, robomerge, tmp_path):
    good, odd = source(kind="plain", seed=1), source(kind="plain", seed=2)
    path = broken_sources.first_payload(odd, kind)
    broken_sources.DAMAGES[damage](path)
    before = tree_hashes(tmp_path)
    run = merge_with_robomerge([good, odd], tmp_path / "merged")
    assert run.exit_code in (1, 4), run.stderr
    assert run.errors and path.name in run.stderr and str(odd) in run.stderr
    assert tree_hashes(tmp_path) == before


@pytest.mark.parametrize("key", ["codebase_version", "fps", "features"])
def test_an_info_without_a_required_key_is_refused(key, source, robomerge, tmp_path):
    odd = source(lambda root: broken_sources.without_info_key(root, key), kind="plain", seed=2)
    run = merge_with_robomerge([source(kind="plain", seed=1), odd], tmp_path / "merged")
    assert run.exit_code == 1 and run.errors and key in run.stderr and str(odd) in run.stderr
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize("version", ["v4.0", "three"])
def test_other_versions_are_refused(version, source, refuse):
    odd = source(lambda root: odd_metadata.set_info(root, codebase_version=version), kind="plain", seed=2)
    refuse([source(kind="plain", seed=1), odd], "E-version", str(odd), version)


@pytest.mark.parametrize("what", ["folder", "empty folder", "file", "symlink"])
def test_w07_an_existing_destination_is_left_alone(what, source, refuse, tmp_path):
    destination = tmp_path / "refused" / "merged"
    destination.parent.mkdir()
    if what == "file":
        destination.write_text("mine")
    elif what == "symlink":
        destination.symlink_to(tmp_path / "nowhere")
    else:
        destination.mkdir()
        if what == "folder":
            (destination / "notes.txt").write_text("mine")
    kind, exit_code = ("E-destination", 2) if what == "symlink" else ("E-destination-exists", 1)
    refuse([source(kind="plain", seed=1)], kind, str(destination), destination=destination, exit_code=exit_code)


def test_a_destination_inside_a_source_is_refused(source, robomerge):
    root = source(kind="plain", seed=1)
    before = tree_hashes(root)
    run = merge_with_robomerge([root], root / "merged")
    assert run.exit_code in (1, 2) and run.errors
    assert tree_hashes(root) == before


def test_a_source_that_does_not_exist_is_refused(source, refuse, tmp_path):
    refuse([source(kind="plain", seed=1), tmp_path / "nowhere"], None, str(tmp_path / "nowhere"))


def test_a_folder_that_is_no_dataset_is_refused(source, refuse, tmp_path):
    (tmp_path / "empty").mkdir()
    refuse([source(kind="plain", seed=1), tmp_path / "empty"], None, str(tmp_path / "empty"), "info.json")


def test_w20_no_sources_are_an_error_of_the_command_line(robomerge, tmp_path):
    run = run_robomerge("merge", "-o", tmp_path / "merged")
    assert run.exit_code == 2 and run.stderr and list(tmp_path.iterdir()) == []


def test_w07_the_merge_can_be_repeated_after_a_refusal(source, refuse, merge):
    """LeRobot's merge leaves half a destination behind, on which the next attempt fails."""
    good, odd = source(kind="one_camera", seed=1), source(kind="one_camera", seed=2)
    path = broken_sources.first_payload(odd, "video")
    whole = path.read_bytes()
    broken_sources.cut_in_half(path)
    destination = good.parent / "merged"
    refuse([good, odd], "E-video-file", destination=destination)
    path.write_bytes(whole)
    merge([good, odd], name="merged")
