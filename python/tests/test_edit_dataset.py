"""robomerge-edit-dataset: LeRobot's flags and errors, without LeRobot."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import robomerge
from robomerge.lerobot import edit_dataset
from robomerge.lerobot.flow_values import parse_bool, parse_list

MAIN = "from robomerge.lerobot.edit_dataset import main; main()"


@pytest.fixture
def edit(package_environment, tmp_path):
    """edit(flag, ...): runs the command in a process that cannot import LeRobot, with an empty
    $HF_LEROBOT_HOME."""

    def run(*flags: object) -> subprocess.CompletedProcess:
        (tmp_path / "modules/lerobot").mkdir(parents=True, exist_ok=True)
        (tmp_path / "modules/lerobot/__init__.py").write_text("raise ImportError('no LeRobot here')")
        path = f"{tmp_path / 'modules'}:{package_environment['PYTHONPATH']}"
        environment = package_environment | {"PYTHONPATH": path, "HF_LEROBOT_HOME": str(tmp_path / "home")}
        words = [sys.executable, "-c", MAIN, *map(str, flags)]
        return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60)

    return run


MERGE = ("--operation.type", "merge", "--new_repo_id", "me/all")


def test_merges_with_lerobots_flags(edit, make_source, tmp_path):
    roots = [str(make_source()), str(make_source(lengths=(3,)))]
    flags = [
        "--operation.repo_ids",
        "['me/a', 'me/b']",
        "--operation.roots",
        str(roots),
        "--new_root",
        tmp_path / "merged",
    ]
    run = edit(*MERGE, *flags)
    assert (run.returncode, run.stdout) == (0, "")
    lines = [line.split(maxsplit=4) for line in run.stderr.splitlines()]
    assert {line[0] for line in lines} == {"INFO"}
    texts = [line[4] for line in lines]
    assert texts[:3] == ["Loading 2 datasets to merge", "Merging datasets into me/all", "Start aggregate_datasets"]
    assert texts[-2:] == [f"Merged dataset saved to {tmp_path / 'merged'}", "Episodes: 3, Frames: 15"]
    assert robomerge.inspect(tmp_path / "merged").num_frames == 15


def test_takes_equals_signs_switches_and_lerobots_home(edit, make_source, tmp_path):
    (tmp_path / "home/me").mkdir(parents=True)
    for name in ("a", "b"):
        make_source().rename(tmp_path / "home/me" / name)
    flags = [
        "--operation.repo_ids=[me/a, me/b]",
        "--operation.concatenate_data=false",
        "--operation.concatenate_videos=no",
    ]
    run = edit(
        "--operation.type=merge",
        "--new_repo_id=me/all",
        *flags,
        "--operation.num_workers=3",
        f"--operation.tmp_root={tmp_path / 'scratch'}",
    )
    assert run.returncode == 0, run.stderr
    assert len(list((tmp_path / "home/me/all/data").rglob("*.parquet"))) == 2
    assert list((tmp_path / "scratch").iterdir()) == []


def test_flags_win_over_a_file_of_settings(edit, make_source, tmp_path):
    settings = {
        "new_repo_id": "me/no",
        "operation": {"type": "merge", "repo_ids": ["a"], "roots": [str(make_source())], "num_workers": 2},
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    run = edit("--config_path", tmp_path / "settings.json", "--new_repo_id", "me/yes")
    assert run.returncode == 0 and (tmp_path / "home/me/yes/meta/info.json").is_file(), run.stderr


def test_ignored_flags_are_reported(edit, make_source, tmp_path):
    run = edit(*MERGE, "--operation.repo_ids", "[a]", "--operation.roots", f"[{make_source()}]", "--repo_id", "me/x")
    assert run.returncode == 0
    assert (
        "merge uses --new_repo_id and --new_root for the merged dataset. The --repo_id and --root parameters are ignored."
        in run.stderr
    )


@pytest.mark.parametrize(
    ("flags", "exit_code", "said"),
    [
        ([], 1, "error: Missing required field(s) `operation` for EditDatasetConfig"),
        (
            ["--operation.type", "merge"],
            1,
            "error: --new_repo_id is required for merge operation (the merged dataset identifier)",
        ),
        ([*MERGE], 1, "error: repo_ids must be specified for merge operation"),
        ([*MERGE, "--operation.repo_ids", "[]"], 1, "error: repo_ids must be specified for merge operation"),
        (
            [*MERGE, "--operation.repo_ids", "[a, b]", "--operation.roots", "[a]"],
            1,
            "error: repo_ids and roots must have the same length for merge operation",
        ),
        (
            [*MERGE, "--operation.repo_ids", "a"],
            1,
            "error: `operation.repo_ids`: The given value='a' is not of a valid input for a list type",
        ),
        (
            [*MERGE, "--operation.concatenate_data", "maybe"],
            1,
            "error: `operation.concatenate_data`: Couldn't parse 'maybe' into a bool",
        ),
        ([*MERGE, "--push_to_hub", "1"], 1, "error: `push_to_hub`: Couldn't parse '1' into a bool"),
        ([*MERGE, "--operation.num_workers", "x"], 1, "error: `operation.num_workers`: Couldn't parse 'x' into an int"),
        ([*MERGE, "--operation.nope", "3"], 2, "error: unrecognized arguments: --operation.nope 3"),
        ([*MERGE, "--operation.repo_ids", "a", "b"], 2, "error: unrecognized arguments: b"),
        ([*MERGE, "--operation.repo_ids"], 2, "error: argument --operation.repo_ids: expected one argument"),
        (["--operation.type", "merg"], 2, "error: argument --operation.type: invalid choice: 'merg' (choose from "),
        (
            ["--operation.type", "reencode_videos"],
            1,
            "error: `reencode_videos` needs an encoder: install LeRobot, whose command does it (pip install lerobot)",
        ),
        (["--config_path", "/no/such.json"], 1, "error: cannot read /no/such.json as JSON: "),
    ],
)
def test_wrong_flags_get_lerobots_errors(edit, flags, exit_code, said):
    run = edit(*flags)
    assert (run.returncode, run.stdout) == (exit_code, "")
    assert said in run.stderr.splitlines()[-1] and "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"operation": {"splits": {}}}, "`operation`: The fields `splits` are not valid for MergeConfig"),
        ({"operation": {"type": "delete_episodes", "nope": 1}}, "The fields `nope` are not valid"),
        ({"operation": {"repo_ids": "a"}}, "`operation.repo_ids`: Couldn't parse 'a' into a list of strings"),
        ({"operation": {"concatenate_data": "no"}}, "`operation.concatenate_data`: Couldn't parse 'no' into a bool"),
        ([], "the content"),
    ],
)
def test_wrong_settings_are_named(tmp_path, settings, said):
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(edit_dataset.UsageError) as caught:
        edit_dataset.parse(["--config_path", str(tmp_path / "settings.json"), "--operation.type", "merge"])
    assert said in str(caught.value)


def test_what_is_wrong_with_datasets_is_told_without_a_traceback(edit, make_source, tmp_path):
    run = edit(
        *MERGE, "--operation.repo_ids", "[a, b]", "--operation.roots", f"[{make_source()}, {make_source(fps=25)}]"
    )
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "Same fps is expected, but got fps=25 instead of 10." in run.stderr and "error[E-fps]" in run.stderr
    run = edit(*MERGE, "--operation.repo_ids", "[me/missing]")
    assert run.returncode == 1 and "Traceback" not in run.stderr and "error[E-no-dataset]" in run.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("['a/x', 'b/y']", ["a/x", "b/y"]),
        ('["a/x","b y"]', ["a/x", "b y"]),
        ("[a/x, b/y ]", ["a/x", "b/y"]),
        (" [ ] ", []),
        ("['it''s', \"a \\\"b\\\"\", c,]", ["it's", 'a "b"', "c"]),
        (str([Path("/a, b/[c]").as_posix()]), ["/a, b/[c]"]),
    ],
)
def test_lists_are_read_as_yaml_reads_them(text, words):
    assert parse_list(text) == words


@pytest.mark.parametrize("text", ["a", "", "[a", "[a]]", "['a]", "{a: 1}", "[a, [b]]", "[,]", "['a' 'b']"])
def test_what_is_no_list_of_words_is_refused(text):
    with pytest.raises(ValueError, match="is not of a valid input for a list type"):
        parse_list(text)


def test_booleans_have_several_spellings():
    assert all(map(parse_bool, ("true", "True", "yes", "on"))) and not any(
        map(parse_bool, ("false", "FALSE", "no", "off"))
    )


# --- push_to_hub

FAKE_HUB = """
import types
calls = []
class HfApi:
    def __getattr__(self, name):
        def call(*words, **options):
            print(name, *words, *(f"{key}={value}" for key, value in sorted(options.items())))
            if name == "delete_tag":
                raise errors.RevisionNotFoundError
        return call
class DatasetCardData:
    def __init__(self, **fields): self.fields = fields
    def to_yaml(self): return "tags: " + str(self.fields["tags"])
class DatasetCard:
    def __init__(self, text): self.text = text
    def push_to_hub(self, **options): print("card", self.text.splitlines()[1], "total_frames" in self.text, options)
errors = types.ModuleType("huggingface_hub.errors")
errors.RevisionNotFoundError = type("RevisionNotFoundError", (Exception,), {})
"""


def test_pushes_what_lerobot_pushes(edit, make_source, tmp_path):
    flags = [*MERGE, "--operation.repo_ids", "[a]", "--operation.roots", f"[{make_source()}]", "--push_to_hub", "true"]
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/huggingface_hub.py").write_text(FAKE_HUB)
    run = edit(*flags)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "create_repo exist_ok=True repo_id=me/all repo_type=dataset",
        f"upload_folder folder_path={tmp_path / 'home/me/all'} ignore_patterns=['images/'] repo_id=me/all repo_type=dataset",
        "card tags: ['LeRobot'] True {'repo_id': 'me/all', 'repo_type': 'dataset'}",
        "delete_tag me/all repo_type=dataset tag=v3.0",
        "create_tag me/all repo_type=dataset tag=v3.0",
    ]
    assert "Pushing to hub as me/all" in run.stderr


def test_without_huggingface_hub_the_merge_stays(edit, make_source, tmp_path):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/huggingface_hub.py").write_text("raise ImportError")
    run = edit(
        *MERGE, "--operation.repo_ids", "[a]", "--operation.roots", f"[{make_source()}]", "--push_to_hub", "true"
    )
    assert (
        run.returncode == 1 and "`me/all` is merged, but not uploaded: huggingface_hub is not installed" in run.stderr
    )
    assert (tmp_path / "home/me/all/meta/info.json").is_file()


def test_what_lerobot_does_not_read_is_refused_before_anything_is_made(edit, make_source, tmp_path, tree):
    root = tmp_path / "old"
    robomerge.merge([make_source(lengths=(3, 4))], root, codebase_version="2.1")
    before = tree(root)
    operations = (
        ["delete_episodes", "--operation.episode_indices", "[0]"],
        ["modify_tasks", "--operation.new_task", "z"],
        ["split", "--operation.splits", "{a: 0.5, b: 0.5}"],
        ["recompute_stats"],
    )
    for operation in operations:
        run = edit("--operation.type", *operation, "--repo_id", "me/old", "--root", root, "--new_root", tmp_path / "new")
        assert run.returncode == 1 and "robomerge convert" in run.stderr and "Traceback" not in run.stderr, run.stderr
        assert not (tmp_path / "new").exists() and tree(root) == before


def test_a_place_that_is_taken_is_told_without_a_traceback(edit, make_source, tmp_path):
    root = make_source(lengths=(3, 4))
    (tmp_path / "new").mkdir()
    run = edit("--operation.type", "delete_episodes", "--operation.episode_indices", "[0]", "--repo_id", "me/a", "--root", root, "--new_root", tmp_path / "new")
    assert run.returncode == 1 and str(tmp_path / "new") in run.stderr and "Traceback" not in run.stderr


def test_recompute_stats_asks_before_it_overwrites(edit, make_source, tmp_path, tree):
    root = make_source(lengths=(5, 7))
    stats = root / "meta/stats.json"
    stated = json.loads(stats.read_text())
    stated["observation.state"]["mean"] = [7.0, 7.0]
    stats.write_text(json.dumps(stated))
    before = tree(root)
    words = ["--operation.type", "recompute_stats", "--repo_id", "me/a", "--root", root]
    run = edit(*words, "--new_root", root)
    assert run.returncode == 1 and f"error: recompute_stats would overwrite the dataset in-place at {root}. Pass" in run.stderr
    assert tree(root) == before
    # Into a new dataset, whose name follows from the old one's.
    run = edit(*words)
    assert run.returncode == 0, run.stderr
    assert tree(root) == before
    made = tmp_path / "home/me/a_recomputed_stats"
    assert json.loads((made / "meta/stats.json").read_text())["observation.state"]["mean"][0] < 1
    # What is there is this result, and stays; one of another state of the source is kept beside it.
    assert edit(*words).returncode == 0 and not made.with_name(made.name + "_old").exists()
    (root / "README.md").write_text("more of it")
    before = tree(root)
    assert edit(*words).returncode == 0 and (made.with_name(made.name + "_old") / "meta/info.json").is_file()
    assert (made / "README.md").read_text() == "more of it"
    run = edit(*words, "--new_root", root, "--operation.overwrite", "true", "--operation.relative_action", "true", "--operation.chunk_size", "3")
    assert run.returncode == 0, run.stderr
    assert {name for name, content in tree(root).items() if before.get(name) != content} == {"meta/stats.json"}
    for wrong in (["--operation.chunk_size", "x"], ["--operation.nope", "1"]):
        assert edit(*words, *wrong).returncode in (1, 2)
