"""Makes an installed LeRobot run on Python 3.11, by rewriting its generics in the syntax of 3.12 in
place.

    python tests/peer/older_syntax.py            (by scripts/make-peer-env.sh, in its environment)

Three forms are known: `type X = ...`, `class X[T](Base):` and `def f[T](...)`. Their meaning stays
the same. Every file of the package is compiled afterwards, so that an unknown form is reported here
and not in the middle of a test.
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ALIAS = re.compile(r"^type (\w+) = ", re.MULTILINE)
GENERIC = re.compile(
    r"^(?P<indent> *)(?P<word>class|def|async def) (?P<name>\w+)\[(?P<parameters>[^\]]+)\](?P<rest>.*)$"
)

#: If torchvision's compiled operators do not fit the installed torch, its import fails when it
#: registers them. Declared names without an implementation are enough, since nothing in these tests
#: calls them.
DECLARATION = """\
import torch as _torch
for _name in ("nms", "qnms"):
    try:
        _torch.library.define(f"torchvision::{_name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:
        pass
"""


def in_older_syntax(text: str) -> str:
    """`text` with every known form rewritten."""
    lines = ALIAS.sub(r"\1 = ", text).split("\n")
    result: list[str] = []
    for line in lines:
        match = GENERIC.match(line)
        if match is None:
            result.append(line)
            continue
        names = [parameter.split(":")[0].strip() for parameter in match["parameters"].split(",")]
        known = "\n".join(result)
        declarations = [
            f"{match['indent']}{name} = __import__('typing').TypeVar({name!r})"
            for name in names
            if not re.search(rf"^{match['indent']}{name} = ", known, re.MULTILINE)
        ]
        place = len(result)
        while place > 0 and result[place - 1].startswith(
            f"{match['indent']}@"
        ):  # a decorator belongs to its function
            place -= 1
        result[place:place] = declarations
        rest = match["rest"]
        if match["word"] == "class":
            bases = re.match(r"\(([^)]*)\)(.*)", rest)
            generic = f"__import__('typing').Generic[{', '.join(names)}]"
            inside = ", ".join(part for part in (bases[1].strip() if bases else "", generic) if part)
            rest = f"({inside}){bases[2] if bases else rest}"
        result.append(f"{match['indent']}{match['word']} {match['name']}{rest}")
    return "\n".join(result)


def rewrite_package(package: Path) -> int:
    """Rewrites the files below `package` that need it, and returns their number."""
    changed = 0
    for path in sorted(package.rglob("*.py")):
        old = path.read_text()
        new = in_older_syntax(old)
        compile(new, str(path), "exec", dont_inherit=True)
        if new != old:
            path.write_text(new)
            changed += 1
    return changed


def declare_missing_operators(torchvision: Path) -> bool:
    """Makes torchvision importable if it is not, and returns whether that was needed."""
    attempt = [sys.executable, "-c", "import torchvision"]
    if subprocess.run(attempt, capture_output=True).returncode == 0:
        return False
    path = torchvision / "__init__.py"
    path.write_text(DECLARATION + path.read_text())
    subprocess.run(attempt, check=True)
    return True


def main() -> None:
    site = Path(sysconfig.get_paths()["purelib"])
    if sys.version_info < (3, 12):
        print(f"rewrote {rewrite_package(site / 'lerobot')} files of LeRobot in the syntax of Python 3.11")
    if declare_missing_operators(site / "torchvision"):
        print("declared the operators that this torchvision lacks")


if __name__ == "__main__":
    main()
