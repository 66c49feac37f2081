"""The wheels that scripts/wheel.sh has made, in new environments without a compiler and without the
package index.

ROBOMERGE_WHEELS names their folder; without it the tests are skipped. PYTHONS lists the interpreters
to try them with.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

if "ROBOMERGE_WHEELS" not in os.environ:
    pytest.skip("ROBOMERGE_WHEELS names no folder with wheels", allow_module_level=True)

REPOSITORY = Path(__file__).resolve().parents[2]
WHEELS = Path(os.environ["ROBOMERGE_WHEELS"])
PYTHONS = os.environ.get("PYTHONS", sys.executable).split()
#: What the wheel must get along with in one process. The first pyarrow is the oldest.
OTHERS = ("pyarrow==15.0.2", "pyarrow==21.0.0")

BESIDE = """
import importlib, sys
destination, order, *others = sys.argv[1:]

def ours():
    import robomerge
    assert robomerge.verify(destination, progress=False)

def theirs():
    for name in others:
        importlib.import_module(name)
    import pyarrow as pa, pyarrow.parquet as pq
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), sink)
    # One thread, since pyarrow's threads can abort at the end of the interpreter (apache/arrow issue 34314).
    assert pq.read_table(pa.BufferReader(sink.getvalue()), use_threads=False).num_rows == 1
    table = pq.read_table(destination + "/data/chunk-000/file-000.parquet", use_threads=False)
    assert table.num_rows == 520

for each in (ours, theirs, ours) if order == "first" else (theirs, ours, theirs):
    each()
maps = open("/proc/self/maps").read()
assert "librobomerge_arrow.so" in maps and "/libarrow.so" in maps
"""


def run(*words: object, **variables: str) -> subprocess.CompletedProcess:
    """Runs a command with nothing on the path: no compiler, and no Python that a script could
    start."""
    environment = {"PATH": "/nonexistent", "HF_HUB_OFFLINE": "1", "LC_ALL": "C.UTF-8"} | variables
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, env=environment)


def succeed(*words: object, **variables: str) -> str:
    made = run(*words, **variables)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


def wheel_for(python: str) -> Path:
    minor = int(succeed(python, "-c", "import sys; print(sys.version_info.minor)"))
    name = f"cp3{minor}-cp3{minor}" if minor < 12 else "cp312-abi3"
    found = list(WHEELS.glob(f"robomerge-*-{name}-manylinux_2_28_x86_64.whl"))
    assert len(found) == 1, f"no wheel {name} in {sorted(path.name for path in WHEELS.iterdir())}"
    return found[0]


@pytest.fixture(scope="module", params=PYTHONS)
def environment(request, tmp_path_factory) -> Path:
    """A new environment with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("wheel") / "an environment"
    subprocess.run([request.param, "-m", "venv", folder], check=True)
    pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", wheel_for(request.param)], check=True, env={"PATH": ""})
    return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [sys.executable, REPOSITORY / "scripts/make_demo_datasets.py", folder], check=True, capture_output=True
    )
    return [folder / f"source-{number}" for number in range(3)]


def test_needs_nothing_else(environment):
    listed = succeed(environment / "bin/python", "-m", "pip", "--disable-pip-version-check", "list", "--format=freeze")
    names = {line.partition("=")[0] for line in listed.splitlines()}
    assert names - {"pip", "setuptools"} == {"robomerge"}
    assert succeed(environment / "bin/robomerge", "--version").startswith("robomerge ")


def test_merges_proves_and_shows_as_command_and_as_package(environment, sources, tmp_path, tree):
    command = environment / "bin/robomerge"
    succeed(command, "merge", *sources, "-o", tmp_path / "merged")
    succeed(command, "verify", tmp_path / "merged", "--against", *sources)
    assert "520" in succeed(command, "inspect", tmp_path / "merged")

    code = f"import robomerge; print(robomerge.merge({list(map(str, sources))}, '{tmp_path / 'by python'}').num_frames)"
    assert succeed(environment / "bin/python", "-c", code) == "520\n"
    flags = ["--operation.type", "merge", "--new_repo_id", "me/all", "--operation.repo_ids", "[a, b, c]"]
    places = ["--operation.roots", str(list(map(str, sources))), "--new_root", tmp_path / "by edit"]
    edited = run(environment / "bin/robomerge-edit-dataset", *flags, *places)
    assert edited.returncode == 0 and "Episodes: 9, Frames: 520" in edited.stderr, edited.stderr

    # The bytes are those of the build tree, with an Arrow of the same release in other files.
    built = os.environ.get("ROBOMERGE", REPOSITORY / "build/release/cli/robomerge")
    succeed(built, "merge", *sources, "-o", tmp_path / "by build")
    wanted = tree(tmp_path / "by build")
    assert tree(tmp_path / "merged") == wanted == tree(tmp_path / "by python")


def test_the_command_on_the_path_is_no_script(environment):
    assert (environment / "bin/robomerge").read_bytes()[:4] == b"\x7fELF"


@pytest.fixture(scope="module")
def old_pyarrow(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pyarrow")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--target", folder]
    subprocess.run([*pip, "--only-binary=:all:", request.param, "numpy<2"], check=True)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel for the interpreter that runs the tests, in a folder."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    subprocess.run([*pip, "--target", folder, wheel_for(sys.executable)], check=True)
    return folder


@pytest.fixture(scope="module")
def merged(installed, sources, tmp_path_factory) -> Path:
    destination = tmp_path_factory.mktemp("merged") / "dataset"
    succeed(installed / "bin/robomerge", "merge", *sources, "-o", destination)
    return destination


@pytest.mark.parametrize("order", ["first", "last"])
@pytest.mark.parametrize("old_pyarrow", OTHERS, indirect=True)
def test_gets_along_with_other_pyarrows(installed, old_pyarrow, merged, order):
    path = os.pathsep.join(map(str, (old_pyarrow, installed)))
    succeed(sys.executable, "-c", BESIDE, merged, order, PYTHONPATH=path)


@pytest.mark.parametrize("order", ["first", "last"])
def test_gets_along_with_what_lerobot_loads(installed, merged, order):
    others = ["torch", "cv2", "av"]
    for name in others:
        pytest.importorskip(name)
    succeed(sys.executable, "-c", BESIDE, merged, order, *others, PYTHONPATH=str(installed))


def test_the_command_merges_from_the_hub_and_pushes_to_it(sources, tmp_path):
    """The starter starts no Python but the one of its environment, for this alone."""
    sys.path.insert(0, str(REPOSITORY / "tests/hub"))
    from fake_hub import TOKEN, FakeHub

    python = tmp_path / "environment/bin/python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    wheel = wheel_for(sys.executable)
    subprocess.run([*pip, "--no-index", wheel], check=True)
    command = python.with_name("robomerge")
    with FakeHub() as hub:
        hub.add("lab/source", sources[0], tags=("v3.0",))
        variables = hub.environment(tmp_path, HF_TOKEN=TOKEN)
        refused = run(command, "merge", "hf://datasets/lab/source", "-o", tmp_path / "merged", **variables)
        assert "E-hub-python" in refused.stderr and f"{python.parent}" in refused.stderr
        subprocess.run([*pip, f"{wheel}[hub]"], check=True)
        succeed(command, "merge", "hf://datasets/lab/source", sources[1], "-o", tmp_path / "merged", **variables)
        succeed(command, "push", tmp_path / "merged", "hf://datasets/lab/merged", **variables)
        assert hub.repositories["lab/merged"].tags
    succeed(command, "verify", tmp_path / "merged", "--against", *sources[:2])
