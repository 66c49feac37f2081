"""Starts the robomerge binary, after checking that it can start.

The binary links the Arrow libraries inside the pyarrow wheel. Without them, or with another
release, the loader would fail with "libarrow.so.2600: cannot open shared object file". Here that
becomes a sentence that says what to do.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = ("arrow", "parquet")


def pyarrow_folder() -> Path | None:
    """The folder of the pyarrow that `import pyarrow` would find. Does not import it, which takes
    half a second."""
    spec = find_spec("pyarrow")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def missing_libraries(folder: Path, so_version: str) -> list[str]:
    names = [f"lib{library}.so.{so_version}" for library in LIBRARIES]
    return [name for name in names if not (folder / name).is_file()]


def problem_with(folder: Path | None, built_with: str, so_version: str) -> str | None:
    """Why the binary cannot run with the pyarrow in `folder`, in one sentence; None if it can.

    `built_with` is the version of the pyarrow that the binary was linked with. `so_version` is the
    end of the names of its libraries.
    """
    if folder is not None and not missing_libraries(folder, so_version):
        return None

    # Only here, since these imports take as long as the rest together.
    from importlib.metadata import PackageNotFoundError, version
    from shlex import join

    major, minor = built_with.split(".")[:2]
    requirement = f"pyarrow~={major}.{minor}.0"
    mend = join([sys.executable, "-m", "pip", "install", requirement])
    if folder is None:
        return f"robomerge was built against pyarrow {built_with}, but no pyarrow is installed; mend it with: {mend}"
    try:
        installed = version("pyarrow")
    except PackageNotFoundError:
        installed = "of an unknown version"
    if installed.split(".")[:2] == [major, minor]:
        # The pyarrow of conda and of distributions has Arrow's libraries elsewhere, with another
        # ABI.
        names = " and ".join(missing_libraries(folder, so_version))
        mend = join([sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps", requirement])
        return (
            f"robomerge was built against pyarrow {built_with} as pip installs it, but the pyarrow {installed} in {folder} "
            f"comes without {names}; mend it with: {mend}"
        )
    return (
        f"robomerge was built against pyarrow {built_with}, but pyarrow {installed} is installed in {folder}; "
        f"mend it with: {mend}"
    )


def why_unusable() -> str | None:
    """Why nothing built here can run in this environment, in one sentence; None if it can, or if
    nothing is built here."""
    try:
        from robomerge.built_with import ARROW_SO_VERSION, PYARROW_VERSION
    except ModuleNotFoundError:
        return None  # in the source tree what needs no library can be used
    return problem_with(pyarrow_folder(), PYARROW_VERSION, ARROW_SO_VERSION)


def environment_for(binary: Path, folder: Path) -> dict[str, str]:
    """The environment in which `binary` finds the libraries in `folder`."""
    environment = dict(os.environ)
    # The binary looks beside its own package. pyarrow may be in another site-packages, as in a venv
    # that sees the system's.
    if folder.resolve() != (binary.parents[2] / "pyarrow").resolve():
        paths = [str(folder), environment.get("LD_LIBRARY_PATH", "")]
        environment["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
    return environment


def main() -> None:
    from robomerge.built_with import ARROW_SO_VERSION, PYARROW_VERSION

    folder = pyarrow_folder()
    problem = problem_with(folder, PYARROW_VERSION, ARROW_SO_VERSION)
    if problem is not None or folder is None:  # the second for type checkers: it is a problem
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(1)

    import signal

    # Python ignores these two signals, and exec keeps that. `robomerge inspect x | head` would then
    # not end.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    binary = Path(__file__).parent / "bin" / "robomerge"
    os.execve(binary, ["robomerge", *sys.argv[1:]], environment_for(binary, folder))
