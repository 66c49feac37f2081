"""Datasets on the Hub that are damaged: they are merged, and refused, as local ones are."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kitchens import CAMERAS, payload, tree

HUB_1 = "hf://datasets/lab/kitchen_1"


@pytest.fixture
def copy(kitchens, tmp_path):
    """The first kitchen: four episodes in files of their own, and two cameras."""
    import shutil

    return shutil.copytree(kitchens[0], tmp_path / "copy")


def edit_episodes(root, change) -> None:
    (path,) = (root / "meta/episodes").rglob("*.parquet")
    pq.write_table(change(pq.read_table(path)), path)


@pytest.mark.parametrize("named", [[1, 0, 3, 2], [7, 7, 7, 7]])
def test_rows_that_lie_elsewhere_than_the_table_says(robomerge, hub, copy, tmp_path, named):
    def swap(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("data/file_index")
        return table.set_column(place, "data/file_index", pa.array(named, pa.int64()))

    edit_episodes(copy, swap)
    hub.add("lab/kitchen_1", copy, tags=("v3.0",))
    for name, flags in (("one", ("--episodes", "1")), ("all", ())):
        assert "W-file-numbers" in robomerge("merge", HUB_1, "-o", f"{name}_hub", *flags)
        robomerge("merge", copy, "-o", f"{name}_local", *flags)
        from_hub, local = tree(tmp_path / f"{name}_hub"), tree(tmp_path / f"{name}_local")
        assert from_hub.pop("record") and local.pop("record")
        assert from_hub == local


def test_a_table_that_names_no_video_files(robomerge, hub, kitchens, tmp_path):
    robomerge("merge", kitchens[0], "-o", "copy")
    (tmp_path / "copy/meta/robomerge.json").unlink()
    names = [f"videos/{camera}/{part}_index" for camera in CAMERAS for part in ("chunk", "file")]

    def empty(table: pa.Table) -> pa.Table:
        for name in names:
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, pa.nulls(len(table), pa.int64()))
        return table

    edit_episodes(tmp_path / "copy", empty)
    hub.add("lab/kitchen_1", tmp_path / "copy", tags=("v3.0",))
    assert "W-file-numbers" in robomerge("merge", HUB_1, "-o", "from_hub")
    assert len(payload(hub)) == 3
    robomerge("merge", "copy", "-o", "local")
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")


@pytest.mark.parametrize("wish", ["sources", "episodes"])
def test_what_is_broken_is_left_out(robomerge, hub, copy, kitchens, tmp_path, wish):
    video = copy / f"videos/{CAMERAS[0]}/chunk-000/file-002.mp4"
    video.write_bytes(video.read_bytes()[:200])
    hub.add("lab/kitchen_1", copy, tags=("v3.0",))
    (error,) = robomerge.errors("merge", HUB_1, kitchens[1], "-o", "x", code=1)
    assert error["kind"] == "E-video-file"
    text = robomerge("merge", HUB_1, kitchens[1], "-o", "from_hub", "--skip-broken", wish, code=5)
    assert "left out[E-video-file]" in text
    robomerge("merge", copy, kitchens[1], "-o", "local", "--skip-broken", wish, code=5)
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")


def test_a_file_that_the_hub_has_not_is_told_as_of_a_local_one(robomerge, hub, copy, kitchens, tmp_path):
    (copy / "data/chunk-000/file-002.parquet").unlink()
    hub.add("lab/kitchen_1", copy, tags=("v3.0",))
    (error,) = robomerge.errors("merge", HUB_1, "-o", "x", code=1)
    assert error["kind"] == "E-missing-file" and "file-002.parquet" in error["where"]
    robomerge("merge", HUB_1, "-o", "from_hub", "--skip-broken", "episodes", code=5)
    robomerge("merge", copy, "-o", "local", "--skip-broken", "episodes", code=5)
    assert tree(tmp_path / "from_hub") == tree(tmp_path / "local")


def test_what_is_wrong_is_found_in_what_can_be_fetched(robomerge, hub, copy):
    (copy / "meta/stats.json").write_text("{")
    hub.add("lab/kitchen_1", copy, tags=("v3.0",))
    for command, code in (("inspect", 1), ("verify", 3)):
        text = robomerge(command, HUB_1, code=code)
        assert "stats.json" in text and "E-missing-file" not in text
    assert len(payload(hub)) == 12
