#!/usr/bin/env python3
"""Holds every #include under src/, include/, cli/, python/, examples/ against the table of rooms in docs/architecture.md.

Prints file:line and the rule for each include that breaks it, and exits 1 if there is one. `--self-test` checks the
checker.
"""
import argparse
import pathlib
import re
import sys
import tempfile

JSON, MP4, PARQUET = "formats/json", "formats/mp4", "formats/parquet"
FORMATS = {JSON, MP4, PARQUET}

# What each room may include, besides itself.
ROOMS = {
    "base": set(),
    "io": {"base"},
    "schedule": {"base"},
    JSON: {"base", "io"},
    MP4: {"base", "io"},
    PARQUET: {"base", "io"},
    "model": {"base", JSON},
    "read": {"base", "io", "model"} | FORMATS,
    "describe": {"base", "io", "model"} | FORMATS,
    "reduce": {"base", "model", "schedule"},
    "plan": {"base", "model", JSON},
    "persist": {"base", "io", "model", "plan"} | FORMATS,
    "write": {"base", "io", "schedule", "model"} | FORMATS,
    "publish": {"base", "io", "model", "write", JSON},
    "verify": {"base", "io", "schedule", "model", "read"} | FORMATS,
}
ROOMS["inspect"] = {"base", "io", "model", "read", "describe"} | FORMATS
ROOMS["merge"] = set(ROOMS) | {"verify"}
# Test doubles, for tests alone.
ROOMS["testing"] = {"base", "io", "schedule", "model"} | FORMATS
# Clients see include/robomerge/ only; the command line also prints JSON.
CLIENTS = {"cli": {JSON}, "python": set(), "examples": set()}

# Single headers or files beyond the table, each with its reason.
ALSO_ALLOWED = {
    # A Dataset holds the sample-table summary of each of its videos.
    ("model", "formats/mp4/stream.h"),
}
# Files that may include a further room: combine is pure, only the tree knows that there are threads.
FILES_WITH_MORE = [(re.compile(r"src/reduce/tree[a-z_]*\.(h|cc)"), "schedule")]

# A test may also set its room's input up with any room before it in the order of the design.
TEST = re.compile(r".*_test\.cc")
ORDER = list(ROOMS)

# The room whose layer a public header belongs to.
PUBLIC_HEADERS = {
    "fields.h": "base",
    "status.h": "base",
    "options.h": "base",  # plain values; io, plan and write read them
    "report.h": "model",
    "partial.h": "model",
    "plan.h": "model",
    "merge.h": "merge",
    "stages.h": "merge",
    "verify.h": "verify",
    "inspect.h": "merge",
    "version.h": "merge",
}

NO_SUCH_PUBLIC_HEADER = "no such public header in the map of scripts/check_layers.py"
NLOHMANN_ROOMS = {JSON, "model", "read", "describe", "plan", "persist", "write", "publish", "inspect", "cli", "testing"}
THREADLESS_ROOMS = {"plan", "reduce"}
THREAD_HEADERS = {"atomic", "barrier", "condition_variable", "future", "latch", "mutex", "semaphore", "shared_mutex",
                  "stop_token", "thread"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SUFFIXES = {".h", ".hpp", ".cc", ".cpp"}


def room_of_source(path):
    """The room a file lies in, from its path below the repository."""
    parts = path.split("/")
    if parts[0] == "include":
        return PUBLIC_HEADERS.get(parts[-1])
    if parts[0] != "src":
        return parts[0]
    return "/".join(parts[1:3]) if parts[1] == "formats" else parts[1]


def room_of_include(target):
    """The room an include written from src/ points to, or None."""
    parts = target.split("/")
    if parts[0] == "robomerge":
        return PUBLIC_HEADERS.get("/".join(parts[1:]))
    room = "/".join(parts[:2]) if parts[0] == "formats" else parts[0]
    return room if room in ROOMS and len(parts) > len(room.split("/")) else None


def broken_rule_of_system_include(path, room, target):
    top = target.split("/")[0]
    if top in ("arrow", "parquet"):
        name = path.rsplit("/", 1)[-1]
        if room == PARQUET and (name.endswith(".cc") or name.endswith("_internal.h")):
            return None
        return f"<{top}/...> stays inside formats/parquet/*.cc and *_internal.h"
    if top == "nlohmann" and room not in NLOHMANN_ROOMS:
        return f"{room} may not include <nlohmann/...>"
    if top in ("CLI", "CLI11.hpp") and room != "cli":
        return "CLI11 belongs to cli alone"
    if top == "robomerge":
        return 'our own headers are included with quotes: "robomerge/..."'
    if target in THREAD_HEADERS and room in THREADLESS_ROOMS and not TEST.fullmatch(path):
        return f"{room} knows no threads"
    return None


def broken_rule_of_client_include(root, path, room, target):
    if target.startswith("robomerge/"):
        return None if target.split("/", 1)[1] in PUBLIC_HEADERS else NO_SUCH_PUBLIC_HEADER
    if room_of_include(target) in CLIENTS[room]:
        return None
    beside = (root / path).parent / target
    if target.startswith(f"{room}/") or beside.is_file():
        return None
    return f"{room} may include robomerge/... and its own headers only"


def broken_rule_of_own_include(path, room, target):
    if path.startswith("include/"):
        if not target.startswith("robomerge/"):
            return "a public header may include public headers only"
    to = room_of_include(target)
    if to is None:
        if target.startswith("robomerge/"):
            return NO_SUCH_PUBLIC_HEADER
        return 'no such room: includes are written from src/, as in "base/text.h"'
    if to == room or to in ROOMS[room] or (room, target) in ALSO_ALLOWED:
        return None
    if any(pattern.fullmatch(path) and to == more for pattern, more in FILES_WITH_MORE):
        return None
    if TEST.fullmatch(path) and ORDER.index(to) < ORDER.index(room):
        return None
    allowed = ", ".join(sorted(ROOMS[room])) or "nothing"
    return f"{room} may not include {to} (only: {allowed})"


def broken_rule(root, path, quote, target):
    """Why the file at `path` may not include `target`, or None if it may."""
    room = room_of_source(path)
    if room not in ROOMS and room not in CLIENTS:
        return "the file lies in no room of scripts/check_layers.py"
    if quote == "<":
        return broken_rule_of_system_include(path, room, target)
    if target.split("/")[0] in ("arrow", "parquet", "nlohmann", "CLI"):
        return "outside headers are included with angle brackets"
    if room in CLIENTS:
        return broken_rule_of_client_include(root, path, room, target)
    return broken_rule_of_own_include(path, room, target)


def check(root):
    """Returns the number of includes seen and a list of (path, line number, include, rule)."""
    num_includes = 0
    broken = []
    for top in ("src", "include", "cli", "python", "examples"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SUFFIXES or not file.is_file():
                continue
            path = file.relative_to(root).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                num_includes += 1
                rule = broken_rule(root, path, match[1], match[2])
                if rule:
                    broken.append((path, number, match[2], rule))
    return num_includes, broken


# (file, include line, whether it is allowed)
CASES = [
    ("src/base/text.cc", '#include "base/text.h"', True),
    ("src/base/text.cc", '#include "robomerge/status.h"', True),
    ("src/base/text.cc", '#include "io/file_system.h"', False),
    ("src/base/text.cc", '#include "text.h"', False),
    ("src/base/text.cc", '#include "robomerge/merge.h"', False),
    ("src/base/text.cc", '#include "robomerge/unheard_of.h"', False),
    ("src/base/text.cc", "#include <robomerge/status.h>", False),
    ("src/io/posix/posix_file_system.cc", '#include "io/file_system.h"', True),
    ("src/io/file_system.h", '#include "robomerge/options.h"', True),
    ("src/io/file_system.h", '#include "robomerge/report.h"', False),
    ("src/io/posix/posix_file_system.cc", '#  include "schedule/executor.h"', False),
    ("src/schedule/tree.h", '#include "base/check.h"', True),
    ("src/schedule/tree.h", "#include <mutex>", True),
    ("src/schedule/tree.h", '#include "model/partial.h"', False),
    ("src/formats/json/json.h", "#include <nlohmann/json.hpp>", True),
    ("src/formats/mp4/stream.cc", '#include "io/file_system.h"', True),
    ("src/formats/mp4/stream.cc", '#include "formats/mp4/box.h"', True),
    ("src/formats/mp4/stream.cc", '#include "formats/json/json.h"', False),
    ("src/formats/mp4/stream.cc", "#include <nlohmann/json.hpp>", False),
    ("src/formats/mp4/stream.cc", '#include "model/file_id.h"', False),
    ("src/formats/parquet/table.cc", "#include <arrow/table.h>", True),
    ("src/formats/parquet/table_internal.h", "#include <parquet/metadata.h>", True),
    ("src/formats/parquet/table.h", "#include <arrow/table.h>", False),
    ("src/formats/parquet/table.cc", '#include "arrow/table.h"', False),
    ("src/model/plan.cc", "#include <arrow/table.h>", False),
    ("src/model/plan.cc", '#include "formats/json/json.h"', True),
    ("src/model/dataset.h", '#include "formats/mp4/stream.h"', True),
    ("src/model/dataset.h", '#include "formats/mp4/splice.h"', False),
    ("src/model/plan.cc", '#include "io/file_system.h"', False),
    ("src/read/v30/info.cc", '#include "formats/parquet/footer.h"', True),
    ("src/read/v30/info.cc", '#include "describe/describe.h"', False),
    ("src/reduce/combine.cc", '#include "schedule/tree.h"', False),
    ("src/reduce/combine.cc", "#include <thread>", False),
    ("src/reduce/tree.cc", '#include "schedule/tree.h"', True),
    ("src/reduce/tree_test.cc", '#include "schedule/shuffling_executor.h"', True),
    ("src/reduce/tree.cc", '#include "io/file_system.h"', False),
    ("src/plan/packing.cc", '#include "robomerge/options.h"', True),
    ("src/plan/packing.cc", '#include "io/file_system.h"', False),
    ("src/plan/packing.cc", "#include <mutex>", False),
    ("src/plan/plan_test.cc", '#include "reduce/combine.h"', True),
    ("src/plan/plan_test.cc", '#include "write/video.h"', False),
    ("src/plan/plan_test.cc", "#include <thread>", True),
    ("src/write/video.cc", '#include "schedule/parallel_for.h"', True),
    ("src/write/video.cc", '#include "read/read.h"', False),
    ("src/verify/verify.cc", '#include "read/read.h"', True),
    ("src/merge/merge.cc", '#include "verify/verify.h"', True),
    ("src/merge/merge.cc", '#include "robomerge/merge.h"', True),
    ("src/merge/merge.cc", "#include <CLI/CLI.hpp>", False),
    ("src/unheard_of/a.cc", '#include "base/text.h"', False),
    ("include/robomerge/merge.h", '#include "robomerge/options.h"', True),
    ("include/robomerge/merge.h", "#include <string>", True),
    ("include/robomerge/merge.h", '#include "base/text.h"', False),
    ("include/robomerge/merge.h", "#include <nlohmann/json.hpp>", False),
    ("include/robomerge/status.h", '#include "robomerge/merge.h"', False),
    ("include/robomerge/unheard_of.h", "#include <string>", False),
    ("cli/main.cc", '#include "robomerge/merge.h"', True),
    ("cli/main.cc", "#include <CLI/CLI.hpp>", True),
    ("cli/main.cc", '#include "flags.h"', True),
    ("cli/main.cc", '#include "cli/flags.h"', True),
    ("cli/main.cc", '#include "formats/json/json.h"', True),
    ("cli/main.cc", '#include "formats/mp4/stream.h"', False),
    ("cli/main.cc", '#include "schedule/executor.h"', False),
    ("cli/main.cc", '#include "robomerge/unheard_of.h"', False),
    ("python/src/core.cc", "#include <nanobind/nanobind.h>", True),
    ("python/src/core.cc", '#include "model/partial.h"', False),
    ("examples/merge.cc", "#include <nlohmann/json.hpp>", False),
]


def self_test():
    failures = 0
    for path, line, allowed in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(f"// first line\n{line}\n", encoding="utf-8")
            (root / "cli").mkdir(exist_ok=True)
            (root / "cli/flags.h").write_text("", encoding="utf-8")
            num_includes, broken = check(root)
            seen = [entry for entry in broken if entry[:2] == (path, 2)]
            if num_includes != 1 or (not seen) != allowed or len(seen) != len(broken):
                failures += 1
                print(f"self-test: {path}: {line}: expected {'allowed' if allowed else 'refused'}, found {broken}")
    print(f"self-test: {len(CASES) - failures} of {len(CASES)} cases as expected")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="check the checker")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    num_includes, broken = check(arguments.root)
    for path, number, target, rule in broken:
        print(f"{path}:{number}: {target}: {rule}")
    if num_includes == 0:
        print(f"{arguments.root}: no include found, is this the repository?")
        return 1
    print(f"{num_includes} includes, {len(broken)} against the table of rooms")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
