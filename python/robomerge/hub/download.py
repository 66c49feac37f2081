"""Downloads files of a snapshot, in parallel. Each is checked against the hash that the Hub states
before it gets its name, and goes on where an earlier run was cut."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robomerge.hub import cache
from robomerge.hub.address import Address
from robomerge.hub.trouble import MOST_TRIES, HubError, is_transient, problem_of, seconds_to_wait
from robomerge.report import Problem

NUM_THREADS = 8
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A file as the Hub lists it."""

    path: str
    size_bytes: int
    #: The SHA-256 of a file in LFS, or Git's own hash.
    hash: str
    is_lfs: bool

    def new_hash(self) -> Any:
        return hashlib.sha256() if self.is_lfs else hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)


@dataclass(frozen=True)
class Wanted:
    address: Address
    commit: str
    storage: Path
    file: RemoteFile

    @property
    def pointer(self) -> Path:
        return self.storage / "snapshots" / self.commit / self.file.path


class Counter:
    """Counts bytes of all threads, and tells now and then."""

    def __init__(self, tell: Callable[[dict[str, Any]], object], stage: str, wanted: Sequence[int]) -> None:
        self._tell, self._stage = tell, stage
        self._lock = threading.Lock()
        self._planned_bytes, self._num_files = sum(wanted), len(wanted)
        self._moved_bytes = self._num_done = 0
        self._next = 0.0

    def add(self, num_bytes: int, num_files: int = 0) -> None:
        with self._lock:
            self._moved_bytes += num_bytes
            self._num_done += num_files
            now = time.monotonic()
            if now < self._next and self._num_done < self._num_files:
                return
            self._next = now + 0.1
            self._tell(
                {
                    "stage": self._stage,
                    "num_sources": 0,
                    "num_sources_read": 0,
                    "planned_bytes": self._planned_bytes,
                    "moved_bytes": self._moved_bytes,
                    "num_files": self._num_files,
                    "num_files_written": self._num_done,
                }
            )


def download(wanted: Sequence[Wanted], tell: Callable[[dict[str, Any]], object]) -> None:
    """Puts all files into the cache. Raises HubError with all that could not be had."""
    counter = Counter(tell, "download", [each.file.size_bytes for each in wanted])

    def one(each: Wanted) -> Problem | None:
        try:
            return _download_one(each, counter)
        except Exception as error:  # of several libraries
            what = "a file could not be downloaded from the Hub"
            return problem_of(error, what, str(each.address), each.file.path)

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        try:
            problems = [problem for problem in pool.map(one, wanted) if problem is not None]
        except BaseException:  # Ctrl-C: what has not begun is not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if problems:
        raise HubError(problems)


def _download_one(wanted: Wanted, counter: Counter) -> Problem | None:
    blob = wanted.storage / "blobs" / wanted.file.hash
    if not blob.exists():
        with cache.incomplete(blob) as descriptor:
            # Another process may have got it while this one waited.
            problem = None if blob.exists() else _receive(wanted, descriptor, counter)
            if problem is not None:
                return problem
            cache.finish(blob)
    cache.link(blob, wanted.pointer)
    counter.add(0, num_files=1)
    return None


def _receive(wanted: Wanted, descriptor: int, counter: Counter) -> Problem | None:
    """Fills the file, with the hash that is stated."""
    for _ in range(3):
        at, got = _rest_of_hash(wanted.file, descriptor)
        counter.add(at)
        at = _receive_rest(wanted, descriptor, at, got, counter)
        if at == wanted.file.size_bytes and got.hexdigest() == wanted.file.hash:
            return None
        os.ftruncate(descriptor, 0)
        counter.add(-at)
    return Problem(
        "corrupt",
        "E-hub",
        "what the Hub sends is not the file that it states",
        source=str(wanted.address),
        where=wanted.file.path,
        expected=f"{'SHA-256' if wanted.file.is_lfs else 'Git hash'} {wanted.file.hash}",
        found=f"{got.hexdigest()} of {at} bytes, three times",
        hint="run the same command again; if it stays so, the dataset on the Hub is damaged, or a proxy changes it",
    )


def _rest_of_hash(file: RemoteFile, descriptor: int) -> tuple[int, Any]:
    """How many bytes are there, and the hash so far."""
    got = file.new_hash()
    at = 0
    while chunk := os.pread(descriptor, _CHUNK_BYTES, at):
        got.update(chunk)
        at += len(chunk)
    return at, got


def _receive_rest(wanted: Wanted, descriptor: int, at: int, got: Any, counter: Counter) -> int:
    import httpx
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    url = hf_hub_url(wanted.address.repo_id, wanted.file.path, repo_type="dataset", revision=wanted.commit)
    # Compressed, it could not be continued.
    headers = build_hf_headers(headers={"accept-encoding": "identity"})
    tries = 0
    while at < wanted.file.size_bytes:
        try:
            ranged = headers | ({"range": f"bytes={at}-"} if at else {})
            timeout = httpx.Timeout(constants.HF_HUB_DOWNLOAD_TIMEOUT)
            with get_session().stream("GET", url, headers=ranged, follow_redirects=True, timeout=timeout) as response:
                hf_raise_for_status(response)
                if at and response.status_code != 206:
                    return at  # it cannot be continued: the whole anew
                for chunk in response.iter_raw():  # as they come, so that a cut loses none
                    os.pwrite(descriptor, chunk, at)
                    got.update(chunk)
                    at += len(chunk)
                    tries = 0
                    counter.add(len(chunk))
                    if at > wanted.file.size_bytes:
                        return at
            if at < wanted.file.size_bytes:
                raise httpx.RemoteProtocolError("the connection ended early")
        except Exception as error:
            tries += 1
            if tries >= MOST_TRIES or not is_transient(error):
                raise
            time.sleep(seconds_to_wait(error, tries))
    return at
