"""What the pages show of the command is what it prints."""

import os
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDINGS = [f"open-0{number}" for number in range(6)]


def without_times(text: str) -> str:
    text = re.sub(r"^  (took|with) .*$", r"  \1", text, flags=re.MULTILINE)
    return re.sub(r" in [0-9.]+ s$", "", text, flags=re.MULTILINE)


def test_real_recordings_are_shown_as_they_are_merged(robomerge, tmp_path):
    if "ROBOMERGE_SAMPLES" not in os.environ:
        pytest.skip("ROBOMERGE_SAMPLES names no folder of recordings")
    older = ("g1-v21-00", "g1-v21-01")
    for name in (*RECORDINGS, *older):
        shutil.copytree(Path(os.environ["ROBOMERGE_SAMPLES"]) / name, tmp_path / name)
    merge = robomerge("merge", *RECORDINGS, "-o", "merged", "-j", "2", "--copy-mode", "copy", cwd=tmp_path)
    proven = robomerge("merge", *older, "-o", "of_v21", "--verify", "--copy-mode", "copy", cwd=tmp_path)
    assert (merge.exit_code, proven.exit_code) == (0, 0)
    page = without_times((REPOSITORY / "docs/real-recordings.md").read_text())
    assert f"-j 2\n{without_times(merge.stderr)}```" in page
    assert f"-o of_v21 --verify\n{without_times(proven.stderr)}```" in page


def test_the_recorded_terminal_shows_what_the_commands_print(robomerge, tmp_path):
    """docs/merge.svg, which README begins with. scripts/record_terminal.py makes it anew."""
    if "ROBOMERGE_SAMPLES" not in os.environ:
        pytest.skip("ROBOMERGE_SAMPLES names no folder of recordings")
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    from record_terminal import COMMANDS, record

    picture = ElementTree.parse(REPOSITORY / "docs/merge.svg").getroot()
    for name in RECORDINGS:
        shutil.copytree(Path(os.environ["ROBOMERGE_SAMPLES"]) / name, tmp_path / name)
    screens = record(COMMANDS, tmp_path, robomerge.path)
    shown = "\n".join("".join(text for _, text in row).rstrip() for row in screens[-1][1]).rstrip("\n")
    assert without_times(picture.find("{*}desc").text) == without_times(shown)
