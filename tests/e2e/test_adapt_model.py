"""Random datasets that do not agree, and random rules: the result is what adapt_model.py makes of
them, in whatever way the rules are told."""

import copy
import json
import random
from pathlib import Path

import pytest
from adapt_model import Dataset, Episode, adapted, camera_feature, chosen, differences, write_dataset
from test_adapt import files_of

TASKS = ["wipe the table", "open it", "Wipe  the Table.", "Open it", "pick a=b"]


def number_feature(dtype: str, shape: int = 1, names: list[str] | None = None) -> dict:
    return {"dtype": dtype, "shape": [shape], "names": names}


def value_of(entry: dict, pick: random.Random):
    single = {
        "bool": lambda: pick.random() < 0.5,
        "string": lambda: pick.choice(["slow", "fast", ""]),
        "int64": lambda: pick.randint(-9, 9),
        "int32": lambda: pick.randint(-9, 9),
    }.get(entry["dtype"], lambda: pick.randint(-999, 999) / 64)
    return single() if entry["shape"] == [1] else [single() for _ in range(entry["shape"][0])]


def make(name: str, features: dict, seed: int, pick: random.Random) -> Dataset:
    made = Dataset(name, copy.deepcopy(features))
    numbers = dict.fromkeys((name for name, entry in features.items() if entry["dtype"] == "video"), 0)
    for _ in range(pick.randint(3, 6)):
        length = pick.randint(2, 7)
        values = {name: [value_of(entry, pick) for _ in range(length)] for name, entry in features.items() if name not in numbers}
        pictures = {}
        for at, camera in enumerate(numbers):
            pictures[camera] = [(seed + 50 * at, numbers[camera] + frame) for frame in range(length)]
            numbers[camera] += length
        tasks = [pick.choice(TASKS)] * length if pick.random() < 0.7 else [pick.choice(TASKS) for _ in range(length)]
        made.episodes.append(Episode(values, pictures, tasks))
    return made


FEATURES = {
    "top": camera_feature(),
    "wrist": camera_feature(),
    "state": number_feature("float32", 3, ["x", "y", "z"]),
    "action": number_feature("float32", 2, ["a", "b"]),
    "speed": number_feature("float32"),
    "done": number_feature("bool"),
    "count": number_feature("int64"),
}


def draw(seed: int) -> tuple[list[Dataset], dict[str, list[str]]]:
    """Sources that differ in some ways, the rules that settle all of them, and some more."""
    pick = random.Random(seed)
    features = [copy.deepcopy(FEATURES) for _ in range(pick.randint(1, 3))]
    rules: dict[str, list[str]] = {}
    odd = features[-1]

    def add(flag: str, *values: str) -> None:
        rules.setdefault(flag, []).extend(values)

    def maybe() -> bool:
        return pick.random() < 0.35

    if maybe():
        odd["cam=1"] = odd.pop("wrist")
        add("rename", r"cam\=1=wrist")
    if maybe():
        add("rename", "speed=how_fast")
    if maybe():
        features[0]["extra"] = number_feature(*pick.choice([("float32", 1), ("int64", 1), ("bool", 1), ("string", 1), ("float32", 2)]))
        kind = features[0]["extra"]["dtype"]
        if len(features) == 1 or maybe():
            add(*pick.choice([("drop", "ext*"), ("keep-common", "")] if len(features) > 1 else [("drop", "extra")]))
        else:
            add("fill", "extra=" + {"bool": "true", "string": "a=b c", "int64": "-7"}.get(kind, "2.5"))
    if maybe():
        odd["count"]["dtype"] = "int32" if maybe() else "float64"
        add("cast", pick.choice(["count=float32", "count=int16", "count=int8"]))
    if maybe():
        add("cast", "speed=" + pick.choice(["int16", "int32", "float64"]))
        if "rename" in rules and "speed=how_fast" in rules["rename"]:
            rules["cast"][-1] = rules["cast"][-1].replace("speed", "how_fast")
    how = pick.choice(["", "pad", "reorder", "words", "all"])
    if len(features) > 1 and how == "pad":
        odd["state"] = number_feature("float32", 5, ["x", "y", "z", "pad_3", "pad_4"])
        add("pad", "state=5")
    elif how == "pad":
        add("pad", "state=6")
    if len(features) > 1 and how in ("reorder", "all"):
        odd["state"]["names"] = ["z", "x", "y"]
        add("reorder-by-name", "")
    if len(features) > 1 and how in ("words", "all"):
        odd["action"]["names"] = ["c", "d"]
        add("names-from-first", "")
    if maybe():
        odd["top"] = camera_feature(96 if len(features) > 1 else 48)
        add("allow-mixed-size", "top")
    elif maybe():
        add("drop", pick.choice(["top", "to?", "done"]))
    sources = [make(f"kitchen {number}", entry, number + 1, pick) for number, entry in enumerate(features)]
    most = min(len(source.episodes) for source in sources)
    if len(sources) > 1 and maybe():
        sources[-1].robot_type = "other"
        add("robot-type", pick.choice(["other", "third"]))
    selection = pick.choice(["", "", "episodes", "exclude", "tasks", "frames", "where", "sample", "many"])
    if selection in ("episodes", "many"):
        add("episodes", pick.choice([f"0,{most - 1}", "1-", "0-1,2"]))
    if selection == "exclude":
        add("exclude-episodes", pick.choice(["0", "1-2"]))
    present = sorted({task for source in sources for task in source.tasks()})
    if selection == "tasks":
        add(pick.choice(["select-task", "exclude-task"]), *pick.choice([present[:1], present[:2], ["glob:?ipe *"], ["glob:?pen it", present[0]]]))
    if selection == "frames":
        add("min-frames", "3"), add("max-frames", "6")
    if selection in ("where", "many"):
        add("where", pick.choice(["done = true", "count > -3", "speed <= 8.5", "frame_index != 3", "timestamp >= 0.2"]))
    if selection in ("sample", "many"):
        add("sample", str(pick.randint(1, 4))), add("seed", str(pick.randint(0, 2**32 - 1)))
    if pick.random() < 0.5:
        kept_by_all = [chosen(source, rules) for source in sources]
        for number in sorted(set.intersection(*map(set, kept_by_all))):
            least = min(len(kept[number]) for kept in kept_by_all)
            first = pick.randrange(least)
            if maybe():
                add("trim", f"{number}=" + pick.choice([f"{first}-{pick.randrange(first, least)}", f"{first}-", f"{first}"]))
    kept = sorted(adapted(copy.deepcopy(sources), {flag: rules[flag] for flag in rules if flag in SELECT}).tasks())
    ways = pick.choice(["", "", "set", "replace", "normalize", "prefix", "all"])
    if ways == "set":
        add("set-task", "tidy: up")
    if ways in ("replace", "all") and kept:
        old = pick.choice(kept)
        add("replace-task", old.replace("=", r"\=") + "=" + pick.choice(["new one", "open it.", "x=y"]))
    if ways == "normalize" and not selection:
        add("normalize-tasks", "")
    if ways in ("prefix", "all"):
        add("prefix-tasks", "")
    return sources, rules


SELECT = ("episodes", "exclude-episodes", "select-task", "exclude-task", "min-frames", "max-frames", "where", "sample", "seed", "trim")


def flags_of(rules: dict[str, list[str]]) -> list[str]:
    return [word for flag, values in rules.items() for value in values for word in (f"--{flag}", value)[: 1 + bool(value)]]


def recipe_of(rules: dict[str, list[str]], sources: list[Path]) -> dict:
    made: dict = {"sources": [str(source) for source in sources], "sync": False}
    if "prefix-tasks" in rules:
        made["sources"] = [{"path": str(source), "name": source.name} for source in sources]
    for flag, values in rules.items():
        if flag in ("rename", "replace-task", "cast", "pad", "fill", "trim"):
            pairs = [[part.replace("\0", "=") for part in value.replace(r"\=", "\0").split("=", 1)] for value in values]
            made[flag.replace("-", "_")] = {old: int(new) if flag == "pad" else new for old, new in pairs}
        elif values == [""]:
            made[flag.replace("-", "_")] = True
        elif flag in ("min-frames", "max-frames", "sample", "seed"):
            made[flag.replace("-", "_")] = int(values[-1])
        else:
            made[flag.replace("-", "_")] = values if flag in ("drop", "where", "select-task", "exclude-task") else values[-1]
    return made


def in_stages(robomerge, folder: Path, words: list, sizes: list, describers: int, writers: int) -> None:
    commands = [["describe", *(word for word in words if word != "--no-sync"), "--partial", folder / "partial", "--rank", rank, "--world-size", describers] for rank in range(describers)]
    commands += [["plan", "--partial", folder / "partial", "-o", folder / "staged", "--plan", folder / "plan", "--no-sync", *sizes]]
    commands += [["write", "--plan", folder / "plan", "--rank", rank, "--world-size", writers] for rank in range(writers)]
    for command in [*commands, ["publish", "--plan", folder / "plan"]]:
        run = robomerge(*command)
        assert run.exit_code == 0, run.stderr


@pytest.mark.parametrize("seed", range(36))
def test_random_sources_and_rules_are_as_the_model_says(seed, robomerge, tmp_path):
    sources, rules = draw(seed)
    pick = random.Random(seed)
    roots = [write_dataset(tmp_path / source.name, source, pick.choice([2, 99])) for source in sources]
    before = [files_of(root) for root in roots]
    is_chosen = [number in chosen(source, rules) for source in sources for number in range(len(source.episodes))]
    expected = adapted(sources, rules)
    sizes = pick.choice([[], [], ["--no-concatenate-videos"], ["--no-concatenate-data"], ["--chunk-size", "1", "--data-files-size-in-mb", "0.0005", "--video-files-size-in-mb", "0.0005"]])
    if "prefix-tasks" in rules:  # only a recipe names its sources
        (tmp_path / "recipe.json").write_text(json.dumps(recipe_of(rules, roots)))
        words = ["--recipe", tmp_path / "recipe.json"]
    else:
        words = [*roots, "--no-sync", *flags_of(rules)]
    run = robomerge("merge", *words, "-o", tmp_path / "out", "--verify", *sizes)
    if not expected.episodes:
        assert run.exit_code == 2 and "E-nothing-selected" in run.stderr and not (tmp_path / "out").exists(), (rules, run.stderr)
        return
    assert run.exit_code == 0, (rules, run.stdout + run.stderr)
    assert differences(tmp_path / "out", expected) == [], rules
    for against in ([], ["--against", *roots]):
        found = robomerge("verify", tmp_path / "out", *against)
        assert found.exit_code == 0, (rules, found.stdout + found.stderr)
    made = files_of(tmp_path / "out")
    assert str(tmp_path) not in made["meta/robomerge.json"].decode()
    # Said in another order, in a recipe, by stages, and by other numbers of workers.
    shuffled = {flag: pick.sample(values, len(values)) for flag, values in pick.sample(list(rules.items()), len(rules))}
    (tmp_path / "recipe.json").write_text(json.dumps(recipe_of(shuffled, roots)))
    again = robomerge("merge", "--recipe", tmp_path / "recipe.json", "-o", tmp_path / "again", "-j", 1 + seed % 3, *sizes)
    assert again.exit_code == 0, (rules, again.stderr)
    assert files_of(tmp_path / "again") == made
    in_stages(robomerge, tmp_path, words, sizes, *sorted([2, 1 + seed % 3]))
    assert files_of(tmp_path / "staged") == made
    listed = robomerge("merge", *words, "--list-episodes", "--json")
    assert [line["is_chosen"] for line in listed.json_lines()] == is_chosen
    assert all(bool(line["reason"]) != line["is_chosen"] for line in listed.json_lines())
    assert [files_of(root) for root in roots] == before
