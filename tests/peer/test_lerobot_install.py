"""robomerge in place of LeRobot's functions: what is replaced, and that callers see no other
difference than a correct result."""

import json
import logging
import re
import sys
import types
from pathlib import Path

import lerobot.datasets
import lerobot.scripts.lerobot_edit_dataset as edit_script
import pytest
from lerobot.datasets import aggregate as lerobot_aggregate
from lerobot.datasets import dataset_tools
from lerobot.datasets.aggregate import aggregate_datasets

import robomerge_package  # noqa: F401
import robomerge
import robomerge.lerobot
from read_through_lerobot import open_dataset
from robomerge.lerobot import edit_dataset
from silence import silence

LEROBOTS_AGGREGATE = lerobot_aggregate.aggregate_datasets
LEROBOTS_MERGE = dataset_tools.merge_datasets


@pytest.fixture(autouse=True)
def leave_as_found():
    yield
    robomerge.lerobot.uninstall()


def bindings() -> list[object]:
    return [
        lerobot_aggregate.aggregate_datasets,
        dataset_tools.aggregate_datasets,
        lerobot.datasets.aggregate_datasets,
        aggregate_datasets,  # as this module has imported it
        dataset_tools.merge_datasets,
        lerobot.datasets.merge_datasets,
        edit_script.merge_datasets,
    ]


def test_every_binding_is_replaced_and_given_back():
    before = bindings()
    robomerge.lerobot.install()
    installed = bindings()
    assert len(set(map(id, installed[:4]))) == len(set(map(id, installed[4:]))) == 1
    assert {function.__module__ for function in installed} == {"robomerge.lerobot.aggregate"}
    assert before[0] is LEROBOTS_AGGREGATE and before[4] is LEROBOTS_MERGE  # under other names
    robomerge.lerobot.install(num_workers=2)  # twice is once
    robomerge.lerobot.uninstall()
    assert bindings() == before
    with robomerge.lerobot.installed():
        assert bindings() != before
    robomerge.lerobot.uninstall()  # nothing is installed: nothing happens
    assert bindings() == before


def test_modules_that_are_strange_do_no_harm(monkeypatch):
    class Lazy(types.ModuleType):
        def __getattr__(self, name):
            raise AssertionError(f"{name} was asked for")

    monkeypatch.setitem(sys.modules, "strange", Lazy("strange"))
    monkeypatch.setitem(sys.modules, "none", None)
    robomerge.lerobot.install()


def test_the_number_of_workers_reaches_calls_that_name_none(source, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        sys.modules["robomerge.lerobot.aggregate"],
        "aggregate",
        lambda *words, **options: asked.append(options["num_workers"]),
    )
    robomerge.lerobot.install(num_workers=3)
    lerobot_aggregate.aggregate_datasets(["a"], "b")
    lerobot_aggregate.aggregate_datasets(["a"], "b", num_workers=2)
    robomerge.lerobot.install()
    lerobot_aggregate.aggregate_datasets(["a"], "b")
    assert asked == [3, 2, None]


def said_by(function, caplog, *arguments, **options) -> list[tuple[str, str, str]]:
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="lerobot.datasets.aggregate"), silence():
        assert function(*arguments, **options) is None
    return [(record.name, record.levelname, record.getMessage()) for record in caplog.records]


def test_log_lines_are_lerobots(source, tmp_path, caplog):
    roots = [source(seed=1), source(seed=2)]
    names = ["peer/a", "peer/b"]
    theirs = said_by(LEROBOTS_AGGREGATE, caplog, names, "peer/c", roots, tmp_path / "theirs")
    for num_workers in (None, 0, 1, 4):
        destination = tmp_path / f"ours-{num_workers}"
        ours = said_by(
            robomerge.aggregate_datasets, caplog, names, "peer/c", roots, destination, num_workers=num_workers
        )
        assert ours == theirs and len(ours) == 6


def other_robot(root: Path) -> None:
    path = root / "meta/info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"robot_type": None}))


@pytest.mark.parametrize("case", ["fps", "robot_type", "features", "destination", "nothing"])
def test_errors_are_lerobots(source, tmp_path, case):
    first = source(kind="plain")
    other = {
        "fps": lambda: source(kind="plain", fps=20),
        "robot_type": lambda: source(other_robot, kind="plain"),
        "features": lambda: source(kind="plain", extra_features=("extra",)),
    }.get(case, lambda: first)()
    destination = tmp_path / "merged"
    if case == "destination":
        destination.mkdir()
    caught = []
    for function, merge in (
        (LEROBOTS_AGGREGATE, LEROBOTS_MERGE),
        (robomerge.aggregate_datasets, robomerge.merge_datasets),
    ):
        with pytest.raises(Exception) as error, silence():
            if case == "nothing":
                merge([], "peer/c", destination)
            else:
                function(["peer/a", "peer/b"], "peer/c", [first, other], destination)
        caught.append(error.value)
    theirs, ours = caught
    assert isinstance(ours, type(theirs)) and isinstance(ours, robomerge.RobomergeError)
    first_line = str(ours).split("\n\n")[0]
    if case == "features":  # ours shows only those that differ
        assert (
            first_line
            == "Same features is expected, but got features={'extra': "
            + str({"dtype": "float32", "shape": [3], "names": ["x", "y", "z"]})
            + "} instead of {}."
        )
        assert str(theirs).startswith("Same features is expected, but got features={")
    elif case != "destination":
        assert first_line == str(theirs)


def run_main(main, arguments: list[str], monkeypatch, capsys) -> tuple[object, str]:
    """The exit code, and the last line of the output or of the exception."""
    monkeypatch.setattr(sys, "argv", ["edit", *arguments])
    capsys.readouterr()
    try:
        code = main()
        text = capsys.readouterr().err
    except SystemExit as error:
        code, text = error.code, capsys.readouterr().err
        if isinstance(code, str):
            code, text = 1, code
    except Exception as error:
        code, text = 1, f"error: {error}"
    return code or 0, text.strip().splitlines()[-1] if text.strip() else ""


MERGE = ["--operation.type", "merge", "--new_repo_id", "peer/c"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--operation.type", "merge"],
        MERGE,
        [*MERGE, "--operation.repo_ids", "[]"],
        [*MERGE, "--operation.repo_ids", "['a', 'b']", "--operation.roots", "['a']"],
        [*MERGE, "--operation.repo_ids", "[a]", "--operation.concatenate_videos", "maybe"],
        [*MERGE, "--operation.repo_ids", "[a]", "--push_to_hub", "1"],
        [*MERGE, "--operation.repo_ids", "[a]", "--nope", "3"],
        [*MERGE, "--operation.repo_ids"],
        [*MERGE, "--operation.repo_ids", "a", "b"],
    ],
    ids=lambda arguments: " ".join(arguments[4:]) or "no id",
)
def test_wrong_flags_are_refused_as_lerobot_refuses_them(arguments, monkeypatch, capsys):
    theirs = run_main(edit_script.edit_dataset, arguments, monkeypatch, capsys)
    ours = run_main(edit_dataset.main, arguments, monkeypatch, capsys)
    assert ours[0] == theirs[0] and ours[0] != 0
    assert ours[1].removeprefix("robomerge-edit-dataset: ") == theirs[1].removeprefix("edit: ")


def test_lerobots_own_command_merges_with_robomerge(source, tmp_path, monkeypatch, capsys, caplog):
    roots = [source(seed=1), source(seed=2)]
    robomerge.lerobot.install(num_workers=2)
    flags = ["--operation.repo_ids", "['peer/a', 'peer/b']", "--operation.roots", str([str(root) for root in roots])]
    with caplog.at_level(logging.INFO):
        assert (
            run_main(
                edit_script.edit_dataset, [*MERGE, *flags, "--new_root", str(tmp_path / "theirs")], monkeypatch, capsys
            )[0]
            == 0
        )
        theirs = [
            record.getMessage() for record in caplog.records if record.name in ("root", "lerobot.datasets.aggregate")
        ]
        caplog.clear()
        assert (
            run_main(edit_dataset.main, [*MERGE, *flags, "--new_root", str(tmp_path / "ours")], monkeypatch, capsys)[0]
            == 0
        )
        ours = [
            record.getMessage() for record in caplog.records if record.name in ("root", "lerobot.datasets.aggregate")
        ]
    assert [line.replace("theirs", "ours") for line in theirs] == ours and len(ours) == 10
    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "theirs", tmp_path / "ours")
    ]
    assert files[0] == files[1] and open_dataset(tmp_path / "ours").num_episodes == 4


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_examples_of_the_pages_run(page, source, tmp_path, monkeypatch):
    source(name="kitchen_1", seed=1), source(name="kitchen_2", seed=2)
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).resolve().parents[2] / page).read_text()
    examples = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    # A job array needs a cluster, which only tests/distributed/test_slurm.py has.
    examples = [example for example in examples if 'executor="slurm"' not in example]
    assert examples
    for example in examples:
        exec(compile(example, page, "exec"), {})
    assert open_dataset(tmp_path / "kitchen").num_episodes == 4
    assert lerobot_aggregate.aggregate_datasets is not LEROBOTS_AGGREGATE
