#!/usr/bin/env python3
"""output_hashes.py ROBOMERGE: one line for each file that many kinds of merges make, and for each
table of their plans.

Only for the rebuild: `scripts/output_hashes.txt` was made by the program before it, and both are
removed when it is done. Needs pyarrow; also reads the recordings of ROBOMERGE_SAMPLES, or of
../shared/samples, if there are any.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/e2e"))

from tiny_dataset import make_tiny_dataset  # noqa: E402
from tiny_video import add_video  # noqa: E402

WORK = Path("/tmp/robomerge-output-hashes")
SECONDS = 1_700_000_000


def make_sources() -> dict[str, list[str]]:
    """Lists of sources, by name; paths relative to WORK."""
    tiny = []
    for number, lengths in enumerate([(5, 7), (3,), (4, 4, 4), (9, 1), (2,) * 12]):
        make_tiny_dataset(WORK / f"tiny-{number}", lengths=lengths, task=f"task {number % 3}", with_stats=number != 2)
        tiny.append(f"tiny-{number}")
    filmed = []
    for number, lengths in enumerate([(5, 7), (3,), (6, 2)]):
        root = make_tiny_dataset(WORK / f"filmed-{number}", lengths=lengths, task=f"task {number}")
        add_video(root, lengths, seed=number)
        filmed.append(f"filmed-{number}")
    lists = {"tiny": tiny, "one": tiny[:1], "twice": tiny[:2] * 2, "filmed": filmed, "many": (tiny * 20)}
    samples = Path(os.environ.get("ROBOMERGE_SAMPLES", REPOSITORY / "../shared/samples"))
    if samples.is_dir():
        for sample in sorted(samples.glob("open-*")):
            shutil.copytree(sample, WORK / sample.name)
        lists["samples"] = sorted(path.name for path in WORK.glob("open-*"))
    for path in sorted(WORK.rglob("*"), reverse=True):
        os.utime(path, (SECONDS, SECONDS))
    return lists


OPTIONS = {
    "": [],
    "small": ["--data-files-size-in-mb", "0.0005", "--video-files-size-in-mb", "0.0005"],
    "apart": ["--no-concatenate-data", "--no-concatenate-videos"],
    "chunks": ["--no-concatenate-data", "--no-concatenate-videos", "--chunk-size", "2"],
    "share": ["--copy-mode", "share"],
    "serial": ["-j", "1", "--no-sync"],
}


def run(binary: str, *arguments: str) -> None:
    process = subprocess.run([binary, *arguments], cwd=WORK, capture_output=True, text=True)
    assert process.returncode == 0, f"{arguments}\n{process.stdout}{process.stderr}"


def lines_of(binary: str, name: str, sources: list[str], options: list[str]) -> list[str]:
    run(binary, "merge", *sources, "-o", "merged", *options)
    files = sorted(path for path in (WORK / "merged").rglob("*") if path.is_file())
    digest = {path: hashlib.sha256(path.read_bytes()).hexdigest()[:24] for path in files}
    lines = [f"{name} {path.relative_to(WORK / 'merged')} {digest[path]}" for path in files]
    plan_options = [each for each in options if each not in ("-j", "1")]
    run(binary, "describe", *sources, "--partial", "partial", "--rank", "0", "--world-size", "2")
    run(binary, "describe", *sources, "--partial", "partial", "--rank", "1", "--world-size", "2")
    run(binary, "plan", "--partial", "partial", "-o", "staged", "--plan", "plan", *plan_options)
    for header in sorted(WORK.glob("partial/*/partial.json")) + [WORK / "plan/plan.json"]:
        for table in json.loads(header.read_text())["tables"]:
            lines.append(f"{name} {header.parent.name}: {table['name']} {table['num_rows']} {table['fingerprint']}")
    for rank in range(3):
        run(binary, "write", "--plan", "plan", "--rank", str(rank), "--world-size", "3")
    run(binary, "publish", "--plan", "plan")
    for path in files:
        staged = WORK / "staged" / path.relative_to(WORK / "merged")
        assert staged.read_bytes() == path.read_bytes(), staged
    for folder in ("merged", "staged", "partial", "plan"):
        shutil.rmtree(WORK / folder, ignore_errors=True)
    return lines


def main() -> None:
    binary = str(Path(sys.argv[1]).resolve())
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name, sources in make_sources().items():
        for option, words in OPTIONS.items():
            print("\n".join(lines_of(binary, f"{name}/{option}", sources, words)))
    shutil.rmtree(WORK)


if __name__ == "__main__":
    main()
