"""After a dataset was replaced, LeRobot in this process forgets which videos it has open."""

import sys
from types import ModuleType, SimpleNamespace

import pytest
import robomerge
import robomerge.lerobot

NAME = "lerobot.datasets.video_utils"


@pytest.fixture
def cleared(monkeypatch) -> list:
    """Has an element for each time that LeRobot's cache was cleared."""
    calls: list = []
    module = ModuleType(NAME)
    module._default_decoder_cache = SimpleNamespace(clear=lambda: calls.append(None))
    monkeypatch.setitem(sys.modules, NAME, module)
    monkeypatch.setitem(sys.modules, "lerobot.datasets.lerobot_dataset", None)
    monkeypatch.setitem(sys.modules, "lerobot.datasets.dataset_metadata", None)
    return calls


def _modify_tasks(root, more):
    meta = SimpleNamespace(total_episodes=2, tasks=SimpleNamespace(index=["stack the cups"]))
    robomerge.lerobot.modify_tasks(SimpleNamespace(repo_id="lab/a", root=root, meta=meta), "wash the cup")


IN_PLACE = {
    "edit": lambda root, more: robomerge.edit(robomerge.Source(root, exclude_episodes=[0])),
    "append": lambda root, more: robomerge.append(root, [more]),
    "remove_source": lambda root, more: robomerge.remove_source(root, 1),
    "stats": lambda root, more: robomerge.stats(root, rewrite=True),
    "convert": lambda root, more: robomerge.convert(root, in_place=True, codebase_version="2.1"),
    "modify_tasks": _modify_tasks,
    "merge over it": lambda root, more: robomerge.merge([more], root, overwrite=True),
    "edit over it": lambda root, more: robomerge.edit(more, root, overwrite=True),
    "convert over it": lambda root, more: robomerge.convert(more, root, overwrite=True),
}


@pytest.mark.parametrize("change", IN_PLACE.values(), ids=IN_PLACE)
def test_a_change_in_place_clears_the_cache(make_source, tmp_path, cleared, change):
    root, more = tmp_path / "kitchen", make_source(lengths=(3,))
    robomerge.merge([make_source(), make_source(lengths=(4,))], root)
    assert cleared == []
    change(root, more)
    assert len(cleared) == 1


def test_what_replaces_nothing_leaves_the_cache(make_source, tmp_path, cleared):
    root, more = make_source(), make_source(lengths=(3,))
    robomerge.edit(root, tmp_path / "new")
    robomerge.edit(robomerge.Source(root, episodes=[0]), dry_run=True)
    robomerge.append(root, [more], dry_run=True)
    robomerge.stats(root)
    robomerge.plan([root, more], tmp_path / "new", overwrite=True)
    assert cleared == []


@pytest.mark.parametrize("cache", ["none", "another", "raises"])
def test_another_version_of_lerobot_is_no_failure(make_source, monkeypatch, cache):
    def refuse():
        raise RuntimeError

    module = ModuleType(NAME)
    if cache != "none":
        module._default_decoder_cache = {} if cache == "another" else SimpleNamespace(clear=refuse)
    monkeypatch.setitem(sys.modules, NAME, module)
    assert robomerge.edit(robomerge.Source(make_source(), episodes=[0])).num_episodes == 1


def test_lerobot_is_not_loaded_for_it(make_source, monkeypatch):
    monkeypatch.delitem(sys.modules, NAME, raising=False)
    robomerge.edit(robomerge.Source(make_source(), episodes=[0]))
    assert NAME not in sys.modules
