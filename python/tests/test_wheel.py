"""The wheel, built from the clone against the oldest supported pyarrow, and installed into new
environments.

Takes minutes and needs the package index, so it runs only with ROBOMERGE_TEST_WHEEL=1, which
scripts/test.sh sets.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.environ.get("ROBOMERGE_TEST_WHEEL") != "1", reason="ROBOMERGE_TEST_WHEEL is not 1")

REPOSITORY = Path(__file__).resolve().parents[2]
OLDEST = "24.0"
ANOTHER = "26.0.1"


class Environment:
    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / "bin"

    def pip(self, *arguments: object, **variables: str) -> None:
        command = [self.bin / "python", "-m", "pip", "--disable-pip-version-check", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)
        assert run.returncode == 0, run.stdout + run.stderr

    def run(self, command: str, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run([self.bin / command, *arguments], capture_output=True, text=True)

    def robomerge(self, *arguments: object) -> subprocess.CompletedProcess:
        return self.run("robomerge", *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    constraints = folder / "constraints.txt"
    constraints.write_text(f"pyarrow=={OLDEST}.*\n")
    # For what a build needs, pip 25.3 and later read the second variable, older ones the first.
    variables = {"PIP_CONSTRAINT": str(constraints), "PIP_BUILD_CONSTRAINT": str(constraints)}
    Environment(folder / "builder").pip("wheel", "--no-deps", "-w", folder, REPOSITORY, **variables)
    (made,) = folder.glob("robomerge-*.whl")
    return made


def test_fits_every_python_from_the_stable_abi_on(wheel):
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert wheel.name.split("-")[2:4] == (["cp312", "abi3"] if sys.version_info >= (3, 12) else [own, own])


def test_brings_the_pyarrow_it_was_built_against_and_merges(wheel, tmp_path):
    environment = Environment(tmp_path / "an environment")
    environment.pip("install", wheel)
    version = environment.robomerge("--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert f" {OLDEST}." in version.stdout

    script = REPOSITORY / "scripts/make_demo_datasets.py"
    subprocess.run([sys.executable, script, tmp_path / "demo"], check=True, capture_output=True)
    sources = [tmp_path / f"demo/source-{number}" for number in range(3)]
    merged = environment.robomerge("merge", *sources, "-o", tmp_path / "merged")
    assert merged.returncode == 0, merged.stderr
    inspected = environment.robomerge("inspect", tmp_path / "merged")
    assert inspected.returncode == 0, inspected.stdout + inspected.stderr
    assert "520" in inspected.stdout

    code = f"import robomerge; print(robomerge.merge({list(map(str, sources))}, '{tmp_path / 'by python'}').num_frames)"
    by_python = environment.run("python", "-c", code)
    assert (by_python.stdout, by_python.stderr) == ("520\n", "")
    flags = ["--operation.type", "merge", "--new_repo_id", "me/all", "--operation.repo_ids", "[a, b, c]"]
    places = ["--operation.roots", str(list(map(str, sources))), "--new_root", tmp_path / "by edit"]
    edited = environment.run("robomerge-edit-dataset", *flags, *places)
    assert edited.returncode == 0 and "Episodes: 9, Frames: 520" in edited.stderr, edited.stderr


def test_names_a_pyarrow_that_does_not_fit(wheel, tmp_path):
    environment = Environment(tmp_path / "an environment")
    environment.pip("install", "--no-deps", wheel)
    run = environment.robomerge("--version")
    assert (run.returncode, run.stdout) == (1, "")
    assert "but no pyarrow is installed" in run.stderr

    environment.pip("install", "--no-deps", f"pyarrow=={ANOTHER}")
    for words in (
        ["robomerge", "--version"],
        ["robomerge-edit-dataset", "--operation.type", "merge"],
        ["python", "-c", "import robomerge"],
    ):
        run = environment.run(*words)
        assert (run.returncode, run.stdout) == (1, "")
        assert f"built against pyarrow {OLDEST}." in run.stderr
        assert f"but pyarrow {ANOTHER} is installed" in run.stderr
        assert f"-m pip install 'pyarrow~={OLDEST}.0'" in run.stderr
        assert ("Traceback" in run.stderr) == (words[0] == "python")
