"""Fixtures: small sources, their merge by one command to compare with, and the launch of the same
merge by datatrove.

If datatrove cannot be imported, the folder is skipped with the reason. With REQUIRE_PEER=1 that is
a failure.
"""

import hashlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
#: The package of the build, with the command in it. Without a build the source folder is used.
BUILT_PACKAGE = Path(os.environ.get("ROBOMERGE_PACKAGE", REPOSITORY / "build/release/python")).resolve()
PACKAGE_PARENT = BUILT_PACKAGE if BUILT_PACKAGE.is_dir() else REPOSITORY / "python"
sys.path[:0] = [str(PACKAGE_PARENT), str(REPOSITORY / "tests/e2e")]
# All processes that the tests start need the package too.
os.environ["PYTHONPATH"] = os.pathsep.join([str(PACKAGE_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])])
# datatrove imports huggingface_hub, which must not use the network.
os.environ["HF_HUB_OFFLINE"] = "1"

ROBOMERGE = Path(os.environ.get("ROBOMERGE", REPOSITORY / "build/release/cli/robomerge")).absolute()
#: More than any of the commands takes, even on a busy machine.
TIMEOUT_SECONDS = 120
TEST_SECONDS = 900

HAS_DATATROVE = find_spec("datatrove") is not None
if not HAS_DATATROVE and os.environ.get("REQUIRE_PEER") == "1":
    raise RuntimeError("REQUIRE_PEER=1, but datatrove is not installed")


class _ModuleWithoutDatatrove(pytest.Module):
    def collect(self):
        pytest.skip("datatrove is not installed; scripts/make-peer-env.sh installs it", allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    return None if HAS_DATATROVE else _ModuleWithoutDatatrove.from_parent(parent, path=module_path)


def tree_hash(root: Path) -> str:
    """One hash of all names and bytes below `root`."""
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        whole.update(f"{path.relative_to(root)}\0".encode())
        if path.is_file():
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def run_limited(words: list[object], timeout: float = TIMEOUT_SECONDS, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout, **options)


def wait_until(holds: Callable[[], bool], timeout: float = TIMEOUT_SECONDS) -> None:
    end = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < end, f"still not so after {timeout} s"
        time.sleep(0.05)


@dataclass(frozen=True)
class Merge:
    """Sources, the options of their merge, and the hash of what one command makes of them."""

    sources: list[Path]
    options: dict[str, object]
    expected_hash: str


@pytest.fixture(autouse=True)
def limited():
    """Interrupts a test that waits too long, since some executors would wait for ever."""

    def end(number: int, frame: object) -> None:
        pytest.fail(f"not done after {TEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def robomerge() -> Path:
    assert ROBOMERGE.is_file(), f"build it first, or name it with ROBOMERGE: {ROBOMERGE}"
    return ROBOMERGE


@pytest.fixture(scope="session")
def merge(robomerge, tmp_path_factory) -> Merge:
    """Nine sources that become a dozen files, so that several tasks have work."""
    from tiny_dataset import make_tiny_dataset

    folder = tmp_path_factory.mktemp("merge")
    sources = []
    for number in range(9):
        lengths = tuple(20 + 3 * number + episode for episode in range(1 + number % 3))
        sources.append(make_tiny_dataset(folder / f"source-{number}", lengths=lengths, task=f"task {number % 4}"))
    expected = folder / "expected"
    done = run_limited([robomerge, "merge", *sources, "-o", expected, "--no-concatenate-data", "-j", "1"])
    assert done.returncode == 0, done.stderr
    return Merge(sources, {"concatenate_data": False}, tree_hash(expected))


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of the destination, in which nothing else may be left."""
    path = tmp_path / "made"
    path.mkdir()
    return path


@pytest.fixture
def faults(tmp_path) -> Path:
    path = tmp_path / "faults"
    path.mkdir()
    return path


@pytest.fixture
def faulty(robomerge, faults) -> str:
    """The command, with faults that a test can cause by files in `faults`."""
    return shlex.join([sys.executable, str(HERE / "command_with_faults.py"), str(faults), str(robomerge)])


@pytest.fixture
def command(robomerge) -> str:
    return shlex.quote(str(robomerge))


@pytest.fixture
def launch(merge, folder, tmp_path, faulty) -> Callable:
    """launch(...): calls run() with the sources of `merge`, and with the same folders each time."""
    from robomerge.datatrove import run

    def start(**changes):
        arguments = {"sources": merge.sources, "destination": folder / "merged", "work_dir": tmp_path / "work"}
        return run(**(arguments | {"workers": 2, "command": faulty} | merge.options | changes))

    return start


@pytest.fixture
def check_merged(merge, folder) -> Callable:
    """check_merged(): the destination has the bytes of `robomerge merge`, and nothing lies beside
    it."""

    def check() -> None:
        assert sorted(path.name for path in folder.iterdir()) == ["merged"]
        assert tree_hash(folder / "merged") == merge.expected_hash

    return check
