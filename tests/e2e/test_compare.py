"""`compare` as people and programs use it: the screen, the lines, the recipe, exit codes."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_dataset import feature, make_tiny_dataset, write_tasks
from tiny_video import add_video

CAMERA = {"dtype": "video", "shape": [48, 64, 3], "names": ["height", "width", "channels"], "info": {"video.codec": "av1"}}


@pytest.fixture
def make(tmp_path) -> Callable[..., Path]:
    """make(name, **features): a dataset with these features besides its own; None removes one.
    Other entries of info.json in `info`."""

    def make(name: str, *, info: dict | None = None, task: str = "stack the cups", **features: dict | None) -> Path:
        root = make_tiny_dataset(tmp_path / name, task=task)
        path = root / "meta/info.json"
        content = json.loads(path.read_text()) | (info or {})
        for key, entry in features.items():
            if entry is None:
                del content["features"][key]
            else:
                content["features"][key] = entry
        path.write_text(json.dumps(content))
        return root

    return make


def compare(robomerge, tmp_path: Path, *words: object):
    """Runs it where the datasets are, so that paths are short."""
    return robomerge("compare", *words, cwd=tmp_path)


def differences(run) -> list[dict]:
    return [line for line in run.json_lines() if line["message_type"] == "difference"]


def test_datasets_that_agree(robomerge, make, tmp_path):
    make("a"), make("b")
    run = compare(robomerge, tmp_path, "a", "b")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "Compared 2 datasets: nothing differs\n", "")
    run = compare(robomerge, tmp_path, "a")
    assert (run.exit_code, run.stdout) == (0, "Compared 1 dataset: there is nothing to compare it with\n")


def test_the_screen_shows_who_departs_and_the_flag_to_paste(robomerge, make, tmp_path):
    for name in "abc":
        make(name, wrist=CAMERA)
    make("d", cam_wrist=CAMERA, info={"robot_type": "it's another"})
    run = compare(robomerge, tmp_path, "d", "a", "b", "c")
    assert run.exit_code == 3 and run.stderr == ""
    assert run.stdout == (
        "Compared 4 datasets: 2 differences to settle\n"
        "\n"
        "To settle\n"
        "  robot_type differs\n"
        "      3  toy_arm\n"
        "      1  it's another: d\n"
        "    --robot-type toy_arm  # right if it is the same kind of robot\n"
        "  `wrist`: another name in some sources, it seems\n"
        "      3  `wrist`\n"
        "      1  `cam_wrist`: d\n"
        "    --rename cam_wrist=wrist  # same dtype and shape; is it the same?\n"
        "\n"
        "All flags together\n"
        "  --rename cam_wrist=wrist --robot-type toy_arm\n"
    )


def test_the_page_shows_what_is_printed(robomerge, make, tmp_path):
    joints = {"dtype": "float32", "shape": [3], "names": ["pan", "lift", "gripper"]}
    usual = {"action": joints, "observation.images.wrist": CAMERA, "next.reward": feature("float32", [1])}
    for number in (1, 2, 4):
        make(f"kitchen_{number}", task="Wipe the table.", info={"robot_type": "so101", "fps": 30}, **usual)
    third = usual | {"observation.images.cam_wrist": CAMERA, "action": joints | {"names": ["lift", "pan", "gripper"]}}
    del third["observation.images.wrist"]
    make("kitchen_3", task="wipe the table", info={"robot_type": "SO101", "fps": 30}, **third)
    fifth = usual | {"action": joints | {"names": {"motors": joints["names"]}}}
    fifth["observation.images.wrist"] = CAMERA | {"info": {"video.codec": "h264"}}
    del fifth["next.reward"]
    make("kitchen_5", task="Wipe the table.", info={"robot_type": "so101", "fps": 60}, **fifth)
    run = compare(robomerge, tmp_path, *(f"kitchen_{number}" for number in range(1, 6)))
    page = (Path(__file__).resolve().parents[2] / "docs/compare.md").read_text()
    assert run.exit_code == 3 and f"kitchen_5\n{run.stdout}$ echo $?\n3\n" in page


def test_flags_are_words_of_a_shell(robomerge, make, tmp_path):
    make("a", info={"robot_type": "it's $HOME"}), make("b", info={"robot_type": "it's $HOME"}), make("c")
    flags = differences(compare(robomerge, tmp_path, "a", "b", "c", "--json"))[0]["remedies"][0]["flag"]
    assert shlex.split(flags) == ["--robot-type", "it's $HOME"]


def test_what_a_merge_settles_is_no_failure(robomerge, make, tmp_path):
    names = ["x", "y"]
    make("a", state={"dtype": "float32", "shape": [2], "names": names}, top=CAMERA)
    state = {"dtype": "float32", "shape": [2], "names": {"motors": names}, "fps": 10}
    top = {"dtype": "video", "shape": [48, 64, 3], "names": None, "video_info": {"video.codec": "h264", "video.g": 2}}
    make("b", state=state, top=top, info={"robot_type": "Toy_Arm", "fps": 10.0, "codebase_version": "v3.1"})
    run = compare(robomerge, tmp_path, "a", "b", "--json")
    assert run.exit_code == 0
    found = differences(run)
    assert {one["settlement"] for one in found} == {"merge"} and run.json_lines()[-1]["flags"] == []
    assert [one["kind"] for one in found] == [
        "D-form", "D-robot-type", "D-version", "D-form", "D-feature-fps", "D-form", "D-codec", "D-encoder",
    ]  # fmt: skip


def test_another_fps_is_settled_by_nothing(robomerge, make, tmp_path):
    make("a", info={"fps": 30}), make("b", info={"fps": 60})
    run = compare(robomerge, tmp_path, "a", "b")
    assert run.exit_code == 3
    assert "# 60 to 30 would drop every second row and decode all videos; merge them apart" in run.stdout


def test_videos_are_told_by_their_files(robomerge, make, tmp_path):
    roots = [make(name) for name in "ab"]
    for seed, root in enumerate(roots):
        add_video(root, (5, 7), seed=seed)
    video = next(roots[1].rglob("*.mp4"))
    data = video.read_bytes()
    width_and_height = (64).to_bytes(2, "big") + (48).to_bytes(2, "big")
    assert data.count(width_and_height) == 1  # in the sample entry
    video.write_bytes(data.replace(width_and_height, (128).to_bytes(2, "big") + (96).to_bytes(2, "big")))
    run = compare(robomerge, tmp_path, "a", "b", "--json")
    assert run.exit_code == 0
    size = [one for one in differences(run) if one["kind"] == "D-size"]
    assert [(one["settlement"], [form["what"] for form in one["forms"]]) for one in size] == [("hint", ["48 x 64", "96 x 128"])]


def test_tasks_that_differ_little(robomerge, make, tmp_path):
    make("a", task="Pick the cup."), make("b", task="pick  the cup"), make("c", task="Pick the cup.")
    run = compare(robomerge, tmp_path, "a", "b", "c")
    assert run.exit_code == 0 and "--normalize-tasks" in run.stdout
    write_tasks(tmp_path / "b/meta/tasks.parquet", "pick, the cup")
    assert "--replace-task 'pick, the cup=Pick the cup.'" in compare(robomerge, tmp_path, "a", "b", "c").stdout


def test_degrees_and_radians(robomerge, make, tmp_path):
    for name, most in (("a", 1.5), ("b", 80), ("c", 1.2)):
        path = make(name) / "meta/stats.json"
        stats = json.loads(path.read_text())
        stats["observation.state"] |= {"min": [-most, 0], "max": [most, 1]}
        path.write_text(json.dumps(stats))
    run = compare(robomerge, tmp_path, "a", "b", "c")
    assert run.exit_code == 0
    assert "degrees? `element 0` -80 to 80: b" in run.stdout and "180/pi" in run.stdout


def test_of_500_sources_3_that_differ_fit_a_screen(robomerge, make, tmp_path):
    names = [f"kitchen_{number:03}" for number in range(500)]
    front = CAMERA | {"shape": [96, 128, 3]}
    for number, name in enumerate(names):
        if number == 17:
            make(name, cam_wrist=CAMERA, front=CAMERA, reward=feature("float32", [1]), info={"robot_type": "x"})
        elif number == 99:
            make(name, wrist=CAMERA, front=front, info={"fps": 20}, task="Stack the cups.")
        elif number == 330:
            make(name, wrist=CAMERA, front=CAMERA, reward=feature("float64", [1]), more=feature("int64", [2]))
        else:
            make(name, wrist=CAMERA, front=CAMERA, reward=feature("float32", [1]))
    (tmp_path / "list.txt").write_text("\n".join(names))
    run = compare(robomerge, tmp_path, "--from", "list.txt", "-j", 1)
    assert run.exit_code == 3 and run.stdout.startswith("Compared 500 datasets: ")
    assert len(run.stdout.splitlines()) <= 40
    for name in ("kitchen_017", "kitchen_099", "kitchen_330"):
        assert name in run.stdout
    assert "kitchen_018" not in run.stdout
    assert compare(robomerge, tmp_path, "--from", "list.txt", "-j", 4).stdout == run.stdout


def test_sources_that_cannot_be_read_are_told_and_the_others_compared(robomerge, make, tmp_path):
    make("a"), make("b", info={"robot_type": "x"}), make("c", info={"codebase_version": "v4.0"})
    (make("d") / "meta/tasks.parquet").write_text("no table")
    run = compare(robomerge, tmp_path, "c", "a", "none", "d", "b")
    assert run.exit_code == 1
    assert run.stdout.startswith("Compared 2 datasets; 3 could not be read: 1 difference to settle\n")
    for kind in ("E-version", "E-no-dataset", "E-foreign-file"):
        assert f"error[{kind}]" in run.stderr
    lines = compare(robomerge, tmp_path, "c", "a", "none", "d", "b", "--json").json_lines()
    assert [line["source"] for line in lines if line["message_type"] == "problem"] == ["c", "none", "d"]
    assert lines[-1] | {"flags": []} == {
        "message_type": "summary", "num_sources": 5, "num_compared": 2, "num_differences": 1, "flags": [],
        "num_problems": 3, "exit_code": 1,
    }  # fmt: skip


def test_json_lines(robomerge, make, tmp_path):
    make("a"), make("b", info={"robot_type": "x"})
    assert compare(robomerge, tmp_path, "a", "b", "--json").json_lines() == [
        {
            "message_type": "difference",
            "kind": "D-robot-type",
            "features": [],
            "what": "robot_type differs",
            "settlement": "flag",
            "forms": [
                {"what": "toy_arm", "num_sources": 1, "sources": ["a"]},
                {"what": "x", "num_sources": 1, "sources": ["b"]},
            ],
            "remedies": [{"key": "robot_type", "name": "", "value": "toy_arm", "flag": "--robot-type toy_arm"}],
            "alternatives": [],
            "why": "right if it is the same kind of robot",
        },
        {
            "message_type": "summary",
            "num_sources": 2,
            "num_compared": 2,
            "num_differences": 1,
            "flags": ["--robot-type toy_arm"],
            "num_problems": 0,
            "exit_code": 3,
        },
    ]


def test_a_recipe_says_all_that_the_flags_say(robomerge, make, tmp_path):
    yaml = pytest.importorskip("yaml")
    make("a", wrist=CAMERA, reward=feature("float32", [1]))
    make("in/b", cam_wrist=CAMERA, reward=feature("float64", [1]), info={"robot_type": "no"})
    make("in/c: d", wrist=CAMERA)
    run = compare(robomerge, tmp_path, "a", "in/b", tmp_path / "in/c: d", "--recipe-out", "in/k.yaml")
    assert run.exit_code == 3 and run.stderr == "\nWrote the recipe in/k.yaml\n"
    text = (tmp_path / "in/k.yaml").read_text()
    assert yaml.safe_load(text) == {
        "output": "merged",
        "rename": {"cam_wrist": "wrist"},
        "drop": ["reward"],
        "robot_type": "toy_arm",
        "sources": [str(tmp_path / "a"), "b", "c: d"],
    }
    for key in ("rename", "drop", "robot_type"):
        assert text.split(f"\n{key}:")[0].splitlines()[-1].startswith("#"), key


def test_flags_and_recipe_fit_together(robomerge, make, tmp_path):
    """Three datasets: with a feature, with it under another name, and without it."""
    make("a")
    for words in (("rename-feature", "a", "observation.state=state", "-o", "b"), ("remove-feature", "a", "observation.state", "-o", "in/c")):
        assert robomerge(*words, cwd=tmp_path).exit_code == 0
    run = compare(robomerge, tmp_path / "in", "../a", "../b", "c", "--recipe-out", "../k.yaml", "--json")
    assert "sources:\n  - a\n  - b\n  - in/c\n" in (tmp_path / "k.yaml").read_text()
    flags = [word for flag in run.json_lines()[-1]["flags"] for word in shlex.split(flag)]
    for words in (("a", "b", "in/c", "-o", "by_flags", *flags), ("--recipe", "k.yaml")):
        settled = robomerge("merge", *words, cwd=tmp_path)
        assert settled.exit_code == 0, settled.stderr


def test_a_recipe_replaces_no_other_file(robomerge, make, tmp_path):
    make("a"), make("b")
    (tmp_path / "k.yaml").write_text("notes: mine\n")
    run = compare(robomerge, tmp_path, "a", "b", "--recipe-out", "k.yaml")
    assert run.exit_code == 1 and "E-recipe-exists" in run.stderr and run.stdout == ""
    assert (tmp_path / "k.yaml").read_text() == "notes: mine\n"
    (tmp_path / "k.yaml").unlink()
    for _ in range(2):
        assert compare(robomerge, tmp_path, "a", "b", "--recipe-out", "k.yaml").exit_code == 0
    with (tmp_path / "k.yaml").open("a") as file:
        file.write("keep_common: true\n")
    run = compare(robomerge, tmp_path, "a", "b", "--recipe-out", "k.yaml")
    assert run.exit_code == 1 and "a recipe that has been changed" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "k.yaml"]


def test_no_sources_and_no_folder_for_the_recipe(robomerge, make, tmp_path):
    run = robomerge("compare")
    assert run.exit_code == 2 and "E-no-sources" in run.stderr
    make("a")
    run = compare(robomerge, tmp_path, "a", "--recipe-out", "nowhere/k.yaml")
    assert run.exit_code in (1, 4) and "nowhere" in run.stderr


def test_names_cannot_steer_the_terminal(robomerge, make, tmp_path):
    make("a"), make("b", info={"robot_type": "x\x1b[31m\ny"})
    run = compare(robomerge, tmp_path, "a", "b")
    assert "\x1b" not in run.stdout and "\ny" not in run.stdout
