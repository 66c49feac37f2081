"""The two mergers: the robomerge binary, and LeRobot's own aggregate_datasets, which tests the
checker."""

import json
import os
import re
import resource
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from silence import silence

REPOSITORY = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 120


def robomerge_path() -> Path:
    return Path(os.environ.get("ROBOMERGE", REPOSITORY / "build/release/cli/robomerge"))


@dataclass(frozen=True)
class Run:
    """One run of the command line."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def errors(self) -> list[str]:
        """The kinds of the errors, in order: ["E-fps", ...]."""
        return re.findall(r"^error\[(E-[a-z0-9-]+)\]", self.stderr, re.MULTILINE)

    @property
    def warnings(self) -> list[str]:
        return re.findall(r"^warning\[(W-[a-z0-9-]+)\]", self.stderr, re.MULTILINE)

    def json_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.stdout.splitlines() if line.strip()]


def run_robomerge(*arguments: object, most_file_bytes: int | None = None) -> Run:
    """Runs the binary. With `most_file_bytes` the system refuses larger files (EFBIG)."""

    def limit_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_file_bytes, most_file_bytes))

    process = subprocess.run(
        [str(robomerge_path()), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        preexec_fn=limit_files if most_file_bytes is not None else None,
        env=os.environ | {"NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
    )
    return Run(process.returncode, process.stdout, process.stderr)


OPTION_OF = {
    "data_files_size_in_mb": "--data-files-size-in-mb",
    "video_files_size_in_mb": "--video-files-size-in-mb",
    "chunk_size": "--chunk-size",
    "stats": "--stats",
}
SWITCH_OF = {"concatenate_data": "--no-concatenate-data", "concatenate_videos": "--no-concatenate-videos"}


def merge_options(options: dict) -> list[str]:
    """The flags of robomerge for options under LeRobot's names."""
    arguments: list[str] = []
    for name, value in options.items():
        if name in OPTION_OF:
            arguments += [OPTION_OF[name], str(value)]
        elif value is False:
            arguments.append(SWITCH_OF[name])
    return arguments


def merge_with_robomerge(sources: list[Path], destination: Path, *, num_workers: int = 2, **options) -> Run:
    return run_robomerge(
        "merge",
        *sources,
        "-o",
        destination,
        "-j",
        num_workers,
        "--no-sync",
        *merge_options(options),
    )


def verify_findings(destination: Path, sources: list[Path] = ()) -> list[str]:
    """What `robomerge verify` finds, one line each; with `sources` it compares with them."""
    against = ["--against", *sources] if sources else []
    run = run_robomerge("verify", destination, *against, "--json")
    assert run.exit_code in (0, 3), run.stderr
    findings = [line for line in run.json_lines() if line["message_type"] == "finding"]
    assert (run.exit_code == 3) == bool(findings)
    return [
        f"{line['kind']}: {line['what']}, {line['where']}: {line['expected']} / {line['found']}"
        for line in findings
    ]


def merge_with_lerobot(sources: list[Path], destination: Path, **options) -> None:
    from lerobot.datasets.aggregate import aggregate_datasets

    with silence():
        aggregate_datasets(
            [f"peer/source{number}" for number in range(len(sources))],
            "peer/merged",
            roots=[Path(source) for source in sources],
            aggr_root=Path(destination),
            **options,
        )
