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
    assert untyped == [] and (SOURCES / "py.typed").is_file()


def test_the_generated_stub_names_what_the_extension_holds():
    from robomerge.library import extension

    stub = ast.parse((PACKAGE_PARENT / "robomerge/_robomerge.pyi").read_text())
    functions = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
    assert set(functions) == {name for name in dir(extension) if not name.startswith("_")}
    assert all(node.returns is not None for node in functions.values())


def test_the_sources_alone_say_that_they_are_not_built(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "robomerge")
    assert run_python("import robomerge", tmp_path, isolated=True).returncode == 0
    run = run_python("import robomerge; robomerge.merge(['a'], 'b')", tmp_path, isolated=True)
    assert run.returncode == 1 and "ImportError: robomerge is not built here; build it with: cmake" in run.stderr
