"""Puts Arrow's libraries into a package that is being installed: carry_arrow.py PATCHELF NM PYARROW_DIR SO_VERSION PACKAGE_DIR

They are those of the pyarrow wheel that the command and the extension module were linked with. In
one process with another pyarrow, the loader would mix two releases: it knows libraries by their
name, and finds a symbol in whichever library is first in its search order (a few "unique" ones even
once for the process). So the libraries get names of their own, and every symbol that they export
gets a prefix, there and in whatever uses it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PREFIX = "rm"
LIBRARIES = ("arrow", "parquet")


def exported_symbols(nm: str, library: Path) -> list[str]:
    """The symbols that `library` defines for others, without their versions."""
    listed = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1].split("@")[0] for line in listed.splitlines()]


def carry(patchelf: str, nm: str, pyarrow: Path, so_version: str, package: Path) -> None:
    carried = {f"lib{name}.so.{so_version}": package / f"lib/librobomerge_{name}.so" for name in LIBRARIES}
    (package / "lib").mkdir(exist_ok=True)
    for name, path in carried.items():
        shutil.copyfile(pyarrow / name, path)
        path.chmod(0o755)
    users = [package / "bin/robomerge", *package.glob("_robomerge.*.so")]
    assert len(users) == 2, users

    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        symbols = {symbol for path in carried.values() for symbol in exported_symbols(nm, path)}
        names.writelines(f"{symbol} {PREFIX}{symbol}\n" for symbol in sorted(symbols))
        names.flush()
        for path in [*carried.values(), *users]:
            subprocess.run([patchelf, "--rename-dynamic-symbols", names.name, path], check=True)
    needed = [word for name, path in carried.items() for word in ("--replace-needed", name, path.name)]
    for path in [*carried.values(), *users]:
        soname = ["--set-soname", path.name] if path in carried.values() else []
        subprocess.run([patchelf, *soname, *needed, path], check=True)

    # What the licence of Arrow asks of those who hand it on.
    for name in ("LICENSE.txt", "NOTICE.txt"):
        (found,) = pyarrow.parent.glob(f"pyarrow-*.dist-info/**/{name}")
        shutil.copyfile(found, package / f"lib/ARROW-{name}")


if __name__ == "__main__":
    carry(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
