"""A Hub that fails, and downloads that are killed."""

import os
import re
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from kitchens import tree

HUB_1 = "hf://datasets/lab/kitchen_1"


@pytest.fixture
def whole(robomerge, hub, kitchens, tmp_path) -> dict[str, bytes]:
    """What a merge must make of the source, which is on the Hub."""
    hub.add("lab/kitchen_1", kitchens[0], tags=("v3.0",))
    robomerge("merge", kitchens[0], "-o", "local")
    return tree(tmp_path / "local")


@pytest.mark.parametrize("kind", [429, 500, 503, "drop", "cut", "wrong"])
@pytest.mark.parametrize("place", ["file-001", "info.json"])
def test_a_file_is_asked_for_again(robomerge, hub, whole, tmp_path, kind, place):
    hub.fail(rf"GET /(datasets|blobs)/.*{place}", kind, times=2)
    robomerge("merge", HUB_1, "-o", "merged")
    assert tree(tmp_path / "merged") == whole


@pytest.mark.parametrize("kind", [429, 502, "drop", "cut"])
@pytest.mark.parametrize("place", ["refs", "revision", "tree"])
def test_the_hub_is_asked_again(robomerge, hub, whole, tmp_path, kind, place):
    hub.fail(f"GET /api/.*/{place}", kind, times=1)
    robomerge("merge", HUB_1, "-o", "merged")
    assert tree(tmp_path / "merged") == whole


def test_the_hub_says_how_long_to_wait(robomerge, hub, whole):
    hub.fail("GET /datasets/.*file-002.parquet", 429, retry_after="2")
    start = time.monotonic()
    robomerge("merge", HUB_1, "-o", "merged")
    assert time.monotonic() - start >= 2


def test_a_cut_file_goes_on_where_it_was(robomerge, hub, whole, tmp_path):
    hub.fail("GET /blobs/.*file-003.parquet", "cut")
    robomerge("merge", HUB_1, "-o", "merged")
    first, second = hub.asked("GET /blobs/.*data/.*file-003.parquet")
    assert first.range == "" and re.fullmatch(r"bytes=[1-9]\d*-", second.range)


def test_what_stays_so_is_told_and_the_same_command_goes_on(robomerge, hub, whole, tmp_path):
    hub.fail("GET /(datasets|blobs)/.*file-00[12].mp4", 503, times=10**6)
    errors = robomerge.errors("merge", HUB_1, "-o", "merged", code=4)
    assert {error["kind"] for error in errors} == {"E-hub"}
    assert {error["where"].rpartition("/")[2] for error in errors} == {"file-001.mp4", "file-002.mp4"}
    assert all("503" in error["found"] for error in errors)
    assert not (tmp_path / "merged").exists()
    hub.forget()
    robomerge("merge", HUB_1, "-o", "merged")
    assert not hub.asked("file-000")
    assert tree(tmp_path / "merged") == whole


def test_another_content_than_is_stated_gets_no_name(robomerge, hub, whole, tmp_path):
    hub.fail("GET /blobs/.*file-001.mp4", "wrong", times=10**6)
    hub.fail("GET /datasets/.*stats.json", "wrong", times=3)
    errors = robomerge.errors("merge", HUB_1, "-o", "merged", code=1)
    assert [error["where"] for error in errors] == ["meta/stats.json"]
    errors = robomerge.errors("merge", HUB_1, "-o", "merged", code=1)
    assert len(errors) == 2 and all("not the file that it states" in error["what"] for error in errors)
    assert not list(tmp_path.glob("lerobot/hub/*/snapshots/*/videos/*/chunk-000/file-001.mp4"))
    hub.forget()
    robomerge("merge", HUB_1, "-o", "merged")
    assert tree(tmp_path / "merged") == whole


def test_no_hub_at_all(robomerge, hub, whole):
    (error,) = robomerge.errors("merge", HUB_1, "-o", "merged", code=4, HF_ENDPOINT="http://127.0.0.1:9")
    assert error["kind"] == "E-hub" and "HF_HUB_OFFLINE" in error["hint"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_download_that_is_stopped_goes_on(robomerge, hub, whole, tmp_path, how):
    hub.fail("GET /blobs/.*data/.*file-003.parquet", "stall", times=10**6)
    process = robomerge.start("merge", HUB_1, "-o", "merged")
    wait_for(lambda: len(hub.stalled) == 1 and has_only_half(tmp_path))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    assert children
    wait_for(lambda: not any(is_running(int(child)) for child in children))
    assert not (tmp_path / "merged").exists()
    hub.forget()
    robomerge("merge", HUB_1, "-o", "merged")
    (rest,) = hub.asked("GET /blobs/.*data/.*file-003.parquet")
    # What a killed process had not handed to the system yet is asked for again.
    assert how == signal.SIGKILL or re.fullmatch(r"bytes=[1-9]\d*-", rest.range)
    assert tree(tmp_path / "merged") == whole
    assert not list(tmp_path.rglob("*.incomplete"))


def test_many_kills(robomerge, hub, whole, tmp_path):
    """Wherever it is killed, the cache stays sound."""
    hub.fail("GET", 0.02, times=10**6)
    for number in range(12):
        process = robomerge.start("merge", HUB_1, "-o", "merged")
        time.sleep(0.25 + number * 0.1)
        process.kill()
        process.communicate()
    robomerge("merge", HUB_1, "-o", "merged")
    assert tree(tmp_path / "merged") == whole
    shutil.rmtree(tmp_path / "merged")
    robomerge("merge", HUB_1, "-o", "merged", HF_HUB_OFFLINE="1")
    assert tree(tmp_path / "merged") == whole


def test_progress_is_shown_in_the_same_line(robomerge, hub, whole):
    hub.fail("GET /blobs/.*mp4", 1.0, times=10**6)
    text = robomerge("merge", HUB_1, "-o", "merged", "--progress", "always")
    line = r"Downloading: [\d.]+ \w?B of [\d.]+ k?B \(\d+ %\), \d+ of 12 files"
    assert re.search(line, text)


def test_two_at_once(robomerge, hub, whole, tmp_path):
    hub.fail("GET", 0.02, times=10**6)
    both = [robomerge.start("merge", HUB_1, "-o", name) for name in ("a", "b")]
    assert [process.communicate(timeout=60) and process.returncode for process in both] == [0, 0]
    assert tree(tmp_path / "a") == tree(tmp_path / "b") == whole


def has_only_half(folder: Path) -> bool:
    """Of the file that stalls, when all others have their names."""
    sizes = []
    for path in folder.rglob("*.incomplete"):
        with suppress(FileNotFoundError):  # it got its name
            sizes.append(path.stat().st_size)
    return len(sizes) == 1 and sizes[0] > 0


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_for(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
