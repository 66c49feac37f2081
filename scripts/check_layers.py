#!/usr/bin/env python3
"""Holds every #include under src/, include/, cli/, python/, examples/ against the table of rooms in cmake/rooms.json.

Prints file:line and the rule for each include that breaks it, and exits 1 if there is one, if an
exception of the table is not needed any more, or if the table in docs/architecture.md is not the
one of cmake/rooms.json. `--write-docs` writes that table anew. `--self-test` checks the checker.

Entries of a room in cmake/rooms.json, beside its name and what it knows: may_include         rooms,
all above it in the table, and single headers of rooms; cmake/Room.cmake links these files
what some of its files may include besides libraries           outside headers that it may include
internal_libraries  the same, but for its .cc and _internal.h files alone threads             false:
it includes no header of threads tests_only          true: for tests, fuzz/ and itself alone
"""
import argparse
import fnmatch
import json
import pathlib
import re
import sys
import tempfile

TABLE = pathlib.Path(__file__).resolve().parent.parent / "cmake/rooms.json"
TOPS = ("src", "include", "cli", "python", "examples", "fuzz")
DOCS = "docs/architecture.md"
BEGIN, END = "<!-- rooms: begin -->", "<!-- rooms: end -->"

THREAD_HEADERS = {"atomic", "barrier", "condition_variable", "future", "latch", "mutex", "semaphore", "shared_mutex",
                  "stop_token", "thread"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SUFFIXES = {".h", ".hpp", ".cc", ".cpp"}


def is_test(path):
    return path.endswith("_test.cc")


class Table:
    """cmake/rooms.json, and the rules that follow from it."""

    def __init__(self, text):
        table = json.loads(text)
        self.rooms = {room["name"]: room for room in table["rooms"]}
        self.clients = {client["name"]: client for client in table["clients"]}
        self.public_headers = {header["name"]: header for header in table["public_headers"]}
        self.exceptions = {(one["file"], one["include"]) for one in table["exceptions"]}
        self.order = list(self.rooms)
        self.libraries = {
            library
            for room in [*self.rooms.values(), *self.clients.values()]
            for library in room.get("libraries", []) + room.get("internal_libraries", [])
        }

    def faults(self):
        """What is wrong with the table itself: a room that includes one below it could make a
        cycle."""
        faults = []
        for name, room in self.rooms.items():
            further = [one for more in room.get("files", {}).values() for one in more]
            for target in room["may_include"] + further:
                to = target if target in self.rooms else self.room_of_path(target)
                if to is None:
                    faults.append(f"{name} may include {target}, which is no room and lies in none")
                elif self.order.index(to) >= self.order.index(name):
                    faults.append(f"{name} may include {target}, which does not stand above it in the table")
                elif self.rooms[to].get("tests_only"):
                    faults.append(f"{name} may include {target}, which is for tests alone")
        known = []
        for name, header in self.public_headers.items():
            if header["room"] not in self.rooms:
                faults.append(f"robomerge/{name} belongs to {header['room']}, which is no room")
            for target in header["may_include"]:
                if target not in known:
                    faults.append(f"robomerge/{name} may include {target}, which does not stand above it in the table")
            known.append(name)
        return faults

    def room_of_path(self, target):
        """The room that an include written from src/ points to, or None."""
        parts = target.split("/")
        room = "/".join(parts[:2]) if parts[0] == "formats" else parts[0]
        return room if room in self.rooms and len(parts) > len(room.split("/")) else None

    def room_of_include(self, target):
        top, _, rest = target.partition("/")
        if top == "robomerge":
            return self.public_headers[rest]["room"] if rest in self.public_headers else None
        return self.room_of_path(target)

    def broken_rule(self, root, path, quote, target):
        """Why the file at `path` may not include `target`, or None if it may."""
        top = target.split("/")[0].removesuffix(".hpp").removesuffix("11")
        if quote == "<":
            return self.broken_rule_of_outside_include(path, target, top)
        if top in self.libraries:
            return "outside headers are included with angle brackets"
        if top == "robomerge" and target.split("/", 1)[1] not in self.public_headers:
            return "no such public header in cmake/rooms.json"
        part, _, rest = path.partition("/")
        if part == "include":
            return self.broken_rule_of_public_header(rest.removeprefix("robomerge/"), target)
        if part in self.clients:
            return self.broken_rule_of_client(root, path, part, target)
        if part == "fuzz":
            return None
        return self.broken_rule_of_room(path, target)

    def broken_rule_of_outside_include(self, path, target, top):
        part, _, rest = path.partition("/")
        if top == "robomerge":
            return 'our own headers are included with quotes: "robomerge/..."'
        if part == "fuzz":
            return None
        name = self.room_of_path(rest) if part == "src" else part
        room = self.rooms.get(name) or self.clients.get(name, {})
        if top in self.libraries and top not in room.get("libraries", []):
            if top not in room.get("internal_libraries", []):
                return f"{name} may not include <{top}/...>"
            if not path.endswith((".cc", "_internal.h")):
                return f"in {name} <{top}/...> stays inside .cc and _internal.h files"
        if target in THREAD_HEADERS and not room.get("threads", True) and not is_test(path):
            return f"{name} knows no threads"
        return None

    def broken_rule_of_public_header(self, name, target):
        if name not in self.public_headers:
            return "the file is no public header of cmake/rooms.json"
        if not target.startswith("robomerge/"):
            return "a public header may include public headers only"
        allowed = self.public_headers[name]["may_include"]
        if target.split("/", 1)[1] in allowed:
            return None
        return f"robomerge/{name} may not include it (only: {', '.join(allowed) or 'nothing'})"

    def broken_rule_of_client(self, root, path, client, target):
        if target.startswith((f"{client}/", "robomerge/")) or ((root / path).parent / target).is_file():
            return None
        if self.room_of_path(target) in self.clients[client]["may_include"]:
            return None
        return f"{client} may include robomerge/... and its own headers only"

    def broken_rule_of_room(self, path, target):
        inside = path.split("/", 1)[1]
        name = self.room_of_path(inside)
        if name is None:
            return "the file lies in no room of cmake/rooms.json"
        to = self.room_of_include(target)
        if to is None:
            return 'no such room: includes are written from src/, as in "base/text.h"'
        room = self.rooms[name]
        if to == name or to in room["may_include"] or target in room["may_include"]:
            return None
        for pattern, further in room.get("files", {}).items():
            if fnmatch.fnmatch(inside, f"{name}/{pattern}") and to in further:
                return None
        if is_test(path):
            # A test may also use test doubles, and set its room's input up with any room above it
            # in the table.
            if self.rooms[to].get("tests_only") or self.order.index(to) < self.order.index(name):
                return None
        if self.rooms[to].get("tests_only"):
            return f"{to} is for tests alone"
        return f"{name} may not include {to} (only: {', '.join(room['may_include']) or 'nothing'})"

    def as_text(self):
        """The table for docs/architecture.md."""
        def words(targets):
            return ", ".join(f"`{target}`" for target in targets)

        lines = ["| room | knows | may include |", "|---|---|---|"]
        for name, room in self.rooms.items():
            may_include = words(room["may_include"]) or "nothing"
            for pattern, further in room.get("files", {}).items():
                may_include += f"; `{pattern}` also {words(further)}"
            lines.append(f"| `{name}` | {room['knows']} | {may_include} |")
        for name, client in self.clients.items():
            may_include = words(["include/robomerge/", *client["may_include"]])
            lines.append(f"| `{name}` | {client['knows']} | {may_include} |")
        lines += ["", "| public header | belongs to | may include |", "|---|---|---|"]
        for name, header in self.public_headers.items():
            lines.append(f"| `robomerge/{name}` | `{header['room']}` | {words(header['may_include']) or 'nothing'} |")
        return "\n".join(lines) + "\n"


def with_table(page, table):
    """The page with the table between its two marks, or None if they are missing."""
    before, begin, rest = page.partition(BEGIN + "\n")
    _, end, after = rest.partition(END)
    return before + begin + table.as_text() + end + after if begin and end else None


def check(root, table):
    """Returns the number of includes seen, a list of (path, line number, include, rule), and the
    exceptions used."""
    num_includes = 0
    broken = []
    excepted = set()
    for top in TOPS:
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SUFFIXES or not file.is_file():
                continue
            path = file.relative_to(root).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                num_includes += 1
                rule = table.broken_rule(root, path, match[1], match[2])
                if rule and (path, match[2]) in table.exceptions:
                    excepted.add((path, match[2]))
                elif rule:
                    broken.append((path, number, match[2], rule))
    return num_includes, broken, excepted


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
    ("src/io/posix_file_system.cc", '#include "robomerge/options.h"', False),
    ("src/io/file_system.h", '#include "robomerge/report.h"', False),
    ("src/io/posix/posix_file_system.cc", '#  include "schedule/executor.h"', False),
    ("src/schedule/executor.h", '#include "base/check.h"', True),
    ("src/schedule/executor.h", "#include <mutex>", True),
    ("src/schedule/executor.h", '#include "model/partial.h"', False),
    ("src/schedule/executor_test.cc", '#include "testing/shuffling_executor.h"', True),
    ("src/schedule/executor_test.cc", '#include "model/partial.h"', False),
    ("src/formats/json/json.h", "#include <nlohmann/json.hpp>", True),
    ("src/formats/json/json.h", '#include "io/file_system.h"', False),
    ("src/formats/mp4/stream.cc", '#include "io/file_system.h"', True),
    ("src/formats/mp4/stream.cc", '#include "formats/mp4/box.h"', True),
    ("src/formats/mp4/stream.cc", '#include "formats/json/json.h"', False),
    ("src/formats/mp4/stream.cc", "#include <nlohmann/json.hpp>", False),
    ("src/formats/mp4/stream.cc", '#include "model/file_id.h"', False),
    ("src/formats/parquet/table.cc", "#include <arrow/table.h>", True),
    ("src/formats/parquet/table_internal.h", "#include <parquet/metadata.h>", True),
    ("src/formats/parquet/table.h", "#include <arrow/table.h>", False),
    ("src/formats/parquet/table.cc", '#include "arrow/table.h"', False),
    ("src/formats/parquet/table_test.cc", "#include <arrow/table.h>", True),
    ("src/formats/parquet/table_test.cc", '#include "testing/parquet_files_internal.h"', True),
    ("src/testing/parquet_files_internal.h", "#include <parquet/arrow/reader.h>", True),
    ("src/testing/stored_dataset.h", "#include <arrow/table.h>", False),
    ("src/testing/stored_dataset.cc", '#include "formats/parquet/table.h"', True),
    ("src/testing/stored_dataset.cc", '#include "read/read.h"', False),
    ("src/model/plan.cc", "#include <arrow/table.h>", False),
    ("src/model/plan.cc", "#include <nlohmann/json.hpp>", False),
    ("src/model/plan.cc", '#include "formats/json/json.h"', True),
    ("src/model/dataset.h", '#include "formats/mp4/stream.h"', True),
    ("src/model/dataset.h", '#include "formats/mp4/splice.h"', False),
    ("src/model/plan.cc", '#include "io/file_system.h"', False),
    ("src/read/v30/info.cc", '#include "formats/parquet/footer.h"', True),
    ("src/read/v30/info.cc", '#include "describe/describe.h"', False),
    ("src/reduce/combine.cc", '#include "schedule/executor.h"', False),
    ("src/reduce/combine.cc", "#include <thread>", False),
    ("src/reduce/tree.cc", '#include "schedule/executor.h"', True),
    ("src/reduce/tree_test.cc", '#include "testing/shuffling_executor.h"', True),
    ("src/reduce/tree.h", '#include "testing/shuffling_executor.h"', False),
    ("src/reduce/tree.cc", '#include "io/file_system.h"', False),
    ("src/plan/packing.cc", '#include "robomerge/options.h"', True),
    ("src/plan/packing.cc", '#include "io/file_system.h"', False),
    ("src/plan/packing.cc", "#include <mutex>", False),
    ("src/plan/plan_test.cc", '#include "reduce/combine.h"', True),
    ("src/plan/plan_test.cc", '#include "write/video.h"', False),
    ("src/plan/plan_test.cc", "#include <thread>", True),
    ("src/write/video.cc", '#include "schedule/parallel_for.h"', True),
    ("src/write/video.cc", '#include "read/read.h"', False),
    ("src/write/video.cc", '#include "publish/journal.h"', False),
    ("src/publish/journal.cc", '#include "write/write.h"', True),
    ("src/publish/journal.cc", '#include "merge/units.h"', False),
    ("src/publish/journal.cc", '#include "robomerge/merge.h"', False),
    ("src/verify/verify.cc", '#include "read/read.h"', True),
    ("src/verify/verify.cc", '#include "plan/plan.h"', False),
    ("src/describe/describe.cc", '#include "io/file_system.h"', False),
    ("src/inspect/inspect.cc", '#include "merge/run.h"', False),
    ("src/merge/merge.cc", '#include "verify/verify.h"', True),
    ("src/merge/merge.cc", '#include "robomerge/merge.h"', True),
    ("src/merge/merge.cc", '#include "testing/memory_file_system.h"', False),
    ("src/merge/faults_test.cc", '#include "testing/memory_file_system.h"', True),
    ("src/merge/merge.cc", "#include <CLI/CLI.hpp>", False),
    ("src/unheard_of/a.cc", '#include "base/text.h"', False),
    ("include/robomerge/merge.h", '#include "robomerge/options.h"', True),
    ("include/robomerge/merge.h", "#include <string>", True),
    ("include/robomerge/merge.h", '#include "base/text.h"', False),
    ("include/robomerge/merge.h", "#include <nlohmann/json.hpp>", False),
    ("include/robomerge/status.h", '#include "robomerge/merge.h"', False),
    ("include/robomerge/verify.h", '#include "robomerge/merge.h"', False),
    ("include/robomerge/stages.h", '#include "robomerge/verify.h"', False),
    ("include/robomerge/unheard_of.h", '#include "robomerge/status.h"', False),
    ("cli/main.cc", '#include "robomerge/merge.h"', True),
    ("cli/main.cc", "#include <CLI/CLI.hpp>", True),
    ("cli/main.cc", '#include "flags.h"', True),
    ("cli/main.cc", '#include "cli/flags.h"', True),
    ("cli/main.cc", '#include "formats/json/json.h"', True),
    ("cli/main.cc", '#include "formats/mp4/stream.h"', False),
    ("cli/main.cc", '#include "schedule/executor.h"', False),
    ("cli/main.cc", '#include "robomerge/unheard_of.h"', False),
    ("cli/main.cc", '#include "testing/memory_file_system.h"', False),
    ("cli/main.cc", "#include <nanobind/nanobind.h>", False),
    ("python/src/core.cc", "#include <nanobind/nanobind.h>", True),
    ("python/src/core.cc", '#include "model/partial.h"', False),
    ("examples/merge.cc", "#include <nlohmann/json.hpp>", False),
    ("fuzz/dataset.cc", '#include "merge/on_file_system.h"', True),
    ("fuzz/dataset.cc", '#include "testing/memory_file_system.h"', True),
    ("fuzz/dataset.cc", '#include "robomerge/unheard_of.h"', False),
]


# (what to change of the table, what is then wrong with it)
FAULTS = [
    ({}, None),
    ({"name": "base", "may_include": ["io"]}, "does not stand above it"),
    ({"name": "io", "may_include": ["io"]}, "does not stand above it"),
    ({"name": "io", "may_include": ["bass"]}, "no room"),
    ({"name": "plan", "files": {"a*": ["write"]}}, "does not stand above it"),
]


def self_test():
    text = TABLE.read_text(encoding="utf-8")
    table = Table(text)
    failures = []
    for path, line, allowed in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text(f"// first line\n{line}\n", encoding="utf-8")
            (root / "cli").mkdir(exist_ok=True)
            (root / "cli/flags.h").write_text("", encoding="utf-8")
            num_includes, broken, _ = check(root, table)
            seen = [entry for entry in broken if entry[:2] == (path, 2)]
            if num_includes != 1 or (not seen) != allowed or len(seen) != len(broken):
                failures.append(f"{path}: {line}: expected {'allowed' if allowed else 'refused'}, found {broken}")
    for change, expected in FAULTS:
        changed = json.loads(text)
        for room in changed["rooms"]:
            if room["name"] == change.get("name"):
                room.update(change)
        found = Table(json.dumps(changed)).faults()
        if [expected is not None] != [expected in fault for fault in found] and (expected or found):
            failures.append(f"{change}: expected {expected}, found {found}")
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = with_table(page, table)
    if once != f"before\n{BEGIN}\n{table.as_text()}{END}\nafter\n" or with_table(once, table) != once:
        failures.append(f"the table between the marks: found {once}")
    if with_table("no marks", table) is not None:
        failures.append("a page without marks: expected None")
    num_cases = len(CASES) + len(FAULTS) + 2
    for failure in failures:
        print(f"self-test: {failure}")
    print(f"self-test: {num_cases - len(failures)} of {num_cases} cases as expected")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="check the checker")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {DOCS}")
    parser.add_argument("--root", type=pathlib.Path, default=TABLE.parent.parent)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    table = Table((arguments.root / "cmake/rooms.json").read_text(encoding="utf-8"))
    page = (arguments.root / DOCS).read_text(encoding="utf-8")
    wanted = with_table(page, table)
    if wanted is not None and arguments.write_docs:
        (arguments.root / DOCS).write_text(wanted, encoding="utf-8")
        page = wanted
    num_includes, broken, excepted = check(arguments.root, table)
    problems = [f"cmake/rooms.json: {fault}" for fault in table.faults()]
    problems += [f"{path}:{number}: {target}: {rule}" for path, number, target, rule in broken]
    for path, target in sorted(table.exceptions - excepted):
        problems.append(f"cmake/rooms.json: the exception for {target} in {path} is not needed: remove it")
    if wanted is None:
        problems.append(f"{DOCS}: the lines {BEGIN} and {END} are missing; the table of rooms belongs between them")
    elif page != wanted:
        problems.append(f"{DOCS}: not the table of cmake/rooms.json: run scripts/check_layers.py --write-docs")
    if num_includes == 0:
        problems.append(f"{arguments.root}: no include found, is this the repository?")
    print("\n".join([*problems, f"{num_includes} includes, {len(problems)} problems with the table of rooms"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
