"""What `import robomerge` loads, its types, and what it says where it cannot work."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import robomerge
from built_package import PACKAGE_PARENT, REPOSITORY

SOURCES = REPOSITORY / "python/robomerge"


def run_python(code: str, *path: Path, isolated: bool = False) -> subprocess.CompletedProcess:
    # -S keeps out the pyarrow of the interpreter that runs the tests.
    words = [sys.executable, *(["-S"] if isolated else []), "-c", code]
    return subprocess.run(
        words, capture_output=True, text=True, env={"PYTHONPATH": ":".join(map(str, path))}, timeout=60
    )


def test_the_import_alone_loads_neither_the_library_nor_pyarrow():
    code = "import sys, robomerge; print([name for name in ('pyarrow', 'robomerge._robomerge', 'lerobot', 'logging') if name in sys.modules])"
    run = run_python(code, PACKAGE_PARENT)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_a_merge_loads_the_library_but_not_pyarrow():
    code = "import sys, robomerge.library; print([name for name in ('pyarrow', 'robomerge._robomerge') if name in sys.modules])"
    run = run_python(code, PACKAGE_PARENT)
    assert (run.stdout, run.stderr) == ("['robomerge._robomerge']\n", "")


@pytest.mark.parametrize(
    "order", ["import pyarrow.parquet, robomerge.library", "import robomerge.library, pyarrow.parquet"]
)
def test_shares_arrow_with_pyarrow_in_either_order(order):
    code = (
        f"{order}\n"
        "import pyarrow as pa, pyarrow.parquet as pq\n"
        "sink = pa.BufferOutputStream(); pq.write_table(pa.table({'a': [1]}), sink)\n"
        # One thread, since pyarrow's threads can abort at the end of the interpreter
        # (apache/arrow issue 34314).
        "print(pq.read_table(pa.BufferReader(sink.getvalue()), use_threads=False).num_rows)\n"
        "print(len({line.split()[-1] for line in open('/proc/self/maps') if 'libarrow.so' in line}))"
    )
    run = run_python(code, PACKAGE_PARENT)
    assert (run.stdout, run.stderr) == ("1\n1\n", "")


def test_every_public_name_is_there_and_documented():
    for name in robomerge.__all__:
        assert getattr(robomerge, name).__doc__, name
    assert set(robomerge.__all__) <= set(dir(robomerge)) and robomerge.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'mrege'"):
        robomerge.mrege


def test_type_checkers_see_the_names_that_are_there():
    """Lazy names are listed twice: for type checkers, and to be found."""
    module = ast.parse((SOURCES / "__init__.py").read_text())
    (checked,) = [node for node in module.body if isinstance(node, ast.If)][:1]
    typed = {}
    for node in checked.body:
        assert isinstance(node, ast.ImportFrom)
        typed |= {alias.asname or alias.name: node.module for alias in node.names}
    lazy = {name: home for home, names in robomerge._NAMES_OF.items() for name in names}
    assert typed == lazy | {"lerobot": "robomerge", "__version__": "robomerge.built_with"}


def test_every_public_function_is_typed_to_the_last_argument():
    untyped = []
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or "datatrove" in path.name:
                continue
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [
                argument.arg
                for argument in arguments
                if argument.annotation is None and argument.arg not in ("self", "cls")
            ]
            untyped += [f"{path.name}: {node.name}({name})" for name in bare] + (
                [] if node.returns else [f"{path.name}: {node.name} ->"]
            )
    launcher = [each for each in untyped if each.startswith("launcher.py")]
    assert [each for each in untyped if each not in launcher] == [] and (SOURCES / "py.typed").is_file()


def test_the_generated_stub_names_what_the_extension_holds():
    from robomerge.library import extension

    stub = ast.parse((PACKAGE_PARENT / "robomerge/_robomerge.pyi").read_text())
    functions = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
    assert set(functions) == {name for name in dir(extension) if not name.startswith("_")}
    assert all(node.returns is not None for node in functions.values())


def make_pyarrow(site: Path, version: str, so_version: str) -> Path:
    folder = site / "pyarrow"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for library in ("arrow", "parquet"):
        (folder / f"lib{library}.so.{so_version}").write_text("")
    (site / f"pyarrow-{version}.dist-info").mkdir()
    (site / f"pyarrow-{version}.dist-info/METADATA").write_text(
        f"Metadata-Version: 2.1\nName: pyarrow\nVersion: {version}\n"
    )
    return folder


@pytest.mark.parametrize("code", ["import robomerge", "from robomerge import merge", "import robomerge.lerobot"])
def test_a_pyarrow_that_does_not_fit_is_named_by_the_import(tmp_path, code):
    shutil.copytree(PACKAGE_PARENT / "robomerge", tmp_path / "robomerge")
    folder = make_pyarrow(tmp_path, "99.1.0", "9901")
    run = run_python(code, tmp_path, isolated=True)
    from robomerge.built_with import PYARROW_VERSION

    said = f"ImportError: robomerge was built against pyarrow {PYARROW_VERSION}, but pyarrow 99.1.0 is installed in {folder}; mend it with: "
    assert run.returncode == 1 and run.stderr.splitlines()[-1].startswith(said)


def test_the_sources_alone_say_that_they_are_not_built(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "robomerge")
    assert run_python("import robomerge", tmp_path, isolated=True).returncode == 0
    run = run_python("import robomerge; robomerge.merge(['a'], 'b')", tmp_path, isolated=True)
    assert run.returncode == 1 and "ImportError: robomerge is not built here; build it with: cmake" in run.stderr
