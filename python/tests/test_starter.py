"""The starter that a wheel puts on the path, beside made-up packages, and `python -m robomerge`."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import robomerge
from built_package import PACKAGE_PARENT, REPOSITORY

STARTER = Path(os.environ.get("ROBOMERGE_STARTER", PACKAGE_PARENT.parent / "cli/robomerge_starter"))
SOURCES = REPOSITORY / "python/robomerge"

# A shell script, since a shell keeps ignored signals as they are, and Python does not.
COMMAND = """#!/bin/sh
echo {name}
printf '<%s>' "$@"
echo
grep SigIgn /proc/self/status
exit 7
"""


def make_package(site: Path, name: str, version: str | None = robomerge.__version__) -> None:
    """A package whose command prints `name`, with the metadata of `version`."""
    command = site / "robomerge/bin/robomerge"
    command.parent.mkdir(parents=True)
    command.write_text(COMMAND.format(name=name))
    command.chmod(0o755)
    if version:
        (site / f"robomerge-{version}.dist-info").mkdir()


@pytest.fixture
def starter(tmp_path) -> Path:
    """The starter in an environment whose path has a space in it."""
    (tmp_path / "an env/bin").mkdir(parents=True)
    return Path(shutil.copy(STARTER, tmp_path / "an env/bin/robomerge"))


def start(starter: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([starter, *words], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})


@pytest.mark.parametrize(
    "site",
    [
        "lib/python3.10/site-packages",
        "lib/python3.13/site-packages",
        "lib64/python3.12/site-packages",
        "lib/python3.11/dist-packages",
        "lib/python3/dist-packages",
        ".",
    ],
)
def test_becomes_the_command_wherever_packages_are_put(starter, site):
    make_package(starter.parents[1] / site, "ours")
    run = start(starter, "merge", "a b", "-o", "")
    assert run.stdout.splitlines()[:2] == ["ours", "<merge><a b><-o><>"]
    assert (run.returncode, run.stderr) == (7, "")


def test_takes_the_package_of_its_own_version(starter):
    make_package(starter.parents[1] / "lib/python3.13/site-packages", "newer", "99.0.0")
    make_package(starter.parents[1] / "lib/python3.10/site-packages", "ours")
    assert start(starter).stdout.splitlines()[0] == "ours"


def test_takes_any_package_where_metadata_is_missing(starter):
    make_package(starter.parents[1] / "lib/python3.12/site-packages", "ours", None)
    assert start(starter).stdout.splitlines()[0] == "ours"


def test_is_found_through_a_link_as_pipx_and_uv_make_it(starter, tmp_path):
    make_package(starter.parents[1] / "lib/python3.12/site-packages", "ours")
    link = tmp_path / "robomerge"
    link.symlink_to(starter)
    assert start(link).stdout.splitlines()[0] == "ours"


def test_a_copy_elsewhere_says_what_to_do(starter):
    run = start(starter, "--version")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"error: the package robomerge that {starter} belongs to is not there\n")
    assert "link to the installed command instead of copying it" in run.stderr


def test_python_m_hands_on_arguments_and_exit_code_but_no_ignored_signals(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "robomerge", ignore=shutil.ignore_patterns("__pycache__"))
    make_package(tmp_path / "made", "ours")
    shutil.copytree(tmp_path / "made/robomerge/bin", tmp_path / "robomerge/bin")
    run = subprocess.run(
        [sys.executable, "-S", "-m", "robomerge", "merge", "a b"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    assert run.stdout.splitlines()[:2] == ["ours", "<merge><a b>"]
    assert (run.returncode, run.stderr) == (7, "")
    ignored = int(run.stdout.splitlines()[2].split()[1], 16)
    assert not ignored >> (signal.SIGPIPE - 1) & 1
    assert not ignored >> (signal.SIGXFSZ - 1) & 1


def test_python_m_in_the_source_tree_says_that_nothing_is_built(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "robomerge", ignore=shutil.ignore_patterns("__pycache__"))
    words = [sys.executable, "-S", "-m", "robomerge", "--version"]
    run = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert (run.returncode, run.stderr) == (
        1,
        "error: robomerge is not built here; install it with: pip install robomerge\n",
    )
