"""robomerge.Source with rules, robomerge.read_recipe, and the schema of recipes."""

import json
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path

import pytest

import robomerge
from built_package import REPOSITORY

SCHEMA = Path(robomerge.__file__).with_name("robomerge-recipe.schema.json")


def recipe_keys() -> dict[str, dict]:
    from robomerge.library import extension

    return {key["name"]: key for key in extension.recipe_keys()}


def refusal(tmp_path: Path, *sources: object) -> robomerge.RobomergeError:
    with pytest.raises(robomerge.RobomergeError) as caught:
        robomerge.merge(sources, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    return caught.value


def stated(**rules) -> dict:
    """The rules as the library understands them: their normal form."""
    from robomerge.library import extension

    text, problems = extension.rules_text(robomerge.Source("kitchen", **rules))
    assert not problems
    return json.loads(text)


def test_a_source_has_an_argument_for_every_rule():
    known = {name for name, key in recipe_keys().items() if key["is_of_source"]}
    assert {field.name for field in fields(robomerge.Source)} - {"_places"} == known
    for name in known - {"path"}:
        assert f"{name}:" in robomerge.Source.__doc__ or f"{name}," in robomerge.Source.__doc__, name


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (5, "5"),
        ([0, 3], "0,3"),
        ((3, 1, 2), "1-3"),
        (range(10), "0-9"),
        (range(2, 1_000_000_000), "2-999999999"),
        (range(0, 9, 4), "0,4,8"),
        ({7}, "7"),
        ((number for number in (4, 5)), "4-5"),
        ("20-, 0-9,12", "0-9,12,20-"),
    ],
)
def test_episodes_are_a_number_numbers_a_range_or_a_text(given, text):
    assert stated(episodes=given) == {"episodes": text}


def test_rules_reach_the_library():
    rules = {
        "exclude_episodes": [1],
        "select_task": "a",
        "exclude_task": ("glob:b*", ""),
        "min_frames": 2,
        "max_frames": 9,
        "where": ["x=1", "y > 2.5"],
        "sample": 3,
        "seed": 4,
        "trim": {10: (1, 2), 9: "5-", 8: [0, 3]},
        "compact": True,
        "rename": {"b": "c", "a": "d"},
        "drop": ["e*"],
        "keep_common": True,
        "fill": {"f": 0.5, "g": True, "h": 1, "i": "text", "j": ""},
        "cast": {"f": "float32"},
        "pad": {"p": 7},
        "reorder_by_name": True,
        "names_from_first": True,
        "robot_type": "arm",
        "set_task": "t",
        "replace_task": {"": "u"},
        "normalize_tasks": True,
        "prefix_tasks": True,
        "allow_mixed_size": {"cam"},
    }
    found = stated(**rules)
    assert set(found) == set(rules)
    assert found["where"] == ["x = 1", "y > 2.5"] and found["exclude_task"] == ["", "glob:b*"] and found["seed"] == 4
    pairs = {name: [(each["name"], each["value"]) for each in found[name]] for name in ("trim", "rename", "fill", "pad")}
    assert pairs["trim"] == [("8", "0-3"), ("9", "5-"), ("10", "1-2")] and pairs["rename"] == [("a", "d"), ("b", "c")]
    assert pairs["fill"] == [("f", "0.5"), ("g", "true"), ("h", "1"), ("i", "text"), ("j", "")] and pairs["pad"] == [("p", "7")]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"episodes": 1.5}, r"sources\[0\].episodes must be a whole number, several, a range or a text as 0-9,12,20-, not 1.5"),
        ({"episodes": True}, r"sources\[0\].episodes must be a whole number, not True"),
        ({"episodes": ["1"]}, r"sources\[0\].episodes\[...\] must be a whole number, not '1'"),
        ({"min_frames": "5"}, r"sources\[0\].min_frames must be a whole number, not '5'"),
        ({"compact": 1}, r"sources\[0\].compact must be True or False, not 1"),
        ({"drop": 5}, r"sources\[0\].drop must be a text or several, not 5"),
        ({"drop": [5]}, r"sources\[0\].drop\[0\] must be a text, not 5"),
        ({"drop": b"x"}, r"sources\[0\].drop must be a text or several, not b'x'"),
        ({"rename": ["a", "b"]}, r"sources\[0\].rename must be a dict, not \['a', 'b'\]"),
        ({"rename": "ab"}, r"sources\[0\].rename must be a dict, not 'ab'"),
        ({"rename": {1: "b"}}, r"a key of sources\[0\].rename must be a text, not 1"),
        ({"rename": {"a": None}}, r"sources\[0\].rename\['a'\] must be a text, not None"),
        ({"trim": {"4": "1-2"}}, r"a key of sources\[0\].trim must be a whole number, not '4'"),
        ({"trim": {4: 5}}, r"sources\[0\].trim\[4\] must be a text as 10-250, or the first and the last frame, not 5"),
        ({"trim": {4: (1, 2, 3)}}, r"sources\[0\].trim\[4\] must be a text as 10-250, or the first and the last frame, not \(1, 2, 3\)"),
        ({"pad": {"p": "7"}}, r"sources\[0\].pad\['p'\] must be a whole number, not '7'"),
        ({"fill": {"f": None}}, r"sources\[0\].fill\['f'\] must be a number, True, False or a text, not None"),
        ({"robot_type": 5}, r"sources\[0\].robot_type must be a text, not 5"),
    ],
)
def test_a_rule_of_a_wrong_type_is_a_type_error_that_names_it(make_source, tmp_path, rules, message):
    with pytest.raises(TypeError, match=f"^{message}$"):
        robomerge.merge([robomerge.Source(make_source(), **rules)], tmp_path / "merged")
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        robomerge.Source("a", entry={})


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"episodes": []}, "sources[0].episodes"),
        ({"episodes": ""}, "sources[0].episodes"),
        ({"episodes": range(0)}, "at least one episode"),
        ({"episodes": [-1]}, "from 0 to 2**63 - 1"),
        ({"min_frames": 2**64}, "sources[0].min_frames"),
        ({"set_task": "\udcff"}, "a text that UTF-8 can hold"),
        ({"episodes": "9-3"}, "`9-3`"),
        ({"cast": {"f": "float"}}, "cast: f"),
        ({"sample": 0}, "sample"),
        ({"seed": 3}, "together with `sample`"),
        ({"rename": {"a": "b"}, "drop": ["b"]}, "renamed and dropped"),
        ({"where": "x"}, "COLUMN OP VALUE"),
    ],
)
def test_a_rule_that_cannot_be_is_a_value_error(make_source, tmp_path, rules, said):
    error = refusal(tmp_path, make_source(), robomerge.Source(make_source(), **rules))
    assert isinstance(error, ValueError) and said.replace("[0]", "[1]") in str(error)


def test_a_seed_has_64_bits(make_source, tmp_path):
    (tmp_path / "k.yaml").write_text(f"sources: [{make_source()}]\nsample: 1\nseed: {2**64 - 1}\n")
    (source,) = robomerge.read_recipe(tmp_path / "k.yaml").sources
    assert source.seed == 2**64 - 1
    assert "to 2**64 - 1" in str(refusal(tmp_path, make_source(), robomerge.Source(make_source(), sample=1, seed=2**64)))
    assert robomerge.merge([source], tmp_path / "merged").num_episodes == 1


def test_a_recipe_is_read_and_merged(make_source, tmp_path):
    first, second = make_source(), make_source(lengths=(3,))
    path = tmp_path / "r.yaml"
    path.write_text(
        f"output: out\nsync: false\nchunk_size: 7\ntmp_root: .\nverify: true\nretime: true\n"
        f"sources: [{first.name}, {{path: {second.name}, name: the second}}]\n"
    )
    recipe = robomerge.read_recipe(path)
    assert recipe.sources == (
        robomerge.Source(str(first), retime=True),
        robomerge.Source(str(second), "the second", retime=True),
    )
    assert recipe.destination == str(tmp_path / "out") and recipe.rules == {"retime": True}
    assert recipe.options == {"sync": False, "chunk_size": 7, "staging_root": f"{tmp_path}/.", "verify": True}
    assert recipe.plan(tmp_path / "elsewhere", copy_mode="copy").dry_run
    report = recipe.merge(verify=False, progress=False)
    assert report.destination == recipe.destination and report.verification is None
    record = json.loads((tmp_path / "out/meta/robomerge.json").read_text())
    assert [source.get("name") for source in record["sources"]] == [None, "the second"]
    assert json.loads((tmp_path / "out/meta/info.json").read_text())["chunks_size"] == 7


def test_a_recipe_says_rules_for_sources_that_it_does_not_name(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "trim: {4: 1-2}\npad: {p: 7}\ndrop: [a]\nepisodes: [1, 2]\nrobot_type: arm\nkeep_common: true\nfill: {f: 0}\n"
    )
    recipe = robomerge.read_recipe(tmp_path / "r.yaml")
    assert recipe.sources == () and recipe.destination is None and recipe.options == {}
    assert recipe.rules == {
        "trim": {4: "1-2"}, "pad": {"p": 7}, "drop": ("a",), "episodes": "1,2",
        "robot_type": "arm", "keep_common": True, "fill": {"f": "0"},
    }  # fmt: skip
    assert set(stated(**recipe.rules)) == set(recipe.rules)
    with pytest.raises(robomerge.InvalidArgumentError, match="no destination"):
        recipe.merge()
    with pytest.raises(robomerge.InvalidArgumentError, match="no sources"):
        recipe.merge(tmp_path / "out")


def test_faults_of_a_recipe_come_all_at_once_with_their_lines(make_source, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("outptu: x\nmin_frames: few\n")
    with pytest.raises(robomerge.InvalidArgumentError) as caught:
        robomerge.read_recipe(path)
    assert [problem.where for problem in caught.value.problems] == [f"{path}: line 1", f"{path}: line 2"]
    with pytest.raises(FileNotFoundError):
        robomerge.read_recipe(tmp_path / "none.yaml")
    with pytest.raises(TypeError, match="^path must be a path, not 5$"):
        robomerge.read_recipe(5)


def test_a_rule_that_fails_later_names_its_line(make_source, tmp_path):
    source = make_source()
    path = tmp_path / "r.yaml"
    path.write_text(f"output: out\nmax_frames: 5\nsources:\n- path: {source.name}\n  drop: [x]\n")
    recipe = robomerge.read_recipe(path)
    # What the recipe does not say contradicts what it says.
    for sources in (
        [replace(recipe.sources[0], min_frames=9, rename={"a": "x"})],
        (replace(each, min_frames=9, rename={"a": "x"}) for each in recipe.sources),
    ):
        with pytest.raises(robomerge.InvalidArgumentError) as caught:
            robomerge.merge(sources, tmp_path / "out")
        assert {problem.where for problem in caught.value.problems} == {"min_frames", f"{path}: line 5: drop: x"}


def test_the_schema_has_the_keys_and_types_of_the_library():
    schema = json.loads(SCHEMA.read_text())
    source = next(each for each in schema["properties"]["sources"]["items"]["anyOf"] if each["type"] == "object")
    keys = recipe_keys()
    assert list(schema["properties"]) == [name for name, key in keys.items() if key["is_common"]]
    assert list(source["properties"]) == [name for name, key in keys.items() if key["is_of_source"]]

    def takes(entry: dict) -> str:
        if "$ref" in entry:
            entry = schema["definitions"][entry["$ref"].rpartition("/")[2]]
        kinds = {each.get("type") for each in entry.get("anyOf", [entry])}
        if kinds == {"integer", "string", "array"}:
            return "episodes"
        names = {"integer": "whole number", "boolean": "true or false", "object": "mapping", "string": "text", None: "choice"}
        return "texts" if kinds == {"string", "array"} else names.get(*kinds, *kinds)

    for place in (schema, source):
        found = {name: takes(entry) for name, entry in place["properties"].items() if name != "sources"}
        assert found == {name: keys[name]["takes"] for name in found}


@pytest.mark.parametrize(
    ("recipe", "is_right"),
    [
        ({"sources": ["a", {"path": "b", "episodes": [1, "3-5"], "trim": {"4": "10-250"}}]}, True),
        ({"episodes": "0-9,12,20-", "fill": {"f": 0.5, "g": True}, "drop": "x"}, True),
        ({"sources": [{"name": "b"}]}, False),
        ({"episodes": []}, False),
        ({"trim": {"four": "1-2"}}, False),
        ({"cast": {"f": "float"}}, False),
        ({"unknown": 1}, False),
    ],
)
def test_the_schema_takes_what_the_library_takes(tmp_path, recipe, is_right):
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    try:
        robomerge.read_recipe(tmp_path / "r.yaml")
        is_taken = True
    except robomerge.InvalidArgumentError:
        is_taken = False
    assert is_taken == is_right
    if find_spec("jsonschema") is None:
        return
    import jsonschema

    assert jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).is_valid(recipe) == is_right


def test_the_example_fits_the_schema():
    recipe = robomerge.read_recipe(REPOSITORY / "examples/recipe.yaml")
    assert [source.name for source in recipe.sources] == [None, "the second kitchen"]
