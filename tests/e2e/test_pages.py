"""What the pages show of the command is what it prints."""

import os
import re
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDINGS = [f"open-0{number}" for number in range(6)]


def without_times(text: str) -> str:
    return re.sub(r"^  (took|with) .*$", r"  \1", text, flags=re.MULTILINE)


def test_real_recordings_are_shown_as_they_are_merged(robomerge, tmp_path):
    if "ROBOMERGE_SAMPLES" not in os.environ:
        pytest.skip("ROBOMERGE_SAMPLES names no folder of recordings")
    for name in (*RECORDINGS, "g1-v21-00"):
        shutil.copytree(Path(os.environ["ROBOMERGE_SAMPLES"]) / name, tmp_path / name)
    merge = robomerge("merge", *RECORDINGS, "-o", "merged", "-j", "2", "--copy-mode", "copy", cwd=tmp_path)
    refused = robomerge("merge", "open-00", "g1-v21-00", "-o", "nothing", cwd=tmp_path)
    assert (merge.exit_code, refused.exit_code) == (0, 1)
    page = without_times((REPOSITORY / "docs/real-recordings.md").read_text())
    assert f"-j 2\n{without_times(merge.stderr)}```" in page
    assert f"-o nothing\n{refused.stderr}$ echo $?\n1\n" in page
    (made,) = re.findall(r"^  made .*$", merge.stderr, re.MULTILINE)
    assert made in (REPOSITORY / "README.md").read_text()
