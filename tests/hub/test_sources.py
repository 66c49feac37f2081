"""Sources on the Hub: which files are downloaded, from where, and what the result keeps of them."""

import json
import re
import shutil

import pytest
from fake_hub import TOKEN
from kitchens import CAMERAS, names, payload, tree

HUB_1, HUB_2 = "hf://datasets/lab/kitchen_1", "hf://datasets/lab/kitchen_2"


@pytest.fixture
def commits(hub, kitchens) -> list[str]:
    return [hub.add(f"lab/{kitchen.name}", kitchen, tags=("v3.0",)) for kitchen in kitchens]


def test_sources_on_the_hub_are_merged_as_local_ones(robomerge, hub, kitchens, commits, tmp_path):
    robomerge("merge", HUB_1, kitchens[1], "-o", "from_hub")
    robomerge("merge", *kitchens, "-o", "local")
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")
    assert names(tmp_path / "from_hub") == [f"lab/kitchen_1@{commits[0]}", None]
    # Each file is downloaded once, and not again.
    assert len(payload(hub)) == 4 + 2 * 4
    assert len(hub.asked("GET /datasets/.*mp4")) == 2 * 4
    hub.forget()
    robomerge("merge", HUB_1, kitchens[1], "-o", "again")
    assert payload(hub) == []
    assert tree(tmp_path / "again") == tree(tmp_path / "local")


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (
            ("--episodes", "1,3", "--drop", CAMERAS[1]),
            ["data/chunk-000/file-001.parquet", "data/chunk-000/file-003.parquet"]
            + [f"videos/{CAMERAS[0]}/chunk-000/file-00{number}.mp4" for number in (1, 3)],
        ),
        (
            # The names of the source decide, not those that the rules give.
            ("--select-task", "task 2", "--rename", f"{CAMERAS[0]}=observation.images.a", "--drop", "*.a"),
            ["data/chunk-000/file-002.parquet", f"videos/{CAMERAS[1]}/chunk-000/file-002.mp4"],
        ),
        (
            # The rows of all episodes tell which videos are needed.
            ("--where", "frame_index = 6", "--exclude-episodes", "0"),
            [f"data/chunk-000/file-00{number}.parquet" for number in (1, 2, 3)]
            + [f"videos/{camera}/chunk-000/file-003.mp4" for camera in CAMERAS],
        ),
        (("--min-frames", "7", "--drop", "observation.images.*"), ["data/chunk-000/file-003.parquet"]),
    ],
)
def test_only_what_the_rules_need_is_downloaded(robomerge, hub, kitchens, commits, tmp_path, flags, wanted):
    robomerge("merge", HUB_1, "-o", "from_hub", *flags)
    assert payload(hub) == wanted
    robomerge("merge", kitchens[0], "-o", "local", *flags)
    from_hub, local = tree(tmp_path / "from_hub"), tree(tmp_path / "local")
    # The fingerprint is that of what was read.
    from_hub.pop("record"), local.pop("record")
    assert from_hub == local
    robomerge("verify", "from_hub", "--against", kitchens[0])
    hub.forget()
    robomerge("verify", "from_hub", "--against", HUB_1)
    assert payload(hub) == []


def test_what_else_the_cache_holds_does_not_show(robomerge, hub, commits, tmp_path):
    robomerge("merge", HUB_1, "-o", "few", "--episodes", "1")
    robomerge("merge", HUB_1, "-o", "all")
    robomerge("merge", HUB_1, "-o", "few_again", "--episodes", "1")
    assert (tmp_path / "few/meta/robomerge.json").read_bytes() == (tmp_path / "few_again/meta/robomerge.json").read_bytes()
    assert "Nothing to do" in robomerge("merge", HUB_1, "-o", "few", "--episodes", "1")


def test_a_rule_that_cannot_be_is_refused_before_any_payload(robomerge, hub, commits):
    for flags in (("--rename", "nothing=else"), ("--episodes", "9")):
        (error,) = robomerge.errors("merge", HUB_1, "-o", "nothing", *flags, code=2)
        assert error["kind"] == "E-rule"
    assert payload(hub) == []


def test_a_revision_is_a_tag_a_branch_or_a_commit(robomerge, hub, kitchens, tmp_path):
    old = hub.add("lab/k", kitchens[0], tags=("v2.1", "v3.0", "first"))
    new = hub.add("lab/k", kitchens[1])
    for revision, commit in (("", old), ("@first", old), ("@main", new), (f"@{new}", new)):
        robomerge("merge", f"hf://datasets/lab/k{revision}", "-o", f"to{revision}")
        assert names(tmp_path / f"to{revision}") == [f"lab/k@{commit}"]
    hub.add("lab/untagged", kitchens[0], tags=("v2.1", "v4.0"))
    robomerge("merge", "hf://datasets/lab/untagged", "-o", "untagged")
    (error,) = robomerge.errors("merge", "hf://datasets/lab/k@v9", "-o", "nothing", code=1)
    assert (error["kind"], error["source"]) == ("E-hub", "hf://datasets/lab/k@v9")


def test_a_whole_snapshot_of_a_commit_needs_no_hub(robomerge, hub, commits, tmp_path):
    pinned = f"{HUB_1}@{commits[0]}"
    robomerge("merge", pinned, "-o", "first")
    hub.forget()
    robomerge("merge", pinned, "-o", "second")
    assert hub.requests == []
    robomerge("inspect", HUB_1)  # which commit is the newest is kept
    hub.forget()
    robomerge("merge", pinned, HUB_1, "-o", "third", HF_HUB_OFFLINE="1")
    assert hub.requests == []


def test_the_hubs_own_cache_is_read(robomerge, hub, commits, tmp_path):
    robomerge("merge", HUB_1, "-o", "first")
    (tmp_path / "hf").mkdir(exist_ok=True)
    shutil.move(tmp_path / "lerobot/hub", tmp_path / "hf/hub")
    hub.forget()
    robomerge("merge", f"{HUB_1}@{commits[0]}", "-o", "second")
    assert hub.requests == []


def test_offline_all_that_is_missing_is_named(robomerge, hub, commits):
    errors = robomerge.errors("merge", HUB_1, HUB_2, "-o", "x", code=1, HF_HUB_OFFLINE="1")
    assert [(error["kind"], error["source"]) for error in errors] == [("E-hub-offline", HUB_1), ("E-hub-offline", HUB_2)]
    robomerge("merge", HUB_1, "-o", "one", "--episodes", "0")
    errors = robomerge.errors("merge", HUB_1, "-o", "x", code=1, HF_HUB_OFFLINE="1")
    assert {error["kind"] for error in errors} == {"E-hub-offline"}
    assert {error["where"] for error in errors} == (
        {f"data/chunk-000/file-00{number}.parquet" for number in (1, 2, 3)}
        | {f"videos/{camera}/chunk-000/file-00{number}.mp4" for number in (1, 2, 3) for camera in CAMERAS}
    )


def test_a_private_dataset_needs_a_token_which_is_never_shown(robomerge, hub, kitchens, tmp_path):
    hub.add("lab/secret", kitchens[0], private=True)
    hub.add("lab/gated", kitchens[0], gated=True)
    errors = robomerge.errors("merge", "hf://datasets/lab/secret", "hf://datasets/lab/gated", "-o", "x", code=1)
    assert [error["kind"] for error in errors] == ["E-hub", "E-hub"]
    assert "hf auth login" in errors[0]["hint"] and "ask for access" in errors[1]["hint"]
    both = ("hf://datasets/lab/secret", "hf://datasets/lab/gated")
    text = robomerge("merge", *both, "-o", "merged", "-v", HF_TOKEN=TOKEN)
    hub.fail(r"mp4", 404, times=99)
    shutil.rmtree(tmp_path / "lerobot")
    text += robomerge("merge", *both, "-o", "other", code=1, HF_TOKEN=TOKEN)
    assert TOKEN not in text and "Signature" not in text
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()
    # Files in LFS lie on another host.
    elsewhere = [request for request in hub.requests if request.host.startswith("localhost")]
    assert elsewhere and not any(request.authorization for request in elsewhere)


def test_a_list_from_the_hub_leads_nowhere_else(robomerge, hub, kitchens, commits, tmp_path):
    repository = hub.repositories["lab/kitchen_1"]
    hostile = {"meta/../../../../../out": b"x", "meta//x": b"x", "/meta/x": b"x"}
    repository.tags["v3.0"] = repository.commit(repository.main | hostile)
    robomerge("merge", HUB_1, "-o", "merged")
    assert not hub.asked("out")
    assert not list(tmp_path.rglob("out"))


def test_other_commands_take_addresses_too(robomerge, hub, kitchens, commits, tmp_path):
    assert re.search(r"episodes +4", robomerge("inspect", HUB_1))
    assert "nothing differs" in robomerge("verify", HUB_2)
    hub.forget()
    shutil.rmtree(tmp_path / "lerobot")
    robomerge("compare", HUB_1, HUB_2)
    assert payload(hub) == [f"videos/{camera}/chunk-000/file-000.mp4" for camera in CAMERAS]
    robomerge("compare", HUB_1, HUB_2, "--recipe-out", "r.yaml")
    robomerge("merge", "--recipe", "r.yaml")
    assert names(tmp_path / "merged") == [f"lab/kitchen_{at + 1}@{commits[at]}" for at in (0, 1)]
    (tmp_path / "list.txt").write_text(f"{HUB_1}\n")
    robomerge("describe", "--from", "list.txt", "--partial", "partial", "--episodes", "2")
    robomerge("plan", "--partial", "partial", "-o", "staged", "--plan", "plan")
    robomerge("write", "--plan", "plan")
    robomerge("publish", "--plan", "plan")
    robomerge("merge", HUB_1, "-o", "at_once", "--episodes", "2")
    assert tree(tmp_path / "staged") == tree(tmp_path / "at_once")
    assert "1 of 4 episodes chosen" in robomerge("merge", HUB_1, "--episodes", "2", "--list-episodes")


def test_a_recipe_names_them(robomerge, hub, commits, tmp_path):
    (tmp_path / "recipes").mkdir()
    recipe = {"output": "../kitchen", "sources": [{"path": HUB_1, "name": "ours", "episodes": 0}, HUB_2]}
    (tmp_path / "recipes/r.yaml").write_text(json.dumps(recipe))
    robomerge("merge", "--recipe", "recipes/r.yaml")
    assert names(tmp_path / "kitchen") == ["ours", f"lab/kitchen_2@{commits[1]}"]


@pytest.mark.parametrize(
    "address",
    ["hf://lab/kitchen", "hf://datasets/kitchen", "hf://datasets/../x", "hf://datasets/a/b/c", "hf:datasets/a/b"]
    + ["hf://datasets/a/b@", "hf://datasets/a/b@x y", "hf://datasets/a/b@../c", "hf://models/a/b", "hf://datasets/-a/b"],
)
def test_what_is_no_address_is_refused(robomerge, hub, address):
    (error,) = robomerge.errors("merge", address, "-o", "x", code=2)
    assert (error["kind"], error["where"]) == ("E-hub-address", address)
    assert hub.requests == []


def test_a_destination_on_the_hub_is_refused(robomerge, hub, kitchens):
    (error,) = robomerge.errors("merge", kitchens[0], "-o", "hf://datasets/lab/x", code=2)
    assert error["kind"] == "E-destination" and "robomerge push" in error["hint"]


def test_without_a_python_the_way_to_one_is_told(robomerge, hub, commits, tmp_path):
    (error,) = robomerge.errors("merge", HUB_1, "-o", "x", code=1, ROBOMERGE_PYTHON="/no/python")
    assert error["kind"] == "E-hub-python" and "robomerge[hub]" in error["hint"]
    import sys

    for flag, missing in (("-I", "robomerge"), ("-S", "huggingface_hub")):
        wrapper = tmp_path / f"python{flag}"
        wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {flag} "$@"\n')
        wrapper.chmod(0o755)
        (error,) = robomerge.errors("merge", HUB_1, "-o", "x", code=1, ROBOMERGE_PYTHON=str(wrapper))
        assert error["kind"] == "E-hub-python"
        assert missing in error["what"] and "install" in error["hint"]
