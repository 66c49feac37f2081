"""Makes a dataset on the Hub what a folder is."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robomerge.hub.address import Address, parse_address
from robomerge.hub.card import is_ours, licence_warning, make_card, sources_of
from robomerge.hub.download import NUM_THREADS, Counter, RemoteFile
from robomerge.hub.snapshots import is_offline, list_files
from robomerge.hub.trouble import HubError, patiently, problem_of, require_huggingface_hub, status_of
from robomerge.report import Problem

# What LeRobot reads whole: nothing of a former version may be left in it.
_OWN_FOLDERS = ("data/", "meta/", "videos/")
# Files that are asked for, sent and counted together.
_MOST_FILES, _MOST_BYTES = 64, 64 << 20
_BRANCH_MOVED = 412
_MESSAGE = "Upload by robomerge"


@dataclass(frozen=True)
class PushReport:
    """What a push did. It is true in a condition if the Hub was changed."""

    #: hf://datasets/OWNER/NAME@COMMIT
    address: str
    #: The page to look at.
    url: str
    #: The version tag that is on the commit.
    tag: str
    num_files: int
    num_files_uploaded: int
    num_files_removed: int
    uploaded_bytes: int
    warnings: tuple[Problem, ...] = field(default=())

    def __bool__(self) -> bool:
        return self.num_files_uploaded + self.num_files_removed > 0


@dataclass(frozen=True)
class _LocalFile:
    path: str
    place: Path | None  # None: the card, which is in no file
    size_bytes: int
    sha256: str
    git_hash: str
    content: bytes = b""

    def is_at(self, remote: RemoteFile | None) -> bool:
        return remote is not None and remote.hash == (self.sha256 if remote.is_lfs else self.git_hash)


def push_folder(
    root: str, address: str, *, private: bool = False, branch: str | None = None, tell: Callable[[dict[str, Any]], object]
) -> PushReport:
    """Raises HubError. The folder is a dataset that was looked at."""
    require_huggingface_hub(address)
    target = parse_address(address, takes_revision=False)
    if is_offline():
        what, hint = "nothing can be pushed while HF_HUB_OFFLINE is set", "unset HF_HUB_OFFLINE"
        raise HubError([Problem("invalid_argument", "E-hub-offline", what, where=address, hint=hint)])
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    had_bars = not are_progress_bars_disabled()
    disable_progress_bars()  # there is one already
    try:
        return _Push(Path(root), target, private, branch, tell).run()
    except HubError:
        raise
    except Exception as error:  # of several libraries
        raise HubError([problem_of(error, "the dataset could not be pushed", address, root, cache_helps=False)]) from None
    finally:
        if had_bars:
            enable_progress_bars()


class _Push:
    def __init__(
        self, root: Path, target: Address, private: bool, branch: str | None, tell: Callable[[dict[str, Any]], object]
    ) -> None:
        from huggingface_hub import HfApi

        self.root, self.target, self.private, self.tell = root, target, private, tell
        self.branch = branch or "main"
        self.hub = HfApi()
        self.warnings: list[Problem] = []

    def run(self) -> PushReport:
        files = self._local_files()
        self._prepare_repository()
        repo: dict[str, Any] = {"repo_id": self.target.repo_id, "repo_type": "dataset"}
        report = {"num_files": 0, "num_files_uploaded": 0, "num_files_removed": 0, "uploaded_bytes": 0}

        def once() -> str:
            head, num_files, changed, stale = self._compare(files)
            report["num_files"] = num_files
            if not changed and not stale:
                return head
            uploaded_bytes = sum(file.size_bytes for file in changed)
            report.update(
                num_files_uploaded=len(changed), num_files_removed=len(stale), uploaded_bytes=uploaded_bytes
            )
            try:
                return self._commit(self._send(changed), stale, head)
            except Exception as error:
                # A commit of which no answer came may have been made; then it moved the branch.
                if status_of(error) != _BRANCH_MOVED:
                    raise
                head, _, changed, stale = self._compare(files)
                if changed or stale:
                    raise
                return head

        commit = patiently(once)
        tag = self._tag(commit, repo)
        page = f"{self.hub.endpoint}/datasets/{self.target.repo_id}"
        return PushReport(
            address=f"{self.target}@{commit}",
            url=page if self.branch == "main" else f"{page}/tree/{self.branch}",
            tag=tag,
            **report,
            warnings=tuple(self.warnings),
        )

    def _compare(self, files: Sequence[_LocalFile]) -> tuple[str, int, list[_LocalFile], list[str]]:
        """The branch's commit, how many files it is to have, which of them differ there, and what
        is to go."""
        head = str(self.hub.dataset_info(self.target.repo_id, revision=self.branch).sha)
        remote = list_files(self.target.repo_id, head)
        wanted = self._with_card(files, remote)
        names = {file.path for file in files}
        changed = [file for file in wanted if not file.is_at(remote.get(file.path))]
        stale = [path for path in remote if path.startswith(_OWN_FOLDERS) and path not in names]
        return head, len(wanted), changed, stale

    def _local_files(self) -> list[_LocalFile]:
        places = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if Path(folder) == self.root and "images" in folders:
                folders.remove("images")
            places += [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
        counter = Counter(self.tell, "hash", [place.stat().st_size for place in places])
        with ThreadPoolExecutor(min(NUM_THREADS, os.cpu_count() or 1)) as pool:
            return list(pool.map(lambda place: _hashed(self.root, place, counter), places))

    def _prepare_repository(self) -> None:
        hub, repo_id = self.hub, self.target.repo_id
        patiently(lambda: hub.create_repo(repo_id, repo_type="dataset", private=self.private or None, exist_ok=True))
        if self.private and not patiently(lambda: hub.dataset_info(repo_id)).private:
            what = "the dataset on the Hub is public, and --private asks for a private one"
            hint = "make it private in its settings on the Hub, or push without --private"
            raise HubError([Problem("already_exists", "E-hub", what, source=str(self.target), hint=hint)])
        if self.branch != "main":
            patiently(lambda: hub.create_branch(repo_id, branch=self.branch, repo_type="dataset", exist_ok=True))

    def _with_card(self, files: Sequence[_LocalFile], remote: dict[str, RemoteFile]) -> list[_LocalFile]:
        """The files, and the card if there is none that is to be kept."""
        self.warnings = []
        if any(file.path == "README.md" for file in files):
            return [*files]
        if "README.md" in remote and not is_ours(self._remote_card()):
            self.warnings.append(
                Problem(
                    "already_exists",
                    "W-card-kept",
                    "the card on the Hub is not robomerge's, and is kept as it is",
                    where=f"{self.target}: README.md",
                    hint="remove it on the Hub, so that a push writes a new one",
                )
            )
            return [*files]
        sources = sources_of(self.root)
        if words := licence_warning(sources):
            self.warnings.append(
                Problem(
                    "incompatible",
                    "W-licences",
                    f"{words[0].lower()}{words[1:].rstrip('.')}; the card states none for the whole",
                    where=str(self.target),
                    hint="decide under which licence the whole may stand, and state it in README.md",
                )
            )
        content = make_card(self.target.repo_id, self.root, sources).encode()
        sha256, git_hash = _hashes(content)
        return [*files, _LocalFile("README.md", None, len(content), sha256, git_hash, content)]

    def _remote_card(self) -> str:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        url = hf_hub_url(self.target.repo_id, "README.md", repo_type="dataset", revision=self.branch)
        response = get_session().get(url, headers=build_hf_headers(), follow_redirects=True, timeout=30)
        hf_raise_for_status(response)
        return str(response.text)

    def _send(self, changed: Sequence[_LocalFile]) -> list[Any]:
        """Sends what is large, in batches. What has arrived once is not sent again."""
        from huggingface_hub import CommitOperationAdd

        counter = Counter(self.tell, "upload", [file.size_bytes for file in changed])
        operations = []
        batch: list[Any] = []
        batch_bytes = 0

        def flush() -> None:
            nonlocal batch_bytes
            patiently(
                lambda: self.hub.preupload_lfs_files(
                    self.target.repo_id, batch, repo_type="dataset", revision=self.branch, free_memory=False
                )
            )
            counter.add(batch_bytes, num_files=len(batch))
            batch.clear()
            batch_bytes = 0

        for file in changed:
            operation = CommitOperationAdd(file.path, str(file.place) if file.place else file.content)
            operation.upload_info.sha256 = bytes.fromhex(file.sha256)
            operations.append(operation)
            batch.append(operation)
            batch_bytes += file.size_bytes
            if len(batch) == _MOST_FILES or batch_bytes >= _MOST_BYTES:
                flush()
        if batch:
            flush()
        return operations

    def _commit(self, operations: list[Any], stale: Sequence[str], head: str) -> str:
        from huggingface_hub import CommitOperationDelete

        info = self.hub.create_commit(
            self.target.repo_id,
            [*operations, *(CommitOperationDelete(path) for path in stale)],
            commit_message=_MESSAGE,
            repo_type="dataset",
            revision=self.branch,
            parent_commit=head,
        )
        return str(info.oid)

    def _tag(self, commit: str, repo: dict[str, Any]) -> str:
        """Puts the version tag on the commit. A kill between the two steps is mended by the next
        run."""
        import json

        from huggingface_hub.errors import RevisionNotFoundError

        tag = str(json.loads((self.root / "meta/info.json").read_bytes())["codebase_version"])

        def once() -> None:
            refs = self.hub.list_repo_refs(**repo)
            at = [each.target_commit for each in refs.tags if each.name == tag]
            if at == [commit]:
                return
            if at:
                try:
                    self.hub.delete_tag(**repo, tag=tag)
                except RevisionNotFoundError:
                    pass
            self.hub.create_tag(**repo, tag=tag, revision=commit, exist_ok=True)

        patiently(once)
        return tag


def _hashed(root: Path, place: Path, counter: Counter) -> _LocalFile:
    size_bytes = place.stat().st_size
    sha256, git_hash = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
    with place.open("rb") as file:
        while chunk := file.read(1 << 20):
            sha256.update(chunk)
            git_hash.update(chunk)
            counter.add(len(chunk))
    counter.add(0, num_files=1)
    path = place.relative_to(root).as_posix()
    return _LocalFile(path, place, size_bytes, sha256.hexdigest(), git_hash.hexdigest())


def _hashes(content: bytes) -> tuple[str, str]:
    git_hash = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return hashlib.sha256(content).hexdigest(), git_hash
