"""Broken sources and episodes are left out if that is wished for: with their reasons, the rest as if
they had not been given, and the same in one process and in stages (docs/skip-broken.md)."""

import json
import shutil
from pathlib import Path

import broken_shelf
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edits import EPISODES, edit_column, edit_json, edit_table
from stages import Stages, tree
from old_dataset import make_old_dataset
from tiny_dataset import make_tiny_dataset
from tiny_video import add_video

RECORD = "meta/robomerge.json"
LENGTHS = (5, 7, 4, 6)


def payload(root: Path) -> dict[str, bytes]:
    """All files but the record, which tells of what was left out."""
    return {path: content for path, content in tree(root).items() if path != RECORD}


def make_sound(root: Path, *, with_video: bool = True, seed: int = 50) -> Path:
    make_tiny_dataset(root, lengths=broken_shelf.LENGTHS)
    if with_video:
        add_video(root, broken_shelf.LENGTHS, seed=seed)
    return root


@pytest.fixture
def sound(tmp_path) -> list[Path]:
    return [make_sound(tmp_path / f"sound{number}", seed=50 + number) for number in range(3)]


@pytest.fixture
def several(robomerge, tmp_path) -> Path:
    """Four episodes, each in a data file and a video file of its own."""
    parts = []
    for number, length in enumerate(LENGTHS):
        parts.append(make_tiny_dataset(tmp_path / f"part{number}", lengths=(length,)))
        add_video(parts[-1], (length,), seed=number + 1)
    run = robomerge("merge", *parts, "-o", tmp_path / "several", "--no-concatenate-data", "--no-concatenate-videos")
    assert run.exit_code == 0, run.stderr
    (tmp_path / "several" / RECORD).unlink()
    return tmp_path / "several"


def errors_of(robomerge, *words: object, cwd: Path) -> list[dict]:
    run = robomerge("plan", "--json", *words, "-o", "refused", cwd=cwd)
    return [json.loads(line) for line in run.stderr.splitlines()] if run.exit_code else []


def skipped_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def merged(robomerge, out: Path, *words: object, exit_code: int = 0, **more: object) -> Path:
    run = robomerge("merge", *words, "-o", out, "--no-sync", **more)
    assert run.exit_code == exit_code, run.stdout + run.stderr
    return out


# -- Every kind of broken dataset, as one of many sources.

CASES = [case for case in broken_shelf.cases() if not case.startswith("destination-")]


@pytest.mark.parametrize("wish", ["sources", "episodes"])
@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_broken_dataset_is_left_out_with_its_reason(case, wish, robomerge, tmp_path):
    names = broken_shelf.build(case, tmp_path)
    recipe = broken_shelf.recipe_of(case)
    with_video = recipe.get("with_video", True)
    flags = recipe.get("flags", [])
    sound = [make_sound(tmp_path / f"x{number}", with_video=with_video, seed=50 + number).name for number in range(len(names) + 2)]
    wrong = {name: errors_of(robomerge, sound[0], name, *flags, cwd=tmp_path) for name in names}
    rest = [name for name in names if not wrong[name]]
    before = tree(tmp_path)
    given = [sound[0], *names, *sound[1:]]
    words = [*given, *flags, "--skip-broken", wish, "--skipped", "list.jsonl", "--verify"]
    run = robomerge("merge", *words, "-o", "out", "--no-sync", cwd=tmp_path)
    assert run.exit_code == 5, run.stderr
    lines = skipped_lines(tmp_path / "list.jsonl")
    assert [given[line["position"]] for line in lines] == [name for name in names if wrong[name]] == [line["source"] for line in lines]
    for line in lines:
        # What is broken as a whole has no form.
        errors = wrong[line["source"]]
        broken = [error["kind"] for error in errors if error["code"] != "incompatible"]
        assert [reason["kind"] for reason in line["reasons"]] in (broken, [error["kind"] for error in errors])
        assert line["reasons"][0]["kind"] in run.stderr
    assert {path: content for path, content in tree(tmp_path).items() if path.split("/")[0] not in ("out", "list.jsonl")} == before
    record = (tmp_path / "out" / RECORD).read_text()
    assert str(tmp_path) not in record and "/meta" not in record
    assert [entry["position"] for entry in json.loads(record)["skipped"]] == [line["position"] for line in lines]
    check = robomerge("verify", "out", "--against", *given, *[flag for flag in flags if flag == "--retime"], cwd=tmp_path)
    assert check.exit_code == 0, check.stdout + check.stderr
    if all(line["episodes"] == "" for line in lines):
        alone = merged(robomerge, tmp_path / "alone", sound[0], *rest, *sound[1:], *flags, cwd=tmp_path)
        assert payload(tmp_path / "out") == payload(alone)
    else:
        assert wish == "episodes"


# -- Single episodes.


def cut_video(root: Path) -> None:
    path = root / "videos/camera/chunk-000/file-002.mp4"
    path.write_bytes(path.read_bytes()[:200])


def short_video(root: Path) -> None:
    add_video(root / "donor", (2,), seed=9, edit_metadata=False)
    shutil.copy(root / "donor/videos/camera/chunk-000/file-000.mp4", root / "videos/camera/chunk-000/file-002.mp4")
    shutil.rmtree(root / "donor")


def at(row: int, value: object):
    return lambda values: [value if number == row else one for number, one in enumerate(values)]


def rows_short(root: Path) -> None:
    edit_table(root / "data/chunk-000/file-002.parquet", lambda table: table.slice(0, 3))


def column_of_third(name: str, value: object):
    return lambda root: edit_column(root / EPISODES, name, at(2, value))


def two_damages(root: Path) -> None:
    cut_video(root)
    (root / "data/chunk-000/file-000.parquet").unlink()


def second_is_seen_later(root: Path) -> None:
    """That rows lack is seen only if all files can be read."""
    cut_video(root)
    edit_table(root / "data/chunk-000/file-000.parquet", lambda table: table.slice(0, 3))


DAMAGES = {
    "video cut": (cut_video, "2", ["E-video-file"]),
    "video missing": (lambda root: (root / "videos/camera/chunk-000/file-002.mp4").unlink(), "2", ["E-missing-file"]),
    "video empty": (lambda root: (root / "videos/camera/chunk-000/file-002.mp4").write_bytes(b""), "2", ["E-foreign-file"]),
    "video with too few frames": (short_video, "2", ["E-video-frames"]),
    "data missing": (lambda root: (root / "data/chunk-000/file-002.parquet").unlink(), "2", ["E-missing-file"]),
    "data unfinished": (lambda root: (root / "data/chunk-000/file-002.parquet").write_bytes(b"PAR1" + bytes(99)), "2", ["E-unfinished-file"]),
    "rows short": (rows_short, "2", ["E-rows"]),
    "length null": (column_of_third("length", None), "2", ["E-episodes"]),
    "camera null": (
        lambda root: [column_of_third(f"videos/camera/{name}", None)(root) for name in ("file_index", "from_timestamp")],
        "2",
        ["E-missing-camera"],
    ),
    "place not a number": (column_of_third("videos/camera/from_timestamp", float("nan")), "2", ["E-episodes"]),
    "file number negative": (column_of_third("videos/camera/file_index", -5), "2", ["E-episodes"]),
    "place behind the end": (column_of_third("videos/camera/from_timestamp", 99.0), "2", ["E-video-frames"]),
    "task unknown": (lambda root: edit_column(root / "data/chunk-000/file-002.parquet", "task_index", lambda v: [7] * len(v)), "2", ["E-tasks"]),
    "task of the table unknown": (column_of_third("tasks", ["no such task"]), "2", ["E-tasks"]),
    "timestamps of the clock": (
        lambda root: edit_column(root / "data/chunk-000/file-002.parquet", "timestamp", lambda v: [one + 1.7e4 for one in v]),
        "2",
        ["E-timestamps"],
    ),
    "frames not numbered": (
        lambda root: edit_column(root / "data/chunk-000/file-002.parquet", "frame_index", lambda v: [0] * len(v)),
        "2",
        ["E-rows"],
    ),
    "two damages": (two_damages, "0,2", ["E-video-file", "E-missing-file"]),
    "one damage behind another": (second_is_seen_later, "0,2", ["E-video-file", "E-rows"]),
}


def recipe_of(path: Path, sources: list[object]) -> Path:
    path.write_text(json.dumps({"sources": sources}))
    return path


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_episode_is_left_out_and_the_rest_of_its_source_is_merged(damage, robomerge, several, sound, tmp_path):
    """As if the source were sound, and the episode had not been chosen."""
    edit, episodes, kinds = DAMAGES[damage]
    broken = tmp_path / "broken"
    shutil.copytree(several, broken)
    edit(broken)
    before = tree(broken)
    given = [sound[0], broken, sound[1]]
    out = tmp_path / "out"
    merged(robomerge, out, *given, "--skip-broken", "episodes", "--verify", "--skipped", tmp_path / "list", exit_code=5)
    (line,) = skipped_lines(tmp_path / "list")
    assert (line["position"], line["source"], line["episodes"]) == (1, str(broken), episodes)
    assert sorted({reason["kind"] for reason in line["reasons"]}) == sorted(kinds)
    chosen = {"path": str(several), "exclude_episodes": episodes}
    recipe = recipe_of(tmp_path / "twin.yaml", [str(sound[0]), chosen, str(sound[1])])
    twin = payload(merged(robomerge, tmp_path / "twin", "--recipe", recipe))
    assert payload(out) == twin
    assert tree(broken) == before
    assert robomerge("verify", out).exit_code == 0
    assert robomerge("verify", out, "--against", *given).exit_code == 0
    record = json.loads((out / RECORD).read_text())
    assert record["sources"][1]["adaptation"]["left_out"] == episodes == record["skipped"][0]["episodes"]
    # As whole sources the same is left out with the source.
    whole = merged(robomerge, tmp_path / "whole", *given, "--skip-broken", "sources", exit_code=5)
    assert payload(whole) == payload(merged(robomerge, tmp_path / "without", sound[0], sound[1]))


def test_stages_leave_out_the_same(robomerge, several, sound, tmp_path):
    cut_video(several)
    other = make_tiny_dataset(tmp_path / "other", lengths=(3,), fps=20)
    given = [tmp_path / "missing", sound[0], several, other, sound[1], sound[2]]
    once = merged(robomerge, tmp_path / "once", *given, "--skip-broken", "episodes", "--skipped", tmp_path / "list", exit_code=5)
    assert [line["position"] for line in skipped_lines(tmp_path / "list")] == [0, 2, 3]
    for workers in ("1", "3"):
        again = merged(robomerge, tmp_path / f"j{workers}", *given, "--skip-broken", "episodes", "-j", workers, exit_code=5)
        assert tree(again) == tree(once)
    for describers, writers in ((1, 1), (2, 3), (6, 2)):
        work = tmp_path / f"work{describers}"
        stages = Stages(robomerge, given, work, tmp_path / f"staged{describers}")
        for rank in range(describers):
            stages.run([*stages.describe(rank, describers), "--skip-broken", "episodes"])
        stages.run(stages.plan())
        for rank in range(writers):
            stages.run(stages.write(rank, writers))
        listed = work / "list"
        run = robomerge(*stages.publish(), "--skipped", listed)
        assert run.exit_code == 5, run.stderr
        assert tree(stages.destination) == tree(once)
        assert [(line["position"], line["source"], line["episodes"]) for line in skipped_lines(listed)] == [
            (line["position"], line["source"], line["episodes"]) for line in skipped_lines(tmp_path / "list")
        ]
        assert robomerge(*stages.publish()).exit_code == 5  # it is done already


def test_ranks_with_another_wish_are_refused(robomerge, sound, tmp_path):
    stages = Stages(robomerge, sound, tmp_path / "work", tmp_path / "out")
    stages.run([*stages.describe(0, 2), "--skip-broken", "sources"])
    stages.run(stages.describe(1, 2))
    run = robomerge(*stages.plan())
    assert run.exit_code == 1 and "E-partial-overlap" in run.stderr


# -- The form of most sources.


def test_most_sources_decide_the_form_and_of_equals_the_first(robomerge, sound, tmp_path):
    fast = [make_tiny_dataset(tmp_path / f"fast{number}", lengths=(3,), fps=20) for number in range(3)]
    out = merged(robomerge, tmp_path / "most", fast[0], *sound, fast[1], "--skip-broken", "sources", "--skipped", tmp_path / "list", exit_code=5)
    assert [line["position"] for line in skipped_lines(tmp_path / "list")] == [0, 4]
    assert payload(out) == payload(merged(robomerge, tmp_path / "sound", *sound))
    first = merged(robomerge, tmp_path / "first", fast[0], *sound, *fast[1:], "--skip-broken", "sources", exit_code=5)
    assert payload(first) == payload(merged(robomerge, tmp_path / "fast", *fast))


def test_a_source_without_episodes_does_not_count_for_the_form(robomerge, sound, tmp_path):
    empty = [make_old_dataset(tmp_path / f"empty{number}", lengths=(), fps=20) for number in range(3)]
    out = merged(robomerge, tmp_path / "out", *empty, *sound, "--skip-broken", "sources", exit_code=5)
    assert payload(out) == payload(merged(robomerge, tmp_path / "sound", *sound))


def test_a_broken_source_does_not_count_for_the_form(robomerge, sound, tmp_path):
    fast = [make_sound(tmp_path / f"fast{number}") for number in range(3)]
    for root in fast:
        edit_json(root / "meta/info.json", lambda info: info.update(robot_type="other"))
    (fast[2] / "meta/tasks.parquet").unlink()
    out = merged(robomerge, tmp_path / "out", *fast, *sound, "--skip-broken", "sources", exit_code=5)
    assert payload(out) == payload(merged(robomerge, tmp_path / "sound", *sound))


def test_the_reason_names_the_flags_that_would_settle_the_form(robomerge, sound, tmp_path):
    edit_json(sound[1] / "meta/info.json", lambda info: info.update(robot_type="other"))
    run = robomerge("plan", *sound, "-o", tmp_path / "out", "--skip-broken", "sources")
    assert run.exit_code == 5 and "left out[E-robot-type]" in run.stderr and "--robot-type toy_arm" in run.stderr
    settled = robomerge("plan", *sound, "-o", tmp_path / "out", "--skip-broken", "sources", "--robot-type", "toy_arm")
    assert settled.exit_code == 0 and "eft out" not in settled.stderr


def test_statistics_of_another_shape_are_another_form(robomerge, sound, tmp_path):
    def reshape(stats: dict) -> None:
        for name in ("min", "max", "mean", "std"):
            stats["camera"][name] = [[[0.5]], [[0.5]], [[0.5]]]

    for number, root in enumerate(sound):
        flat = {name: [0.5, 0.5, 0.5] for name in ("min", "max", "mean", "std")} | {"count": [12]}
        edit_json(root / "meta/stats.json", lambda stats: stats.update(camera=flat))
    edit_json(sound[0] / "meta/stats.json", reshape)
    plain = robomerge("plan", *sound, "-o", tmp_path / "out")
    run = robomerge("plan", *sound, "-o", tmp_path / "out", "--skip-broken", "sources")
    if plain.exit_code == 0:
        assert run.exit_code == 0
    else:
        assert "E-stats" in plain.stderr and run.exit_code == 5


# -- What is not left out.


def test_without_the_flag_a_merge_is_refused_and_many_are_told_of_it(robomerge, tmp_path):
    sources = [make_sound(tmp_path / f"s{number:02d}") for number in range(12)]
    cut_video_of = sources[4] / "videos/camera/chunk-000/file-000.mp4"
    cut_video_of.write_bytes(b"")
    few = robomerge("merge", *sources[:5], "-o", tmp_path / "out")
    assert few.exit_code == 1 and "--skip-broken" not in few.stderr
    for words in (sources, [*sources, "--skip-broken", "nothing"]):
        run = robomerge("merge", *words, "-o", tmp_path / "out")
        assert run.exit_code == 1 and "`--skip-broken sources` merges the other datasets" in run.stderr
    edit_json(sources[7] / "meta/info.json", lambda info: info.update(fps=11))
    make_sound(tmp_path / "again", seed=4)
    shutil.copy(tmp_path / "again/videos/camera/chunk-000/file-000.mp4", cut_video_of)
    run = robomerge("merge", *sources, "-o", tmp_path / "out")
    assert run.exit_code == 1 and "`--skip-broken sources` merges the other datasets" in run.stderr
    assert not (tmp_path / "out").exists()


def test_nothing_left_is_an_error_with_all_reasons(robomerge, several, tmp_path):
    (several / "meta/info.json").unlink()
    for wish in ("sources", "episodes"):
        run = robomerge("merge", several, tmp_path / "missing", "-o", tmp_path / "out", "--skip-broken", wish)
        assert run.exit_code == 1
        assert "error[E-nothing-left]" in run.stderr and run.stderr.count("error[E-no-dataset]") == 2
    assert not list(tmp_path.glob("*out*"))


def test_a_source_of_which_all_chosen_episodes_are_broken_is_left_out_as_a_whole(robomerge, several, sound, tmp_path):
    cut_video(several)
    recipe = recipe_of(tmp_path / "r.yaml", [str(sound[0]), {"path": str(several), "episodes": "2"}])
    out = merged(robomerge, tmp_path / "out", "--recipe", recipe, "--skip-broken", "episodes", "--skipped", tmp_path / "list", exit_code=5)
    (line,) = skipped_lines(tmp_path / "list")
    assert line["episodes"] == "" and line["position"] == 1
    assert payload(out) == payload(merged(robomerge, tmp_path / "alone", sound[0]))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["--episodes", "99"], "E-rule"),
        (["--drop", "no.such.feature"], "E-rule"),
        (["--where", "observation.state = 1"], "E-rule"),
        (["--chunk-size", "0"], "E-value"),
        (["--trace", "/"], "E-io"),
        (["--skip-broken", "everything"], "E-value"),
    ],
)
def test_faults_of_rules_and_of_the_command_line_are_not_hidden(words, kind, robomerge, sound, tmp_path):
    run = robomerge("merge", *sound, tmp_path / "missing", "-o", tmp_path / "out", "--skip-broken", "sources", *words)
    assert run.exit_code in (1, 2, 4) and f"error[{kind}]" in run.stderr, run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["inside", "above", "taken"])
def test_faults_of_the_destination_are_not_hidden(place, robomerge, sound, tmp_path):
    (sound[0] / "meta/info.json").unlink()
    out = {"inside": sound[0] / "out", "above": tmp_path, "taken": sound[0]}[place]
    before = tree(tmp_path)
    for words in ([], ["--overwrite"]):
        run = robomerge("merge", *sound, "-o", out, "--skip-broken", "sources", *words)
        assert run.exit_code in (1, 2) and "error[E-destination" in run.stderr, run.stderr
    stages = Stages(robomerge, sound, tmp_path / "work", out)
    if place == "inside":
        stages.run([*stages.describe(), "--skip-broken", "sources"])
        run = robomerge(*stages.plan())
        assert run.exit_code in (1, 2) and "E-destination" in run.stderr
        shutil.rmtree(tmp_path / "work")
    assert tree(tmp_path) == before


def test_a_list_replaces_only_an_older_list(robomerge, sound, tmp_path):
    listed = tmp_path / "list"
    words = [*sound, tmp_path / "missing", "-o", tmp_path / "out", "--skip-broken", "sources", "--skipped", listed]
    listed.write_text("notes of mine\n")
    run = robomerge("plan", *words)
    assert run.exit_code == 2 and "error[E-destination]" in run.stderr
    assert listed.read_text() == "notes of mine\n"
    listed.unlink()
    assert robomerge("plan", *words).exit_code == 5
    assert len(skipped_lines(listed)) == 1
    make_sound(tmp_path / "missing")
    assert robomerge("plan", *words).exit_code == 0
    assert listed.read_bytes() == b""
    inside = robomerge("plan", *words[:-1], sound[0] / "list")
    assert inside.exit_code == 2 and "E-destination-in-source" in inside.stderr


# -- Again, and later.


def test_done_is_done_until_a_source_is_mended(robomerge, several, sound, tmp_path):
    video = several / "videos/camera/chunk-000/file-002.mp4"
    whole = video.read_bytes()
    cut_video(several)
    words = [*sound, several, "-o", tmp_path / "out", "--skip-broken", "episodes"]
    assert robomerge("merge", *words).exit_code == 5
    before = tree(tmp_path / "out")
    again = robomerge("merge", *words, "--json")
    summary = again.json_lines()[-1]
    assert again.exit_code == 5 and summary["already_done"] and summary["num_skipped"] == 1
    other_wish = robomerge("merge", *words[:-1], "sources")
    assert other_wish.exit_code == 1 and "E-destination-exists" in other_wish.stderr
    assert tree(tmp_path / "out") == before
    video.write_bytes(whole)
    mended = robomerge("merge", *words)
    assert mended.exit_code == 1 and "E-destination-exists" in mended.stderr
    assert robomerge("merge", *words, "--overwrite").exit_code == 0
    assert json.loads((tmp_path / "out" / RECORD).read_text())["skipped"] == []


def test_verify_knows_what_was_left_out_and_finds_damage(robomerge, several, sound, tmp_path):
    cut_video(several)
    given = [tmp_path / "missing", several, *sound]
    out = merged(robomerge, tmp_path / "out", *given, "--skip-broken", "episodes", exit_code=5)
    assert robomerge("verify", out, "--against", *given).exit_code == 0
    assert robomerge("verify", out, "--against", *given[1:]).exit_code == 0  # what was kept
    for path in sorted((out / "videos").rglob("*.mp4"))[:1]:
        data = bytearray(path.read_bytes())
        data[data.index(b"mdat") + 14] ^= 1
        path.write_bytes(bytes(data))
    run = robomerge("verify", out, "--against", *given)
    assert run.exit_code == 3 and "V-frame-bytes" in run.stdout


def test_the_wish_is_part_of_the_result(robomerge, sound, tmp_path):
    plain = merged(robomerge, tmp_path / "plain", *sound)
    wished = merged(robomerge, tmp_path / "wished", *sound, "--skip-broken", "sources")
    assert payload(plain) == payload(wished)
    records = [json.loads((root / RECORD).read_text()) for root in (plain, wished)]
    assert "skipped" not in records[0] and "skip_broken" not in records[0]["options"]
    assert records[1]["skipped"] == [] and records[1]["options"]["skip_broken"] == "sources"
    assert records[0]["content_id"] != records[1]["content_id"]


# -- How it is said.


def test_thousands_of_reasons_fit_on_a_screen(robomerge, tmp_path):
    sources = [make_sound(tmp_path / f"s{number:03d}") for number in range(60)]
    for number, root in enumerate(sources[:40]):
        if number % 2:
            (root / "videos/camera/chunk-000/file-000.mp4").write_bytes(b"")
        else:
            (root / "meta/info.json").unlink()
    run = robomerge("merge", *sources, "-o", tmp_path / "out", "--skip-broken", "sources", "--no-sync")
    assert run.exit_code == 5
    assert len(run.stderr.splitlines()) < 60, run.stderr
    assert "Left out 40 of 60 datasets" in run.stderr
    quiet = robomerge("plan", "-q", *sources, "-o", tmp_path / "new", "--skip-broken", "sources")
    assert quiet.exit_code == 5 and quiet.stderr == ""
    as_json = robomerge("plan", "--json", *sources, "-o", tmp_path / "new", "--skip-broken", "sources").json_lines()
    kinds = [line["message_type"] for line in as_json]
    assert kinds.count("skipped") == 40 and kinds[-1] == "summary" and as_json[-1]["num_skipped"] == 40


def test_chosen_episodes_are_listed_with_what_is_broken(robomerge, several, sound, tmp_path):
    cut_video(several)
    run = robomerge("merge", several, sound[0], "--list-episodes", "--skip-broken", "episodes", "--exclude-episodes", "0")
    assert run.exit_code == 0, run.stderr
    assert "2  4 frames  left out: it cannot be merged" in run.stdout and "3 of 6 episodes chosen" in run.stdout
    # What is left out by its number need not be whole.
    run = robomerge("merge", several, sound[0], "--list-episodes", "--episodes", "0-1")
    assert run.exit_code == 0 and "4 of 6 episodes chosen" in run.stdout, run.stderr


def test_a_recipe_has_the_keys(robomerge, sound, tmp_path):
    recipe = tmp_path / "r.yaml"
    recipe.write_text("output: out\nskip_broken: sources\nskipped: list.jsonl\nsources: [sound0, gone, sound1]\n")
    run = robomerge("merge", "--recipe", recipe)
    assert run.exit_code == 5, run.stderr
    assert [line["source"] for line in skipped_lines(tmp_path / "list.jsonl")] == [str(tmp_path / "gone")]
    recipe.write_text("output: out2\nskip_broken: some\nsources: [sound0]\n")
    wrong = robomerge("merge", "--recipe", recipe)
    assert wrong.exit_code == 2 and "nothing, sources or episodes" in wrong.stderr


def test_names_stand_in_list_and_record_and_paths_only_in_the_list(robomerge, sound, tmp_path):
    recipe = recipe_of(tmp_path / "r.yaml", [{"path": str(tmp_path / "gone"), "name": "garage"}, str(sound[0])])
    out = merged(robomerge, tmp_path / "out", "--recipe", recipe, "--skip-broken", "sources", "--skipped", tmp_path / "list", exit_code=5)
    (line,) = skipped_lines(tmp_path / "list")
    assert (line["name"], line["source"]) == ("garage", str(tmp_path / "gone"))
    (entry,) = json.loads((out / RECORD).read_text())["skipped"]
    assert entry == {"position": 0, "name": "garage", "reasons": [{"kind": "E-no-dataset", "what": "there is no such folder"}]}


def test_rules_are_applied_before_forms_are_compared(robomerge, sound, tmp_path):
    """A rule that settles the form leaves nothing to be left out."""
    for number, root in enumerate(sound[:2]):
        for path in [root / "data/chunk-000/file-000.parquet"]:
            edit_table(path, lambda table: table.append_column("reward", pa.array([0.5] * len(table), pa.float32())))
        edit_json(root / "meta/info.json", lambda info: info["features"].update(reward={"dtype": "float32", "shape": [1], "names": None}))
    left = robomerge("plan", "--json", *sound, "-o", tmp_path / "out", "--skip-broken", "sources")
    assert left.exit_code == 5 and [one["position"] for one in left.json_lines() if one["message_type"] == "skipped"] == [2]
    assert robomerge("plan", *sound, "-o", tmp_path / "out", "--skip-broken", "sources", "--keep-common").exit_code == 0
    assert pq.read_table(sound[0] / "data/chunk-000/file-000.parquet").column_names[-1] == "reward"
