"""Recipes, and the flags that say what is done to sources: what is understood, and what is said of
what is not."""

import json
from pathlib import Path

import pytest
from tiny_dataset import make_tiny_dataset

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/recipe.yaml"


@pytest.fixture
def kitchens(tmp_path) -> list[Path]:
    return [make_tiny_dataset(tmp_path / f"kitchen_{number}", lengths=(3,)) for number in (1, 2)]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def record(destination: Path) -> dict:
    return json.loads((destination / "meta/robomerge.json").read_text())


def test_a_recipe_names_sources_destination_and_options(robomerge, kitchens, tmp_path):
    write(tmp_path / "r.yaml", "output: out\nsync: false\nchunk_size: 7\nsources: [kitchen_1, {path: kitchen_2, name: the second}]\n")
    # Paths start at the recipe's folder, wherever the command runs.
    run = robomerge("merge", "--recipe", tmp_path / "r.yaml", cwd="/")
    assert (run.exit_code, run.stdout) == (0, ""), run.stderr
    made = record(tmp_path / "out")
    assert [source.get("name") for source in made["sources"]] == [None, "the second"]
    assert json.loads((tmp_path / "out/meta/info.json").read_text())["chunks_size"] == 7


def test_the_example_is_a_recipe(robomerge, kitchens, tmp_path):
    write(tmp_path / "recipe.yaml", EXAMPLE.read_text())
    run = robomerge("merge", "--recipe", "recipe.yaml", "--no-sync", cwd=tmp_path)
    assert run.exit_code == 0, run.stderr
    sources = record(tmp_path / "kitchen")["sources"]
    assert [(source.get("name"), source["adaptation"]) for source in sources] == [(None, {"retime": True}), ("the second kitchen", {"retime": True})]


def test_the_same_merge_by_flags_has_the_same_bytes(robomerge, kitchens, tmp_path):
    recipe = write(tmp_path / "r.yaml", "chunk_size: 7\nsources: [kitchen_1, kitchen_2]\n")
    assert robomerge("merge", "--recipe", recipe, "-o", tmp_path / "a", "--no-sync").exit_code == 0
    assert robomerge("merge", *kitchens, "-o", tmp_path / "b", "--no-sync", "--chunk-size", "7").exit_code == 0
    left, right = tmp_path / "a", tmp_path / "b"
    files = [path.relative_to(left) for path in left.rglob("*") if path.is_file()]
    assert files and all((left / path).read_bytes() == (right / path).read_bytes() for path in files)


def test_flags_and_variables_win_over_the_recipe(robomerge, kitchens, tmp_path):
    recipe = write(tmp_path / "r.yaml", "output: out\nnum_workers: 2\nsync: false\nchunk_size: 7\nsources: [kitchen_1]\n")
    summary = robomerge("merge", "--recipe", recipe, "-o", tmp_path / "other", "--chunk-size", "1000", "--json").json_lines()[-1]
    assert summary["num_workers"] == 2 and not (tmp_path / "out").exists()
    assert json.loads((tmp_path / "other/meta/info.json").read_text())["chunks_size"] == 1000
    summary = robomerge("plan", "--recipe", recipe, "--json", ROBOMERGE_NUM_WORKERS="1").json_lines()[-1]
    assert summary["num_workers"] == 1


def test_a_recipe_without_sources_takes_those_of_the_command_line(robomerge, kitchens, tmp_path):
    recipe = write(tmp_path / "r.yaml", "sync: false\nretime: true\n")
    run = robomerge("merge", *kitchens, "--recipe", recipe, "-o", tmp_path / "out")
    assert run.exit_code == 0, run.stderr
    assert [source["adaptation"] for source in record(tmp_path / "out")["sources"]] == [{"retime": True}] * 2
    listed = write(tmp_path / "list.txt", f"{kitchens[0]}\n")
    assert robomerge("plan", "--from", listed, "--recipe", recipe, "-o", tmp_path / "new").exit_code == 0


def test_sources_stand_in_one_place(robomerge, kitchens, tmp_path):
    recipe = write(tmp_path / "r.yaml", "sources: [kitchen_1]\n")
    run = robomerge("merge", kitchens[1], "--recipe", recipe, "-o", tmp_path / "out")
    assert run.exit_code == 2 and "in the recipe and on the command line" in run.stderr and "r.yaml" in run.stderr


def test_stages_take_a_recipe(robomerge, kitchens, tmp_path):
    recipe = write(tmp_path / "r.yaml", "output: out\nsync: false\nsources: [kitchen_1, kitchen_2]\n")
    assert robomerge("describe", "--recipe", recipe, "--partial", tmp_path / "partial").exit_code == 0
    assert robomerge("plan", "--recipe", recipe, "--plan", tmp_path / "plan").exit_code == 0
    assert robomerge("write", "--plan", tmp_path / "plan").exit_code == 0
    assert robomerge("publish", "--plan", tmp_path / "plan").exit_code == 0
    assert len(record(tmp_path / "out")["sources"]) == 2
    run = robomerge("plan", "--partial", tmp_path / "partial", "--recipe", recipe, "-o", tmp_path / "x", "--plan", tmp_path / "y")
    assert run.exit_code == 2 and "`plan --partial` takes no `--recipe`" in run.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["line 1", "the file is empty"]),
        ("output: x\n", ["no sources", "r.yaml"]),
        ("sources: [kitchen_1]\n", ["no destination", "`output` in the recipe"]),
        ("output: x\nsorces: [a]\n", ["line 2", "did you mean `sources`?"]),
        ("output: x\noutput: y\n", ["line 2", "occurs twice", "in line 1"]),
        ("a: &a [1]\nb: *a\n", ["line 1", "line 2", "an anchor", "an alias"]),
        ("output: !!str x\n", ["line 1", "a tag"]),
        ("output: x\n---\noutput: y\n", ["line 2", "a second document"]),
        ("sources:\n- path: kitchen_1\n  set_task: pick: it\n", ["line 3", "in quotes"]),
        ("drop: [no]\n", ["line 1", "`no`, which YAML takes for false", 'write it in quotes: "no"']),
        ("rename: {a: b}\nmin_frames: few\ncopy_mode: fast\n", ["line 2", "line 3", "`few`", "auto, share, copy or link"]),
        ("output: x\nsources:\n- kitchen_1\nrename:\n  a: index\n  b: c\n", ["line 5: rename: a"]),
        ("episodes: 9-3\n", ["line 1: episodes", "`9-3`"]),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named_with_its_line(robomerge, kitchens, tmp_path, text, said):
    recipe = write(tmp_path / "r.yaml", text)
    run = robomerge("merge", "--recipe", recipe)
    assert (run.exit_code, run.stdout) == (2, "")
    missing = [words for words in said if words not in run.stderr]
    assert not missing, run.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"kitchen_1", "kitchen_2", "r.yaml"}


def test_what_is_no_recipe_at_all(robomerge, tmp_path):
    run = robomerge("merge", "--recipe", tmp_path / "none.yaml", "-o", tmp_path / "x")
    assert run.exit_code == 1 and "none.yaml" in run.stderr and "E-path" in run.stderr
    run = robomerge("merge", "--recipe", tmp_path, "-o", tmp_path / "x")
    assert run.exit_code == 1 and "E-recipe" in run.stderr
    write(tmp_path / "r.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    run = robomerge("merge", "--recipe", tmp_path / "r.yaml", "-o", tmp_path / "x")
    assert run.exit_code == 1 and "E-lfs-pointer" in run.stderr
    run = robomerge("merge", "--recipe", "/dev/zero", "-o", tmp_path / "x")
    assert run.exit_code == 1


def test_rules_that_contradict_each_other_are_refused_before_anything_is_written(robomerge, kitchens, tmp_path):
    recipe = write(tmp_path / "r.yaml", "sources: [kitchen_1, kitchen_2]\ndrop: [x]\n")
    run = robomerge("merge", "--recipe", recipe, "-o", tmp_path / "out", "--rename", "a=x", "--rename", "b=c", "--rename", "b=d")
    assert run.exit_code == 2 and not (tmp_path / "out").exists()
    # Of a recipe's rule with its line, once for all sources; of a flag's without one.
    assert "r.yaml: line 2: drop: x" in run.stderr and "--> rename: b" in run.stderr
    assert run.stderr.count("a feature is renamed and dropped") == 1 and "times" not in run.stderr


def test_rules_of_flags_are_checked_with_the_flags_names(robomerge, kitchens, tmp_path):
    run = robomerge("merge", *kitchens, "-o", tmp_path / "out", "--episodes", "9-3", "--cast", "a=float", "--json")
    problems = [json.loads(line) for line in run.stderr.splitlines()]
    assert run.exit_code == 2 and [problem["kind"] for problem in problems] == ["E-value"] * 2
    assert [problem["what"] for problem in problems] == ["wrong value for `--episodes`", "wrong value for `--cast`"]
