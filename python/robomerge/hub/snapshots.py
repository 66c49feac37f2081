"""Sources on the Hub as folders in the cache: metadata first, then the payload that is needed."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robomerge.hub import cache
from robomerge.hub.address import Address, parse_address
from robomerge.hub.download import NUM_THREADS, RemoteFile, Wanted, download
from robomerge.hub.trouble import HubError, patiently, problem_of, require_huggingface_hub
from robomerge.lerobot.sources import VERSION, best_version
from robomerge.report import Problem

Tell = Callable[[dict[str, Any]], object]

# Of v2.1 and v2.0.
_LINES = "meta/episodes.jsonl"
_INFO = "meta/info.json"
_NEWEST_OF_V2 = (2, 1)
# It tells the version where the metadata of two are there, and of v2.1 which features are lost.
_FIRST_DATA = re.compile(r"data/chunk-0+/(file|episode)[-_]0+\.parquet")
# Of each camera, for what is compared before any payload is needed.
_FIRST_VIDEO = re.compile(r"videos/(.+/)?chunk-0+/(.+/)?(file|episode)[-_]0+\.mp4")


@dataclass
class Snapshot:
    """A commit of a dataset, and its folder in the cache."""

    address: Address
    commit: str
    storage: Path
    _listing: dict[str, RemoteFile] | None = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        return self.storage / "snapshots" / self.commit

    @property
    def name(self) -> str:
        return f"{self.address.repo_id}@{self.commit}"

    def listing(self) -> dict[str, RemoteFile]:
        """All files, as the Hub lists them."""
        if self._listing is None:
            self._listing = list_files(self.address.repo_id, self.commit)
        return self._listing

    def missing(self, paths: Sequence[str]) -> list[Wanted]:
        """Those of these files that the Hub has and the cache has not. The file of an episode of v2.1
        may lie in another chunk."""
        listing = self.listing()
        named = {path for path in paths if path in listing}
        if others := set(paths) - named:
            of_episode = {_without_chunk(path): path for path in listing}
            named |= {of_episode[_without_chunk(path)] for path in others if _without_chunk(path) in of_episode}
            # Rows may lie in any data file of v3.0, if not in the one that is named.
            if any(path.startswith("data") and _without_chunk(path) == path for path in others):
                named |= {path for path in listing if path.startswith("data/")}
        return [
            Wanted(self.address, self.commit, self.storage, listing[path])
            for path in sorted(named)
            if not (self.folder / path).exists()
        ]


def _without_chunk(path: str) -> str:
    """Of the file of an episode of v2.1; other paths as they are."""
    return re.sub(r"/chunk-\d+/", "/", path) if re.search(r"/episode_\d+\.\w+$", path) else path


def list_files(repo_id: str, revision: str) -> dict[str, RemoteFile]:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    def all_of_it() -> list[Any]:
        return list(HfApi().list_repo_tree(repo_id, recursive=True, revision=revision, repo_type="dataset"))

    files = {}
    for entry in patiently(all_of_it):
        if not isinstance(entry, RepoFile) or not _is_inside(entry.path):
            continue
        hash = entry.lfs.sha256 if entry.lfs is not None else entry.blob_id
        if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", hash):
            continue
        files[entry.path] = RemoteFile(entry.path, entry.size, hash, entry.lfs is not None)
    return files


def _is_inside(path: str) -> bool:
    # What a server sends must not lead out of the cache.
    return all(part not in ("", ".", "..") for part in path.split("/")) and not re.search(r"[\0\\]", path)


def is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def fetch_metadata(texts: Sequence[str], tell: Tell, *, first_videos: bool = False) -> list[Snapshot]:
    """The snapshots of these addresses, with their metadata. Raises HubError with all problems."""
    addresses = _all_or_problems(texts, parse_address)
    if addresses:
        require_huggingface_hub(str(addresses[0]))
    distinct = list(dict.fromkeys(addresses))
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        snapshots = _all_or_problems(distinct, _snapshot, pool)
        wanted = _all_or_problems(snapshots, lambda each: _missing_metadata(each, first_videos), pool)
    # info.json last: where it is, all metadata are.
    for is_info in (False, True):
        download([one for each in wanted for one in each if (one.file.path == _INFO) == is_info], tell)
    of_address = dict(zip(distinct, snapshots, strict=True))
    return [of_address[address] for address in addresses]


def fetch_payload(snapshots: Sequence[Snapshot], paths: Sequence[Sequence[str]], tell: Tell) -> int:
    """Downloads these files, and returns how many there were to get. What the Hub does not have is
    left to the reader of the dataset, which says what needs it."""
    if is_offline():
        problems = [
            Problem(
                "not_found",
                "E-hub-offline",
                "a file is not in the cache, and HF_HUB_OFFLINE is set",
                source=str(snapshot.address),
                where=path,
                expected=str(snapshot.folder / path),
                hint="unset HF_HUB_OFFLINE, so that it is downloaded",
            )
            for snapshot, of_one in zip(snapshots, paths, strict=True)
            for path in of_one
            if Path(path).suffix  # else it is a folder that may be whole
        ]
        if problems:
            raise HubError(problems)
        return 0

    def missing(pair: tuple[Snapshot, Sequence[str]]) -> list[Wanted]:
        snapshot, of_one = pair
        try:
            return snapshot.missing(of_one) if of_one else []
        except Exception as error:
            raise _listing_failed(error, snapshot) from None

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        wanted = _all_or_problems(list(zip(snapshots, paths, strict=True)), missing, pool)
    distinct = {one.pointer: one for each in wanted for one in each}
    download(list(distinct.values()), tell)
    return len(distinct)


def _all_or_problems(values: Sequence[Any], call: Callable[[Any], Any], pool: Any = None) -> list[Any]:
    """The results of all calls, or a HubError with the problems of all."""

    def one(value: Any) -> Any:
        try:
            return call(value)
        except HubError as error:
            return error

    results = list((pool.map if pool is not None else map)(one, values))
    problems = [problem for each in results if isinstance(each, HubError) for problem in each.problems]
    if problems:
        raise HubError(problems)
    return results


def _snapshot(address: Address) -> Snapshot:
    if address.is_pinned:
        commit = str(address.revision)
    elif is_offline():
        names = (address.revision,) if address.revision else ("v{}.{}".format(*VERSION), "v2.1", "v2.0", "main")
        known = cache.cached_commit(address, names)
        if known is None:
            raise _not_in_cache(address)
        commit = known
    else:
        try:
            name, commit = _ask_for_commit(address)
        except Exception as error:
            raise HubError([problem_of(error, "the Hub could not be asked for this dataset", str(address))]) from None
        storage = cache.storage_for(address, commit)
        cache.note_commit(storage, name, commit)
        return Snapshot(address, commit, storage)
    return Snapshot(address, commit, cache.storage_for(address, commit))


def _ask_for_commit(address: Address) -> tuple[str, str]:
    from huggingface_hub import HfApi

    hub = HfApi()
    name = address.revision
    if name is None:
        refs = patiently(lambda: hub.list_repo_refs(address.repo_id, repo_type="dataset"))
        tags = [tag.name for tag in refs.tags]
        name = best_version(tags) or best_version(tags, _NEWEST_OF_V2) or "main"
    info = patiently(lambda: hub.dataset_info(address.repo_id, revision=name))
    return name, str(info.sha)


def _missing_metadata(snapshot: Snapshot, first_videos: bool) -> list[Wanted]:
    has_info = (snapshot.folder / _INFO).is_file()
    if is_offline():
        if not has_info:
            raise _not_in_cache(snapshot.address)
        return []
    if has_info and snapshot.address.is_pinned and not first_videos:
        return []
    try:
        listing = snapshot.listing()
    except Exception as error:
        raise _listing_failed(error, snapshot) from None
    paths = [
        path
        for path in listing
        if path.startswith("meta/")
        or path == "README.md"
        or (_LINES in listing and _FIRST_DATA.fullmatch(path))
        or (first_videos and _FIRST_VIDEO.fullmatch(path))
    ]
    return snapshot.missing(paths)


def _listing_failed(error: Exception, snapshot: Snapshot) -> HubError:
    return HubError([problem_of(error, "the files of this dataset could not be listed", str(snapshot.address))])


def _not_in_cache(address: Address) -> HubError:
    return HubError(
        [
            Problem(
                "not_found",
                "E-hub-offline",
                "the dataset is not in the cache, and HF_HUB_OFFLINE is set",
                source=str(address),
                where=str(address),
                expected=f"a snapshot below {cache.caches()[0]} or {cache.caches()[1]}",
                hint="unset HF_HUB_OFFLINE, so that it is downloaded",
            )
        ]
    )
