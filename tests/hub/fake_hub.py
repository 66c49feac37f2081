"""A server that speaks as much of the Hub's HTTP API as huggingface_hub uses for datasets, with
faults on demand.

    with FakeHub() as hub:
        hub.add("lab/kitchen", folder, tags=["v3.0"])
        hub.fail(r"resolve/.*mp4", 503, times=2)
"""

import base64
import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_testTokenThatNobodyMaySee"
LFS_NAMES = (".parquet", ".mp4")
PAGE = 5  # of a listing


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Repository:
    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        text = "".join(f"{path} {git_hash(content)}\n" for path, content in sorted(files.items()))
        sha = hashlib.sha1(f"{len(self.commits)} {text}".encode()).hexdigest()
        self.commits[sha] = dict(files)
        self.branches[branch] = sha
        return sha

    def resolve(self, revision: str) -> str | None:
        known = self.branches | self.tags | {sha: sha for sha in self.commits}
        return known.get(revision)

    @property
    def main(self) -> dict[str, bytes]:
        return self.commits[self.branches["main"]]


@dataclass
class Fault:
    pattern: str  # of "METHOD /path"
    kind: object  # a status, "drop", "cut", "stall", "wrong", "lost", or seconds to wait
    times: int
    retry_after: str | None = None


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    host: str
    authorization: str
    range: str


class FakeHub:
    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.lfs: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.stalled: list[str] = []
        self.before_commit = lambda: None
        self.part_bytes: int | None = None  # of multipart uploads
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> "FakeHub":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """What a process needs to use it."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home / "hf"),
            "HF_LEROBOT_HOME": str(home / "lerobot"),
            "HF_HUB_CACHE": str(home / "hf/hub"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_TOKEN": "",
            "NO_PROXY": "*",
        } | more

    def add(self, name: str, folder: Path, *, tags: tuple[str, ...] = (), card: str = "", **more: bool) -> str:
        """Makes a dataset of a folder, or a new commit of it; returns the commit."""
        repository = self.repositories.setdefault(name, Repository(**more))
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        if card:
            files["README.md"] = card.encode()
        sha = repository.commit(files)
        repository.tags |= dict.fromkeys(tags, sha)
        return sha

    def fail(self, pattern: str, kind: object, times: int = 1, retry_after: str | None = "0") -> None:
        self.faults.append(Fault(pattern, kind, times, retry_after))

    def fault_for(self, text: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, text):
                    fault.times -= 1
                    return fault
        return None

    def asked(self, pattern: str) -> list[Request]:
        return [one for one in self.requests if re.search(pattern, f"{one.method} {one.path}")]

    def forget(self) -> None:
        self.requests.clear()
        self.faults.clear()
        self.stalled.clear()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def handle_any(self) -> None:
        split = urlsplit(self.path)
        path = unquote(split.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        headers = [self.headers.get(name, "") for name in ("host", "authorization", "range")]
        self.hub.requests.append(Request(self.command, path, *headers))
        self.fault = self.hub.fault_for(f"{self.command} {path}")
        if self.fault is not None:
            if isinstance(self.fault.kind, float):
                time.sleep(self.fault.kind)
            elif isinstance(self.fault.kind, int):
                more = {"Retry-After": self.fault.retry_after} if self.fault.retry_after else {}
                return self.send(self.fault.kind, {"error": "on demand"}, **more)
            elif self.fault.kind == "drop":
                self.close_connection = True
                return
        for method, pattern, answer in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in method.split():
                return answer(self, *match.groups(), query=query)
        self.send(404, {"error": f"no route for {self.command} {path}"})

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

    def send(self, status: int, content: object = None, **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        kind = self.fault.kind if self.fault is not None else None
        if kind == "lost":  # it was done, and nobody is told
            self.close_connection = True
            return
        cut = kind in ("cut", "stall")
        if self.fault is not None and self.fault.kind == "wrong" and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.wfile.flush()
            self.close_connection = True
        if kind == "stall":
            self.hub.stalled.append(self.path)
            time.sleep(20)

    def repository(self, name: str) -> Repository | None:
        """The repository, or an answer that says why not."""
        repository = self.hub.repositories.get(name)
        is_known = self.headers.get("authorization") == f"Bearer {TOKEN}"
        if repository is None or (repository.private and not is_known):
            self.send(401, {"error": "no such repository"}, X_Error_Code="RepoNotFound", X_Error_Message="not found")
            return None
        if repository.gated and not is_known:
            self.send(403, {"error": "gated"}, X_Error_Code="GatedRepo", X_Error_Message="gated")
            return None
        return repository

    def commit_of(self, repository: Repository, revision: str) -> str | None:
        sha = repository.resolve(revision)
        if sha is None:
            self.send(404, {"error": "no such revision"}, X_Error_Code="RevisionNotFound", X_Error_Message="no revision")
        return sha

    # Reading

    def refs(self, name: str, query: dict[str, str]) -> None:
        if repository := self.repository(name):

            def rows(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
                return [{"name": ref, "ref": f"refs/{kind}/{ref}", "targetCommit": sha} for ref, sha in refs.items()]

            self.send(200, {"branches": rows("heads", repository.branches), "converts": [], "tags": rows("tags", repository.tags)})

    def info(self, name: str, revision: str | None = None, *, query: dict[str, str]) -> None:
        if (repository := self.repository(name)) and (sha := self.commit_of(repository, revision or "main")):
            siblings = [{"rfilename": path} for path in repository.commits[sha]]
            self.send(200, {"id": name, "sha": sha, "private": repository.private, "siblings": siblings, "tags": []})

    def tree(self, name: str, revision: str, query: dict[str, str]) -> None:
        if (repository := self.repository(name)) and (sha := self.commit_of(repository, revision)):
            files = sorted(repository.commits[sha].items())
            first = int(query.get("cursor", 0))
            more = {}
            if first + PAGE < len(files):
                link = f"{self.hub.url}/api/datasets/{name}/tree/{revision}?recursive=true&cursor={first + PAGE}"
                more["Link"] = f'<{link}>; rel="next"'
            self.send(200, [_entry(*file) for file in files[first : first + PAGE]], **more)

    def resolve(self, name: str, revision: str, path: str, query: dict[str, str]) -> None:
        if not (repository := self.repository(name)) or not (sha := self.commit_of(repository, revision)):
            return
        content = repository.commits[sha].get(path)
        if content is None:
            return self.send(404, {"error": "no such file"}, X_Error_Code="EntryNotFound", X_Error_Message="no file")
        headers = {"X_Repo_Commit": sha, "ETag": f'"{_entry(path, content)["oid"]}"'}
        if path.endswith(LFS_NAMES):
            # Another host, which must not see the token.
            headers |= {"X_Linked_Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X_Linked_Size": str(len(content))}
            place = f"http://localhost:{self.hub.port}/blobs/{name}/{sha}/{path}?Signature=secret"
            return self.send(302, b"", Location=place, **headers)
        self.send_content(content, **headers)

    def blob(self, name: str, sha: str, path: str, query: dict[str, str]) -> None:
        self.send_content(self.hub.repositories["/".join(name.split("/"))].commits[sha][path])

    def send_content(self, content: bytes, **headers: str) -> None:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        if match:
            first = int(match[1])
            headers["Content_Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            return self.send(206, content[first:], **headers)
        self.send(200, content, **headers)

    # Writing

    def may_write(self) -> bool:
        if self.headers.get("authorization") == f"Bearer {TOKEN}":
            return True
        self.send(403, {"error": "not yours"})
        return False

    def create(self, query: dict[str, str]) -> None:
        if not self.may_write():
            return
        asked = json.loads(self.body)
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.hub.repositories:
            return self.send(409, {"error": "exists", "url": f"{self.hub.url}/datasets/{name}"})
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        repository = self.hub.repositories[name] = Repository(private=private)
        repository.commit({".gitattributes": b"*.mp4 filter=lfs diff=lfs merge=lfs -text\n"})
        self.send(200, {"url": f"{self.hub.url}/datasets/{name}", "name": name})

    def branch(self, name: str, branch: str, query: dict[str, str]) -> None:
        if self.may_write() and (repository := self.repository(name)):
            if branch in repository.branches:
                return self.send(409, {"error": "exists"})
            repository.branches[branch] = repository.branches["main"]
            self.send(200, {})

    def tag(self, name: str, revision: str, query: dict[str, str]) -> None:
        if not self.may_write() or not (repository := self.repository(name)):
            return
        if self.command == "DELETE":
            if repository.tags.pop(revision, None) is None:
                return self.send(404, {"error": "no tag"}, X_Error_Code="RevisionNotFound", X_Error_Message="no tag")
            return self.send(200, {})
        tag = json.loads(self.body)["tag"]
        if tag in repository.tags:
            return self.send(409, {"error": "exists"})
        sha = self.commit_of(repository, revision)
        if sha:
            repository.tags[tag] = sha
            self.send(200, {})

    def preupload(self, name: str, revision: str, query: dict[str, str]) -> None:
        if self.may_write() and (repository := self.repository(name)) and (sha := self.commit_of(repository, revision)):
            files = []
            for file in json.loads(self.body)["files"]:
                old = repository.commits[sha].get(file["path"])
                mode = "lfs" if file["path"].endswith(LFS_NAMES) else "regular"
                oid = _entry(file["path"], old)["oid"] if old is not None else None
                files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
            self.send(200, {"files": files})

    def batch(self, name: str, query: dict[str, str]) -> None:
        if not self.may_write():
            return
        objects = []
        for one in json.loads(self.body)["objects"]:
            answer = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.hub.lfs:
                place, part = f"{self.hub.url}/upload/{one['oid']}", self.hub.part_bytes
                upload: dict[str, object] = {"href": place}
                if part is not None and one["size"] > part:
                    numbers = range(1, -(-one["size"] // part) + 1)
                    parts = {str(number): f"{place}/{number}" for number in numbers}
                    upload = {"href": f"{place}/complete", "header": {"chunk_size": str(part)} | parts}
                answer["actions"] = {"upload": upload, "verify": {"href": f"{self.hub.url}/verify"}}
            objects.append(answer)
        self.send(200, {"objects": objects, "transfer": "basic"})

    def upload(self, oid: str, part: str | None = None, *, query: dict[str, str]) -> None:
        key = oid if part is None else f"{oid}/{part}"
        if part == "complete":
            parts = [self.hub.lfs.pop(f"{oid}/{number}") for number in self.part_numbers(oid)]
            self.body, key = b"".join(parts), oid
        if "/" not in key and hashlib.sha256(self.body).hexdigest() != oid:
            return self.send(400, {"error": "another hash"})
        self.hub.lfs[key] = self.body
        self.send(200, {}, ETag=f'"{len(self.body)}"')

    def part_numbers(self, oid: str) -> list[int]:
        return sorted(int(key.partition("/")[2]) for key in self.hub.lfs if key.startswith(f"{oid}/"))

    def verify(self, query: dict[str, str]) -> None:
        asked = json.loads(self.body)
        self.send(200 if len(self.hub.lfs.get(asked["oid"], b"")) == asked["size"] else 404, {})

    def commit(self, name: str, revision: str, query: dict[str, str]) -> None:
        if not self.may_write() or not (repository := self.repository(name)):
            return
        self.hub.before_commit()
        lines = [json.loads(line) for line in self.body.splitlines()]
        head = repository.branches[revision]
        if lines[0]["value"].get("parentCommit") not in (None, head):
            return self.send(412, {"error": "the branch has moved"})
        files = dict(repository.commits[head])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.lfs[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
            else:
                raise AssertionError(line["key"])
        sha = repository.commit(files, revision)
        self.send(200, {"commitOid": sha, "commitUrl": f"{self.hub.url}/datasets/{name}/commit/{sha}"})

    def validate(self, query: dict[str, str]) -> None:
        self.send(200, {"errors": [], "warnings": []})


def _entry(path: str, content: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": git_hash(content)}
    if path.endswith(LFS_NAMES):
        oid = hashlib.sha256(content).hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n".encode()
        entry |= {"oid": git_hash(pointer), "lfs": {"oid": oid, "size": len(content), "pointerSize": len(pointer)}}
    return entry


_NAME = r"([^/]+/[^/]+)"
_ROUTES = [
    ("GET", rf"/api/datasets/{_NAME}/refs", _Handler.refs),
    ("GET", rf"/api/datasets/{_NAME}/revision/(.+)", _Handler.info),
    ("GET", rf"/api/datasets/{_NAME}/tree/([^/]+)", _Handler.tree),
    ("GET", rf"/api/datasets/{_NAME}", _Handler.info),
    ("GET HEAD", rf"/datasets/{_NAME}/resolve/([^/]+)/(.+)", _Handler.resolve),
    ("GET HEAD", rf"/blobs/{_NAME}/([^/]+)/(.+)", _Handler.blob),
    ("POST", r"/api/repos/create", _Handler.create),
    ("POST", rf"/api/datasets/{_NAME}/branch/(.+)", _Handler.branch),
    ("POST DELETE", rf"/api/datasets/{_NAME}/tag/(.+)", _Handler.tag),
    ("POST", rf"/api/datasets/{_NAME}/preupload/(.+)", _Handler.preupload),
    ("POST", rf"/datasets/{_NAME}\.git/info/lfs/objects/batch", _Handler.batch),
    ("PUT", r"/upload/([^/]+)", _Handler.upload),
    ("PUT POST", r"/upload/([^/]+)/([^/]+)", _Handler.upload),
    ("POST", r"/verify", _Handler.verify),
    ("POST", rf"/api/datasets/{_NAME}/commit/(.+)", _Handler.commit),
    ("POST", r"/api/validate-yaml", _Handler.validate),
]
