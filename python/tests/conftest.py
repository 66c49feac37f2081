"""Sources without video, and the package under test."""

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest does so only for the test modules
from built_package import PACKAGE_PARENT, REPOSITORY  # noqa: E402

sys.path[:0] = [str(PACKAGE_PARENT), str(REPOSITORY / "tests/e2e")]

# No test may ask the Hub, even if the machine can reach it.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def package_environment() -> dict[str, str]:
    """The environment of a Python process that imports the package."""
    return os.environ | {"PYTHONPATH": str(PACKAGE_PARENT)}


@pytest.fixture
def package_command() -> Callable[..., None]:
    """package_command(word, ...): runs the command of the package, which must succeed."""
    import subprocess

    def run(*words: object) -> None:
        subprocess.run([PACKAGE_PARENT / "robomerge/bin/robomerge", *map(str, words)], check=True, capture_output=True)

    return run


@pytest.fixture
def make_source(tmp_path) -> Callable[..., Path]:
    """make_source(...): a dataset of two episodes, 5 and 7 frames long; options are those of
    make_tiny_dataset."""
    from tiny_dataset import make_tiny_dataset

    numbers = itertools.count()

    def make(**options) -> Path:
        return make_tiny_dataset(tmp_path / f"source-{next(numbers)}", **options)

    return make


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes | None]]:
    """tree(folder): the content of every file below it by relative path, and None for every
    folder."""

    def read(folder: Path) -> dict[str, bytes | None]:
        paths = sorted(folder.rglob("*"))
        return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}

    return read
