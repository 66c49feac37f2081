"""Fixtures: sources recorded by LeRobot once per session, copies of them to be edited, and merges
that are checked.

If LeRobot cannot be imported, the folder is skipped with the reason. With REQUIRE_PEER=1 that is a
failure. scripts/make-peer-env.sh makes an environment that has LeRobot.
"""

import importlib
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

# Set before LeRobot is imported, which must not ask the Hub, nor leave a cache in the home folder.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="robomerge-peer-hf-")
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TQDM_DISABLE"] = "1"
os.environ["SVT_LOG"] = "1"
sys.path.insert(0, str(Path(__file__).parent))

REQUIRED = os.environ.get("REQUIRE_PEER") == "1"


def _why_lerobot_is_missing() -> str | None:
    try:
        importlib.import_module("lerobot.datasets.lerobot_dataset")
    except Exception as error:  # a half-installed LeRobot fails in many ways
        return f"{type(error).__name__}: {error}"
    return None


REASON = _why_lerobot_is_missing()
if REASON is not None and REQUIRED:
    raise RuntimeError(f"REQUIRE_PEER=1, but LeRobot cannot be imported: {REASON}")


class _ModuleWithoutLeRobot(pytest.Module):
    def collect(self):
        pytest.skip(
            f"LeRobot cannot be imported ({REASON}); see scripts/make-peer-env.sh", allow_module_level=True
        )


def pytest_pycollect_makemodule(module_path, parent):
    return _ModuleWithoutLeRobot.from_parent(parent, path=module_path) if REASON is not None else None


def pytest_report_header(config) -> str:
    from mergers import robomerge_path

    return f"tests/peer: robomerge is {robomerge_path()}"


def pytest_unconfigure(config) -> None:
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def robomerge() -> Path:
    """The binary. Without it the tests that need it are skipped, or fail with REQUIRE_PEER=1."""
    from mergers import robomerge_path

    path = robomerge_path()
    if not path.exists():
        (pytest.fail if REQUIRED else pytest.skip)(f"no robomerge at {path}: build it, or set ROBOMERGE")
    return path


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Callable[..., Path]:
    """recorded(Recording(...)): the root of such a dataset. All tests share it, so it must not be
    changed."""
    from make_datasets import Recording, record

    folder = tmp_path_factory.mktemp("recorded")
    made: dict[Recording, Path] = {}
    numbers = itertools.count()

    def make(recording: Recording) -> Path:
        if recording not in made:
            made[recording] = record(recording, folder / f"{recording.kind}-{next(numbers)}")
        return made[recording]

    return make


@pytest.fixture
def source(recorded, tmp_path) -> Callable[..., Path]:
    """source(*edits, kind=..., seed=..., ...): a new copy of a recording, to which the edits are
    applied in turn."""
    from make_datasets import Recording

    numbers = itertools.count()

    def make(*edits: Callable[[Path], None], name: str | None = None, **options) -> Path:
        root = tmp_path / (name or f"source-{next(numbers)}")
        shutil.copytree(recorded(Recording(**options)), root)
        for edit in edits:
            edit(root)
        return root

    return make


@pytest.fixture
def merge(robomerge, tmp_path) -> Callable:
    """merge(sources, ...): merges with robomerge, and fails unless the result is correct in every
    respect.

    `warnings` are exactly the kinds that must be reported; None accepts any. With `frames` every
    frame is also read through LeRobot. Options of check_merge are given to both. Returns the
    destination.
    """
    from check_merge import check_merge
    from dataset_view import tree_hashes
    from mergers import merge_with_robomerge, verify_findings
    from read_through_lerobot import compare_through_lerobot

    numbers = itertools.count()

    def run(
        sources: list[Path],
        *,
        warnings: list[str] | None = (),
        frames: bool = True,
        num_workers: int = 2,
        name: str | None = None,
        **options,
    ) -> Path:
        destination = tmp_path / (name or f"merged-{next(numbers)}")
        before = {root: tree_hashes(root) for root in sources}
        beside = {path.name for path in destination.parent.iterdir()}
        result = merge_with_robomerge(sources, destination, num_workers=num_workers, **options)
        assert result.exit_code == 0, result.stderr
        assert "error[" not in result.stderr
        if warnings is not None:
            assert sorted(set(result.warnings)) == sorted(set(warnings)), result.stderr
        assert {path.name for path in destination.parent.iterdir()} == beside | {destination.name}
        assert {root: tree_hashes(root) for root in sources} == before, "a source was changed"
        assert check_merge(destination, sources, **options) == []
        assert verify_findings(destination, sources) == []
        if frames:
            assert compare_through_lerobot(destination, sources) == []
        return destination

    return run


@pytest.fixture
def refuse(robomerge, tmp_path) -> Callable:
    """refuse(sources, kind, *words): robomerge must refuse with an error of this kind that contains
    each of the words.

    Nothing may be left behind or changed. A kind of None accepts any. Returns the run.
    """
    from dataset_view import tree_hashes
    from mergers import Run, merge_with_robomerge

    def run(
        sources: list[Path],
        kind: str | None,
        *words: str,
        exit_code: int = 1,
        destination: Path | None = None,
        **options,
    ) -> Run:
        destination = destination or tmp_path / "refused" / "merged"
        destination.parent.mkdir(exist_ok=True)
        before = tree_hashes(tmp_path)
        result = merge_with_robomerge(sources, destination, **options)
        assert result.exit_code == exit_code, f"exit code {result.exit_code}\n{result.stdout}{result.stderr}"
        assert result.errors if kind is None else kind in result.errors, result.stderr
        for word in words:
            assert word in result.stderr, f"`{word}` is not in:\n{result.stderr}"
        assert "Traceback" not in result.stderr and "terminate called" not in result.stderr
        assert tree_hashes(tmp_path) == before, "something was left behind, or a source was changed"
        return result

    return run
