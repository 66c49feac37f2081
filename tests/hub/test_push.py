"""A dataset on the Hub becomes what a folder is."""

import json
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from fake_hub import TOKEN
from kitchens import tree

TARGET = "hf://datasets/lab/new"


@pytest.fixture
def push(robomerge):
    def run(root: object, *words: object, code: int = 0, target: str = TARGET) -> str:
        return robomerge("push", root, target, *words, code=code, HF_TOKEN=TOKEN)

    return run


@pytest.fixture
def kitchen(robomerge, kitchens, tmp_path) -> Path:
    """A result with a record, whose source has no name."""
    robomerge("merge", kitchens[0], "-o", "kitchen", "--no-concatenate-data", "--no-concatenate-videos")
    return tmp_path / "kitchen"


def on_hub(hub, name: str = "lab/new", branch: str = "main") -> dict[str, bytes]:
    repository = hub.repositories[name]
    files = dict(repository.commits[repository.branches[branch]])
    files.pop(".gitattributes", None)
    return files


def local(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_new_dataset(push, hub, robomerge, kitchen, tmp_path):
    (kitchen / ".hidden").mkdir()
    (kitchen / ".hidden/x").write_text("x")
    (kitchen / "images").mkdir()
    (kitchen / "images/x.png").write_text("x")
    text = push("kitchen")
    shutil.rmtree(kitchen / ".hidden")
    shutil.rmtree(kitchen / "images")
    files = on_hub(hub)
    card = files.pop("README.md").decode()
    assert files == local(kitchen)
    repository = hub.repositories["lab/new"]
    assert repository.tags == {"v3.0": repository.branches["main"]}
    assert not repository.private
    assert len(repository.commits) == 2  # with the one that makes it
    assert "LeRobot" in card and "task_categories" in card and "data/*/*.parquet" in card
    assert f"{TARGET}@{repository.branches['main']}" in text
    # LeRobot's own reader of cards.
    from huggingface_hub import DatasetCard

    data = DatasetCard(card).data.to_dict()
    assert data["tags"] == ["LeRobot"] and data["task_categories"] == ["robotics"] and "license" not in data
    robomerge("merge", TARGET, "-o", "back")
    robomerge("merge", "kitchen", "-o", "straight")
    assert tree(tmp_path / "back") == tree(tmp_path / "straight")


def test_only_what_differs_is_sent(push, hub, kitchen, robomerge, kitchens):
    push("kitchen")
    old = on_hub(hub)
    hub.forget()
    assert "Nothing to push" in push("kitchen")
    assert not hub.asked("^(PUT|DELETE)") and not hub.asked("POST .*(batch|commit|tag)")
    robomerge("merge", kitchens[0], "-o", "kitchen", "--episodes", "0-2", "--overwrite", "--no-concatenate-data", "--no-concatenate-videos")
    push("kitchen")
    new = on_hub(hub)
    # The files of the last episode are gone. Of the others, only metadata differ.
    assert {path for path in old if path not in new} == {path for path in old if "file-003." in path}
    assert {path.partition("/")[0] for path in new if new[path] != old.get(path)} == {"meta", "README.md"}
    assert len(hub.asked("^PUT")) == sum(path.endswith(".parquet") and new[path] != old[path] for path in new)
    repository = hub.repositories["lab/new"]
    assert repository.tags == {"v3.0": repository.branches["main"]}


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("PUT /upload", 503),
        ("PUT /upload", "drop"),
        ("POST .*batch", 429),
        ("POST .*preupload", 500),
        ("POST .*/commit/", 503),
        ("POST .*/commit/", "lost"),
        ("POST .*/tag/", 500),
        ("POST .*/tag/", "lost"),
        ("POST .*create", 502),
        ("GET .*/tree/", "cut"),
    ],
)
def test_what_fails_for_a_while_is_done_again(push, hub, kitchen, pattern, kind):
    hub.fail(pattern, kind)
    push("kitchen")
    files = on_hub(hub)
    files.pop("README.md")
    repository = hub.repositories["lab/new"]
    assert files == local(kitchen)
    assert repository.tags == {"v3.0": repository.branches["main"]}
    assert len(repository.commits) == 2


def test_large_files_go_in_parts(push, hub, kitchen):
    hub.part_bytes = 1000
    push("kitchen")
    assert hub.asked("PUT /upload/.*/2")
    files = on_hub(hub)
    files.pop("README.md")
    assert files == local(kitchen)


def test_what_stays_so_is_told_and_the_same_command_goes_on(push, hub, kitchen, robomerge):
    hub.fail("POST .*/tag/", 400, times=10**6)
    errors = robomerge.errors("push", "kitchen", TARGET, code=4, HF_TOKEN=TOKEN)
    assert [error["kind"] for error in errors] == ["E-hub"]
    hub.forget()
    push("kitchen")
    assert not hub.asked("^PUT") and not hub.asked("/commit/")
    repository = hub.repositories["lab/new"]
    assert repository.tags == {"v3.0": repository.branches["main"]}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_push_that_is_stopped_goes_on(push, hub, kitchen, robomerge, how):
    hub.fail("PUT /upload", 0.0, times=6)
    hub.fail("PUT /upload", 5.0, times=10**6)
    process = robomerge.start("push", "kitchen", TARGET, HF_TOKEN=TOKEN)
    end = time.monotonic() + 30
    while len(hub.lfs) < 6:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    assert on_hub(hub) == {}  # others see nothing of it
    arrived = set(hub.lfs)
    hub.forget()
    push("kitchen")
    sent = {request.path.rpartition("/")[2] for request in hub.asked("^PUT")}
    assert sent and not sent & arrived
    files = on_hub(hub)
    files.pop("README.md")
    assert files == local(kitchen)


def test_private_means_private(push, hub, kitchen, robomerge):
    push("kitchen", "--private")
    assert hub.repositories["lab/new"].private
    push("kitchen", "--private")
    hub.repositories["lab/new"].private = False
    (error,) = robomerge.errors("push", "kitchen", TARGET, "--private", code=1, HF_TOKEN=TOKEN)
    assert error["kind"] == "E-hub" and "public" in error["what"]


def test_a_branch(push, hub, kitchen):
    push("kitchen", "--branch", "trial")
    repository = hub.repositories["lab/new"]
    assert "data/chunk-000/file-000.parquet" in on_hub(hub, branch="trial")
    assert on_hub(hub) == {}
    assert repository.tags == {"v3.0": repository.branches["trial"]}


def test_another_push_meanwhile_is_not_undone(push, hub, kitchen, robomerge):
    push("kitchen")
    (kitchen / "meta/more.txt").write_text("more")
    other = hub.repositories["lab/new"]
    # Between the list and the commit, somebody else commits.
    hub.before_commit = lambda: other.commit(other.main | {"theirs.txt": b"theirs"})
    (error,) = robomerge.errors("push", "kitchen", TARGET, code=1, HF_TOKEN=TOKEN)
    hub.before_commit = lambda: None
    assert error["kind"] == "E-hub" and "somebody else" in error["hint"]
    assert "meta/more.txt" not in other.main
    push("kitchen")
    assert {"theirs.txt", "meta/more.txt"} <= set(other.main)


def test_who_may_not_write_is_told(hub, kitchen, robomerge):
    (error,) = robomerge.errors("push", "kitchen", TARGET, code=4)
    assert error["kind"] == "E-hub" and "token" in error["hint"]
    assert hub.repositories == {}


def test_a_dataset_that_is_not_sound_is_not_pushed(hub, kitchen, robomerge):
    next((kitchen / "data").rglob("*.parquet")).unlink()
    (error,) = robomerge.errors("push", "kitchen", TARGET, code=1, HF_TOKEN=TOKEN)
    assert error["kind"] == "E-missing-file"
    assert hub.requests == []


def card_of(licence: str | None) -> str:
    return f"---\nlicense: {licence}\n---\n# hello\n" if licence else "# hello\n"


@pytest.mark.parametrize(
    ("licences", "stated", "warning"),
    [
        (("mit", "MIT"), "mit", ""),
        (("other\nlicense_name: lab-1",) * 2, "other", ""),
        (("[mit, cc0-1.0]",) * 2, ["mit", "cc0-1.0"], ""),
        (("other\nlicense_name: lab-1", "other\nlicense_name: lab-2"), None, "differ: other (lab-1), other (lab-2)"),
        (("mit", "cc-by-4.0"), None, "differ: cc-by-4.0, mit"),
        (("mit", None), None, "not known; of others: mit"),
        ((None, None), None, "are not known"),
    ],
)
def test_the_card_lists_sources_and_licences(push, hub, robomerge, kitchens, licences, stated, warning):
    for kitchen, licence in zip(kitchens, licences, strict=True):
        hub.add(f"lab/{kitchen.name}", kitchen, tags=("v3.0",), card=card_of(licence))
    commits = [hub.repositories[f"lab/{kitchen.name}"].branches["main"] for kitchen in kitchens]
    robomerge("merge", *(f"hf://datasets/lab/{kitchen.name}" for kitchen in kitchens), "-o", "both")
    text = push("both")
    assert ("W-licences" in text) == bool(warning) and warning in text
    from huggingface_hub import DatasetCard

    card = DatasetCard(on_hub(hub)["README.md"].decode())
    assert card.data.license == stated
    assert warning in card.text
    for kitchen, commit, licence in zip(kitchens, commits, licences, strict=True):
        assert f"[lab/{kitchen.name}](https://huggingface.co/datasets/lab/{kitchen.name})" in card.text
        stated_there = re.sub(r"other\nlicense_name: (\S+)", r"other (\1)", licence or "not known").lower()
        assert f"| `{commit[:12]}` |" in card.text and f"| {stated_there.strip('[]')} |" in card.text


def test_licences_are_asked_for_where_the_cache_has_none(push, hub, robomerge, kitchens, tmp_path):
    hub.add("lab/kitchen_1", kitchens[0], tags=("v3.0",), card=card_of("mit"))
    robomerge("merge", "hf://datasets/lab/kitchen_1", "-o", "one")
    shutil.rmtree(tmp_path / "lerobot")
    push("one")
    assert "license: mit" in on_hub(hub)["README.md"].decode()


def test_a_card_of_somebody_is_kept(push, hub, kitchen):
    push("kitchen")
    repository = hub.repositories["lab/new"]
    repository.commit(repository.main | {"README.md": b"mine"})
    assert "W-card-kept" in push("kitchen")
    assert on_hub(hub)["README.md"] == b"mine"
    (kitchen / "README.md").write_text("---\nlicense: mit\n---\nfrom the folder")
    assert "W-card-kept" not in push("kitchen")
    assert b"from the folder" in on_hub(hub)["README.md"]


def test_json(robomerge, hub, kitchen):
    lines = robomerge("push", "kitchen", TARGET, "--json", HF_TOKEN=TOKEN).splitlines()
    summary = json.loads(lines[-1])
    assert summary["message_type"] == "summary"
    assert summary["num_files_uploaded"] == summary["num_files"] == len(on_hub(hub))
    assert summary["address"].startswith(TARGET + "@")


def test_the_token_is_not_shown(push, hub, kitchen, robomerge):
    hub.fail("PUT", 400, times=10**6)
    text = push("kitchen", "-v", code=4)
    assert TOKEN not in text


def test_arguments(robomerge, kitchen):
    for words, kind in (
        (("kitchen",), "E-path"),
        (("kitchen", "lab/new"), "E-hub-address"),
        (("kitchen", f"{TARGET}@v3.0"), "E-hub-address"),
    ):
        (error,) = robomerge.errors("push", *words, code=2)
        assert error["kind"] == kind
