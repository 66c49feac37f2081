"""The launcher with a made-up pyarrow folder, and a binary that tells how it was started."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "robomerge"

# A shell script, since a shell keeps ignored signals as they are, and Python does not.
BINARY = """#!/bin/sh
printf '<%s>' "$@"
printf '\\nlibraries:%s\\n' "$LD_LIBRARY_PATH"
grep SigIgn /proc/self/status
exit 7
"""


def make_pyarrow(site: Path, version: str, so_version: str | None) -> Path:
    """A folder that import finds as pyarrow, with its version in the metadata beside it."""
    folder = site / "pyarrow"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('the launcher must not import pyarrow')\n")
    for library in ["arrow", "parquet"]:
        if so_version is not None:
            (folder / f"lib{library}.so.{so_version}").write_text("")
    metadata = site / f"pyarrow-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pyarrow\nVersion: {version}\n")
    return folder


@pytest.fixture
def site(tmp_path) -> Path:
    """A site-packages with robomerge as it is installed, built against pyarrow 26.0.1. The path has
    a space in it."""
    site = tmp_path / "site packages"
    shutil.copytree(PACKAGE, site / "robomerge", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "robomerge/built_with.py").write_text('PYARROW_VERSION = "26.0.1"\nARROW_SO_VERSION = "2600"\n')
    binary = site / "robomerge/bin/robomerge"
    binary.parent.mkdir()
    binary.write_text(BINARY)
    binary.chmod(0o755)
    return site


def launch(*arguments: str, path: list[Path]) -> subprocess.CompletedProcess:
    # -S keeps out the pyarrow of the interpreter that runs the tests.
    environment = {"PYTHONPATH": os.pathsep.join(map(str, path)), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-S", "-m", "robomerge", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_becomes_the_binary_with_all_arguments_and_its_exit_code(site):
    make_pyarrow(site, "26.0.1", "2600")
    run = launch("merge", "a b", "-o", "", path=[site])
    assert run.stdout.splitlines()[:2] == ["<merge><a b><-o><>", "libraries:"]
    assert (run.returncode, run.stderr) == (7, "")


def test_takes_another_patch_release(site):
    make_pyarrow(site, "26.0.7", "2600")
    assert launch(path=[site]).returncode == 7


def test_does_not_hand_pythons_ignored_signals_on(site):
    make_pyarrow(site, "26.0.1", "2600")
    ignored = int(launch(path=[site]).stdout.splitlines()[2].split()[1], 16)
    assert not ignored >> (signal.SIGPIPE - 1) & 1
    assert not ignored >> (signal.SIGXFSZ - 1) & 1


def test_names_the_folder_of_a_pyarrow_in_another_site_packages(site, tmp_path):
    folder = make_pyarrow(tmp_path / "system", "26.0.1", "2600")
    assert launch(path=[site, tmp_path / "system"]).stdout.splitlines()[1] == f"libraries:{folder}"


def test_says_that_there_is_no_pyarrow(site):
    run = launch("--version", path=[site])
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "error: robomerge was built against pyarrow 26.0.1, but no pyarrow is installed; "
        f"mend it with: {sys.executable} -m pip install 'pyarrow~=26.0.0'\n"
    )


@pytest.mark.parametrize(("version", "so_version"), [("25.0.0", "2500"), ("26.1.0", "2601"), ("27.0.0", None)])
def test_says_which_pyarrow_is_the_wrong_one(site, version, so_version):
    folder = make_pyarrow(site, version, so_version)
    run = launch("--version", path=[site])
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        f"error: robomerge was built against pyarrow 26.0.1, but pyarrow {version} is installed in {folder}; "
        f"mend it with: {sys.executable} -m pip install 'pyarrow~=26.0.0'\n"
    )


def test_says_that_a_pyarrow_of_the_right_version_has_no_libraries(site):
    folder = make_pyarrow(site, "26.0.1", None)
    run = launch(path=[site])
    assert (run.returncode, run.stdout) == (1, "")
    assert f"the pyarrow 26.0.1 in {folder} comes without libarrow.so.2600 and libparquet.so.2600" in run.stderr
    assert "pip install --force-reinstall --no-deps 'pyarrow~=26.0.0'" in run.stderr


@pytest.mark.parametrize(
    ("installed", "requirement"),
    [("26.0.1", "pyarrow~=26.0.0"), ("21.0.0", "pyarrow~=21.0.0"), ("18.1.0", "pyarrow~=18.1.0")],
)
def test_the_wheel_requires_the_major_and_minor_it_was_built_against(monkeypatch, installed, requirement):
    monkeypatch.syspath_prepend(PACKAGE.parent)
    pin_pyarrow = importlib.import_module("pin_pyarrow")
    monkeypatch.setattr(pin_pyarrow, "version", lambda name: {"pyarrow": installed}[name])
    assert pin_pyarrow.dynamic_metadata({}, {}) == {"dependencies": [requirement]}
