"""aggregate_datasets and merge_datasets as LeRobot's callers use them, without LeRobot."""

import inspect
import json
import logging
import os
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest
import robomerge

LOGGER = "lerobot.datasets.aggregate"
LINES = [
    "Start aggregate_datasets",
    "Find all tasks",
    "write tasks",
    "write info",
    "write stats",
    "Aggregation complete.",
]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    """An empty $HF_LEROBOT_HOME, and no LeRobot that could have another one."""
    monkeypatch.setenv("HF_LEROBOT_HOME", str(tmp_path / "home"))
    for name in [name for name in sys.modules if name.split(".")[0] == "lerobot"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lerobot", None)  # cannot be imported
    return tmp_path / "home"


@pytest.fixture
def records(caplog):
    """records(): level and text of what was logged since the last call."""
    caplog.set_level(logging.DEBUG)

    def take() -> list[tuple[str, str]]:
        taken = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == LOGGER]
        assert len(taken) == len(caplog.records), "another logger spoke"
        caplog.clear()
        return taken

    return take


def test_signatures_are_lerobots_and_two_arguments_more():
    assert list(inspect.signature(robomerge.aggregate_datasets).parameters) == [
        *(
            "repo_ids",
            "aggr_repo_id",
            "roots",
            "aggr_root",
            "data_files_size_in_mb",
            "video_files_size_in_mb",
            "chunk_size",
        ),
        *("concatenate_videos", "concatenate_data", "num_workers", "tmp_root"),
    ]
    assert list(inspect.signature(robomerge.merge_datasets).parameters) == [
        *("datasets", "output_repo_id", "output_dir", "concatenate_videos", "concatenate_data", "num_workers"),
    ]


@pytest.mark.parametrize("make_path", [str, Path])
def test_merges_in_the_order_of_roots_and_returns_nothing(make_source, tmp_path, make_path):
    roots = [make_path(make_source(task="b")), make_path(make_source(task="a"))]
    destination = make_path(tmp_path / "deep/merged")
    assert robomerge.aggregate_datasets(["x/b", "x/a"], "x/all", roots, destination) is None
    assert robomerge.inspect(destination).tasks == ("b", "a")


def test_roots_default_to_lerobots_home(make_source, home):
    for name in ("one", "two"):
        (home / "me").mkdir(parents=True, exist_ok=True)
        make_source().rename(home / "me" / name)
    elsewhere = make_source(lengths=(3,))
    robomerge.aggregate_datasets(["me/one", "me/two"], "me/all")
    assert robomerge.inspect(home / "me/all").num_frames == 24
    robomerge.aggregate_datasets(["me/one", "no/matter"], "me/mixed", roots=[None, elsewhere])
    assert robomerge.inspect(home / "me/mixed").num_frames == 15


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"HF_LEROBOT_HOME": "~/robots"}, "{user}/robots"),
        ({"HF_HOME": "/data/hf"}, "/data/hf/lerobot"),
        ({"XDG_CACHE_HOME": "/var/cache"}, "/var/cache/huggingface/lerobot"),
        ({}, "{user}/.cache/huggingface/lerobot"),
    ],
)
def test_lerobots_home_follows_the_same_variables(monkeypatch, variables, expected):
    from robomerge.lerobot.sources import lerobot_home

    for name in ("HF_LEROBOT_HOME", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(lerobot_home()) == expected.format(user=os.path.expanduser("~"))


def test_options_reach_the_merge(make_source, tmp_path):
    roots = [make_source(), make_source()]
    limits = {"data_files_size_in_mb": 0.0001, "video_files_size_in_mb": 3, "chunk_size": 1}
    robomerge.aggregate_datasets(["a", "b"], "c", roots, tmp_path / "small", **limits)
    info = json.loads((tmp_path / "small/meta/info.json").read_text())
    assert {name: info[name] for name in ("data_files_size_in_mb", "video_files_size_in_mb")} == {
        "data_files_size_in_mb": 0.0001,
        "video_files_size_in_mb": 3,
    }
    assert (tmp_path / "small/data/chunk-001/file-000.parquet").is_file()
    robomerge.aggregate_datasets(["a", "b"], "c", roots, tmp_path / "apart", concatenate_data=False)
    assert (tmp_path / "apart/data/chunk-000/file-001.parquet").is_file()
    robomerge.aggregate_datasets(["a", "b"], "c", roots, tmp_path / "usual")
    info = json.loads((tmp_path / "usual/meta/info.json").read_text())
    assert (info["data_files_size_in_mb"], info["video_files_size_in_mb"], info["chunks_size"]) == (100, 200, 1000)


def test_any_number_of_workers_gives_the_same_bytes_and_log_lines(make_source, tmp_path, tree, records):
    sources = [make_source(task=f"task {number % 3}", with_stats=number % 2 == 0) for number in range(7)]
    # 0 and 6 hold the same.
    trees, lines = [], []
    for num_workers in (None, 0, 1, 2, 5):
        destination = tmp_path / f"merged-{num_workers}"
        assert (
            robomerge.aggregate_datasets(
                [f"s{n}" for n in range(7)], "all", sources, destination, num_workers=num_workers
            )
            is None
        )
        trees.append(tree(destination))
        lines.append(records())
    assert all(each == trees[0] for each in trees) and all(each == lines[0] for each in lines)
    assert [text for level, text in lines[0] if level == "INFO"] == LINES
    warnings = [text for level, text in lines[0] if level == "WARNING"]
    assert [text.split(":")[0] for text in warnings] == ["W-stats-missing"] * 3 + ["W-source-twice"]
    assert all(str(sources[number]) in text for number, text in zip((1, 3, 5), warnings))


def test_none_zero_and_one_are_sequential(make_source, tmp_path):
    from robomerge.lerobot.aggregate import aggregate

    for num_workers, expected in ((None, 1), (0, 1), (1, 1), (3, 3)):
        report = aggregate(
            ["a"], "b", roots=[make_source()], aggr_root=tmp_path / str(num_workers), num_workers=num_workers
        )
        assert report.num_workers == expected


def test_a_failed_merge_logs_no_more_than_its_start(make_source, tmp_path, records):
    roots = [make_source(), make_source(fps=25)]
    for num_workers in (None, 4):
        with pytest.raises(ValueError):
            robomerge.aggregate_datasets(["a", "b"], "c", roots, tmp_path / "merged", num_workers=num_workers)
        assert records() == [("INFO", LINES[0])]


# --- tmp_root


def test_foreign_files_in_tmp_root_are_not_touched(make_source, tmp_path, tree):
    scratch = tmp_path / "scratch"
    (scratch / "theirs").mkdir(parents=True)
    (scratch / "theirs/notes.txt").write_text("keep")
    (scratch / ".merged.robomerge-of-another").mkdir()
    before = tree(scratch)
    good, bad = make_source(), make_source(fps=25)
    robomerge.aggregate_datasets(["a", "b"], "c", [good, good], tmp_path / "merged", num_workers=3, tmp_root=scratch)
    assert tree(scratch) == before and (tmp_path / "merged/meta/info.json").is_file()
    with pytest.raises(ValueError):
        robomerge.aggregate_datasets(
            ["a", "b"], "c", [good, bad], tmp_path / "refused", num_workers=3, tmp_root=scratch
        )
    assert tree(scratch) == before


def test_tmp_root_is_where_the_staging_folder_lies(make_source, tmp_path, monkeypatch):
    asked = {}

    def merge(sources, destination, **options):
        asked.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["robomerge.lerobot.aggregate"], "merge", merge)
    with pytest.raises(KeyboardInterrupt):
        robomerge.aggregate_datasets(["a"], "b", [make_source()], tmp_path / "merged", tmp_root=tmp_path / "scratch")
    assert asked["staging_root"] == tmp_path / "scratch"


# --- errors


def edit_info(root: Path, **changes: object) -> Path:
    info = json.loads((root / "meta/info.json").read_text())
    (root / "meta/info.json").write_text(json.dumps(info | changes))
    return root


def test_disagreements_are_value_errors_in_lerobots_words(make_source, tmp_path):
    for other, sentence in [
        (make_source(fps=20), "Same fps is expected, but got fps=20 instead of 10."),
        (
            edit_info(make_source(), robot_type=None),
            "Same robot_type is expected, but got robot_type=None instead of toy_arm.",
        ),
        (
            make_source(num_values=3),
            "Same features is expected, but got features={'observation.state': {'dtype': 'float32', 'shape': [3], 'names': None}} "
            "instead of {'observation.state': {'dtype': 'float32', 'shape': [2], 'names': None}}.",
        ),
    ]:
        with pytest.raises(ValueError) as caught:
            robomerge.aggregate_datasets(["a", "b"], "c", [make_source(), other], tmp_path / "merged")
        first, rest = str(caught.value).split("\n\n", 1)
        assert first == sentence
        assert rest.startswith("error[E-") and str(other) in rest and caught.value.problems
        assert not (tmp_path / "merged").exists()


def test_a_missing_default_feature_is_named(make_source, tmp_path):
    source = make_source()
    features = json.loads((source / "meta/info.json").read_text())["features"]
    del features["frame_index"]
    edit_info(source, features=features)
    with pytest.raises(ValueError, match="frame_index"):
        robomerge.aggregate_datasets(["a"], "b", [source], tmp_path / "merged")


def test_an_existing_destination_is_a_file_exists_error(make_source, tmp_path):
    (tmp_path / "merged").mkdir()
    with pytest.raises(FileExistsError):
        robomerge.aggregate_datasets(["a"], "b", [make_source()], tmp_path / "merged")


def test_repo_ids_and_roots_must_match(make_source, tmp_path):
    with pytest.raises(ValueError, match="repo_ids and roots must have the same length"):
        robomerge.aggregate_datasets(["a", "b"], "c", [make_source()], tmp_path / "merged")
    with pytest.raises(TypeError, match="list of names"):
        robomerge.aggregate_datasets("a", "c", aggr_root=tmp_path / "merged")
    with pytest.raises(ValueError, match="no sources"):
        robomerge.aggregate_datasets([], "c", aggr_root=tmp_path / "merged")


# --- datasets that are not there


def test_without_network_every_missing_dataset_is_named_with_the_reason(make_source, home, tmp_path):
    pytest.importorskip("huggingface_hub")  # conftest.py has set HF_HUB_OFFLINE=1 before
    with pytest.raises(FileNotFoundError) as caught:
        robomerge.aggregate_datasets(
            ["me/one", "me/two", "me/three"], "me/all", [None, make_source(), tmp_path / "three"]
        )
    assert [problem.source for problem in caught.value.problems] == ["me/one", "me/three"]
    text = str(caught.value)
    assert str(home / "me/one") in text and str(tmp_path / "three") in text
    assert (
        "`me/one` could not be fetched from the Hub" in text
        and "connect to the network (and unset HF_HUB_OFFLINE)" in text
    )
    assert not (tmp_path / "three").exists() and not (home / "me/all").exists()


def test_without_huggingface_hub_the_message_says_so(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FileNotFoundError, match="`me/one` cannot be fetched: huggingface_hub is not installed"):
        robomerge.aggregate_datasets(["me/one"], "me/all")


class FakeHub(types.ModuleType):
    """A huggingface_hub with one dataset on the Hub: its tags, and the folder that a download
    gives."""

    def __init__(self, tags: list[str], content: Path):
        super().__init__("huggingface_hub")
        self.tags, self.content, self.calls = tags, content, []
        self.errors = types.ModuleType("huggingface_hub.errors")
        self.errors.OfflineModeIsEnabled = type("OfflineModeIsEnabled", (ConnectionError,), {})

    def HfApi(self):
        return self

    def list_repo_refs(self, repo_id, repo_type):
        tags = [types.SimpleNamespace(name=tag) for tag in self.tags]
        return types.SimpleNamespace(tags=tags)

    def snapshot_download(self, repo_id, **options):
        self.calls.append((repo_id, options))
        if "local_dir" in options:
            self.content.rename(options["local_dir"])
            return str(options["local_dir"])
        return str(self.content)


@pytest.fixture
def hub(monkeypatch, make_source):
    def make(*tags: str) -> FakeHub:
        fake = FakeHub(list(tags), make_source())
        monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
        monkeypatch.setitem(sys.modules, "huggingface_hub.errors", fake.errors)
        return fake

    return make


def test_a_missing_dataset_is_fetched_as_lerobot_would(hub, home, tmp_path, make_source):
    fake = hub("v2.1", "v3.0", "v3.1", "main-backup", "v4.0")
    robomerge.aggregate_datasets(["me/one", "me/two"], "me/all", roots=[None, make_source()])
    assert fake.calls == [("me/one", {"repo_type": "dataset", "revision": "v3.0", "cache_dir": home / "hub"})]
    assert robomerge.inspect(home / "me/all").num_frames == 24
    fake = hub("v3.0")
    (tmp_path / "wanted").mkdir()
    robomerge.aggregate_datasets(["me/one"], "me/again", roots=[tmp_path / "wanted/here"])
    assert fake.calls == [
        ("me/one", {"repo_type": "dataset", "revision": "v3.0", "local_dir": tmp_path / "wanted/here"})
    ]


@pytest.mark.parametrize(("tags", "found"), [(["v2.0", "v2.1"], "v2.0, v2.1"), ([], "no version tag")])
def test_a_dataset_of_another_version_is_not_fetched(hub, tags, found):
    fake = hub(*tags)
    with pytest.raises(robomerge.UnsupportedError, match="not in version v3.0") as caught:
        robomerge.aggregate_datasets(["me/one"], "me/all")
    assert found in str(caught.value) and fake.calls == []


# --- merge_datasets


@dataclass
class OnDisk:
    repo_id: str
    root: Path


def test_merge_datasets_takes_anything_with_a_name_and_a_root(make_source, home, tmp_path):
    datasets = [OnDisk("a/b", make_source()), OnDisk("c/d", make_source(lengths=(3,)))]
    report = robomerge.merge_datasets(datasets, "me/all")
    assert isinstance(report, robomerge.MergeReport) and report.destination == str(home / "me/all")
    assert (report.num_frames, report.num_workers) == (15, 1)
    report = robomerge.merge_datasets(datasets, "me/all", str(tmp_path / "merged"), num_workers=2)
    assert report.destination == str(tmp_path / "merged") and report.num_workers == 2


def test_nothing_to_merge_is_a_value_error_in_lerobots_words():
    with pytest.raises(ValueError, match="^No datasets to merge$"):
        robomerge.merge_datasets([], "me/all")


def test_install_says_that_there_is_no_lerobot():
    import robomerge.lerobot

    with pytest.raises(ImportError):
        robomerge.lerobot.install()
