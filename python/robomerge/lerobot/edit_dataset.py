"""The command `robomerge-edit-dataset`: `lerobot-edit-dataset`, with its flags, without LeRobot.
Only the operations that need an encoder are LeRobot's own, where it is installed.

Flags, errors and log lines follow LeRobot's scripts/lerobot_edit_dataset.py. New are
--operation.num_workers and --operation.tmp_root of a merge.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from robomerge.lerobot.flow_values import parse_bool, parse_flow, parse_int, parse_list

OTHER_OPERATIONS = ("convert_image_to_video", "reencode_videos")

EPILOG = """\
examples:
  robomerge-edit-dataset --new_repo_id me/all --operation.type merge --operation.repo_ids "['me/a', 'me/b']"
  robomerge-edit-dataset --new_repo_id me/all --new_root /data/all --operation.type merge \\
      --operation.repo_ids "['me/a', 'me/b']" --operation.roots "['/data/a', '/data/b']" --operation.num_workers 8
  robomerge-edit-dataset --repo_id me/a --operation.type delete_episodes --operation.episode_indices "[0, 2]"
  robomerge-edit-dataset --repo_id me/a --operation.type split --operation.splits "{train: 0.8, val: 0.2}"

What needs an encoder (convert_image_to_video, reencode_videos) is handed to LeRobot.
"""

# The parser of each flag's text. Other flags stay text.
PARSERS: dict[str, Callable[[str], object]] = {
    "operation.repo_ids": parse_list,
    "operation.roots": parse_list,
    "operation.concatenate_videos": parse_bool,
    "operation.concatenate_data": parse_bool,
    "operation.num_workers": parse_int,
    "push_to_hub": parse_bool,
}
#: The flags of each operation, without those of a merge.
FIELDS: dict[str, dict[str, tuple[str, str, str]]] = {
    "delete_episodes": {"episode_indices": ("list[int]", "LIST", "the episodes to leave out, such as [0, 2]")},
    "split": {"splits": ("dict", "DICT", "fractions or lists of episodes by name, such as {train: 0.8, val: 0.2}")},
    "remove_feature": {"feature_names": ("list[str]", "LIST", "the features to leave out")},
    "rename_feature": {"feature_mapping": ("dict[str, str]", "DICT", "new names by old ones")},
    "modify_tasks": {
        "new_task": ("str", "TEXT", "the task of episodes that no other flag names"),
        "episode_tasks": ("dict[str, str]", "DICT", "tasks by episode"),
        "task_replacements": ("dict[str, str]", "DICT", "new texts of tasks by old ones"),
    },
    "recompute_stats": {
        "skip_image_video": ("bool", "BOOL", "without effect: cameras keep their statistics, as in LeRobot"),
        "relative_action": ("bool", "BOOL", "true: measure actions relative to the state in which their chunk begins"),
        "relative_exclude_joints": ("list[str]", "LIST", "joints that stay absolute (default: ['gripper'])"),
        "chunk_size": ("int", "N", "frames of a chunk of actions (default: 50)"),
        "num_workers": ("int", "N", "threads (default: one per core)"),
        "overwrite": ("bool", "BOOL", "true: change the dataset itself"),
    },
    "info": {"show_features": ("bool", "BOOL", "true: print the features, too")},
}


def _typed(value: Any, kind: str) -> Any:
    """`value` as the field's type, or ValueError. As LeRobot's parser takes them."""
    wrong = ValueError(f"Couldn't parse {value!r} into a {kind}")
    if kind == "list[int]":
        if not isinstance(value, list):
            raise ValueError(f"The given value={value!r} is not of a valid input for a list type")
        try:
            return [int(each) for each in value]
        except (TypeError, ValueError):
            raise wrong from None
    if kind == "list[str]":
        if not isinstance(value, list):
            raise ValueError(f"The given value={value!r} is not of a valid input for a list type")
        return [str(each) for each in value]
    if kind.startswith("dict"):
        if not isinstance(value, dict):
            raise wrong
        if kind == "dict[str, str]":
            return {str(key): str(each) for key, each in value.items()}
        for each in value.values():
            is_number = isinstance(each, int | float) and not isinstance(each, bool)
            is_list = isinstance(each, list) and all(type(one) is int for one in each)
            if not is_number and not is_list:
                raise wrong
        return value
    if kind == "bool" and not isinstance(value, bool):
        raise wrong
    if kind == "int" and type(value) is not int:
        raise wrong
    return value if kind in ("bool", "int") else str(value)


def _parsed(text: str, kind: str) -> Any:
    if kind == "str":
        return None if text == "null" else text
    if kind == "bool":
        return parse_bool(text)
    if kind == "int":
        return parse_int(text)
    value = parse_flow(text)
    return None if value is None else _typed(value, kind)


#: The name of what each parser makes. In a file of settings a value must have that type.
KINDS: dict[Callable[..., object], str] = {parse_list: "list of strings", parse_bool: "bool", parse_int: "int"}
DEFAULTS: dict[str, Any] = {
    "operation.type": None,
    "operation.repo_ids": None,
    "operation.roots": None,
    "operation.concatenate_videos": True,
    "operation.concatenate_data": True,
    "operation.num_workers": None,
    "operation.tmp_root": None,
    "repo_id": None,
    "root": None,
    "new_repo_id": None,
    "new_root": None,
    "push_to_hub": False,
}


class UsageError(Exception):
    """The flags are wrong. The text says how."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Exits with 0 after a merge, 1 if it fails or a flag has a wrong value, 2 for a wrong flag,
    130 after Ctrl-C."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(levelname)s %(asctime)s %(filename)s:%(lineno)d %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    try:
        settings = parse(sys.argv[1:] if arguments is None else arguments)
        from robomerge import library as library  # late, so that wrong flags are reported at once
        from robomerge.errors import RobomergeError
    except (UsageError, ImportError) as error:
        _fail(str(error))
    try:
        run(settings)
    except RobomergeError as error:
        _fail(error.text)
    except (ValueError, FileExistsError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def parse(arguments: Sequence[str]) -> dict[str, Any]:
    """Returns the settings by name. For a flag that does not exist argparse itself ends the
    program."""
    parser = _flags()
    operation = parser.parse_known_args(arguments)[0]
    kind = getattr(operation, "operation.type")
    if kind in OTHER_OPERATIONS:
        _hand_over(kind, arguments)
    given = vars(parser.parse_args(arguments))
    settings = dict(DEFAULTS)
    if given["config_path"] is not None:
        settings.update(_read_config(Path(given["config_path"]), kind))
    kind = kind or settings["operation.type"]
    if kind in FIELDS:
        return _settings_of_edit(kind, settings, given)
    for name, text in given.items():
        if text is None or name == "config_path":
            continue
        try:
            settings[name] = PARSERS.get(name, str)(text)
        except ValueError as error:
            raise UsageError(f"`{name}`: {error}") from None
    if settings["operation.type"] is None:
        raise UsageError("Missing required field(s) `operation` for EditDatasetConfig: give --operation.type merge")
    return settings


def _hand_over(kind: str, arguments: Sequence[str]) -> NoReturn:
    """Becomes LeRobot's own command."""
    try:
        is_there = find_spec("lerobot.scripts.lerobot_edit_dataset") is not None
    except ImportError:
        is_there = False
    if not is_there:
        raise UsageError(f"`{kind}` needs an encoder: install LeRobot, whose command does it (pip install lerobot)")
    print(f"robomerge-edit-dataset: `{kind}` is done by lerobot-edit-dataset", file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "lerobot.scripts.lerobot_edit_dataset", *arguments])


def _settings_of_edit(kind: str, settings: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The settings of an operation that edits: `settings` of a file, and flags, which win."""
    fields = FIELDS[kind]
    general = ("operation.type", "repo_id", "root", "new_repo_id", "new_root", "push_to_hub")
    result = {name: settings[name] for name in general} | {"operation.type": kind}
    for name, (field_kind, _, _) in fields.items():
        result[f"operation.{name}"] = settings.get(f"operation.{name}", False if field_kind == "bool" else None)
    for name, text in given.items():
        if text is None or name in ("config_path", "operation.type"):
            continue
        field = name.removeprefix("operation.")
        if name.startswith("operation.") and field not in fields:
            config = "".join(word.capitalize() for word in kind.split("_")) + "Config"
            raise UsageError(f"`operation`: The fields `{field}` are not valid for {config}")
        try:
            if name.startswith("operation."):
                result[name] = _parsed(text, fields[field][0])
            else:
                result[name] = PARSERS.get(name, str)(text)
        except ValueError as error:
            raise UsageError(f"`{name}`: {error}") from None
    return result


def run(settings: dict[str, Any]) -> None:
    """Merges or edits. Raises ValueError, in LeRobot's words, for settings that contradict each other."""
    if settings["operation.type"] in FIELDS:
        from robomerge.lerobot import edit_operations

        for repo_id, place in edit_operations.run(settings):
            if settings["push_to_hub"]:
                from robomerge.lerobot.push import push_to_hub

                logging.info(f"Pushing to hub as {repo_id}")
                push_to_hub(repo_id, place)
        return
    from robomerge.lerobot.aggregate import aggregate
    from robomerge.lerobot.sources import find_sources, lerobot_home

    new_repo_id, repo_ids, roots = settings["new_repo_id"], settings["operation.repo_ids"], settings["operation.roots"]
    if not new_repo_id:
        raise ValueError("--new_repo_id is required for merge operation (the merged dataset identifier)")
    if not repo_ids:
        raise ValueError("repo_ids must be specified for merge operation")
    if settings["repo_id"] is not None or settings["root"] is not None:
        logging.warning(
            "merge uses --new_repo_id and --new_root for the merged dataset. The --repo_id and --root parameters are ignored."
        )
    if roots and len(roots) != len(repo_ids):
        raise ValueError("repo_ids and roots must have the same length for merge operation")
    logging.info(f"Loading {len(repo_ids)} datasets to merge")
    sources = find_sources(repo_ids, roots or None)
    output_dir = Path(settings["new_root"]) if settings["new_root"] else lerobot_home() / new_repo_id
    logging.info(f"Merging datasets into {new_repo_id}")
    report = aggregate(
        repo_ids,
        new_repo_id,
        roots=sources,
        aggr_root=output_dir,
        concatenate_videos=settings["operation.concatenate_videos"],
        concatenate_data=settings["operation.concatenate_data"],
        num_workers=settings["operation.num_workers"],
        tmp_root=settings["operation.tmp_root"],
    )
    logging.info(f"Merged dataset saved to {output_dir}")
    logging.info(f"Episodes: {report.num_episodes}, Frames: {report.num_frames}")
    if settings["push_to_hub"]:
        from robomerge.lerobot.push import push_to_hub

        logging.info(f"Pushing to hub as {new_repo_id}")
        push_to_hub(new_repo_id, output_dir)


def _flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="robomerge-edit-dataset",
        description="Merge and edit LeRobot datasets, with the flags of lerobot-edit-dataset.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )

    def flag(name: str, shape: str, text: str, **options: Any) -> None:
        parser.add_argument(
            f"--{name}", dest=name, metavar=None if "choices" in options else shape, help=text, **options
        )

    flag("config_path", "FILE", "a JSON file with the same names; flags win over it")
    flag("operation.type", "", "what to do", choices=("merge", *FIELDS, *OTHER_OPERATIONS))
    flag("operation.repo_ids", "LIST", "the datasets, such as \"['me/a', 'me/b']\"; required")
    flag("operation.roots", "LIST", "their folders; default: $HF_LEROBOT_HOME/REPO_ID, else the Hub")
    flag("operation.concatenate_videos", "BOOL", "false: keep one file per source file (default: true)")
    flag("operation.concatenate_data", "BOOL", "false: keep one file per source file (default: true)")
    flag("operation.num_workers", "N", "threads; the result is the same for any number (default: one)")
    flag("operation.tmp_root", "DIR", "where the staging folder lies (default: beside the new dataset)")
    for kind, fields in FIELDS.items():
        for name, (_, shape, text) in fields.items():
            if name != "num_workers":  # a merge has it, too
                flag(f"operation.{name}", shape, f"{kind}: {text}")
    flag("new_repo_id", "ID", "the name of the new dataset; required for a merge (default: that of the source)")
    flag("new_root", "DIR", "its folder (default: $HF_LEROBOT_HOME/ID)")
    flag("repo_id", "ID", "the dataset to edit; ignored by a merge")
    flag("root", "DIR", "its folder (default: $HF_LEROBOT_HOME/ID, else the Hub); ignored by a merge")
    flag("push_to_hub", "BOOL", "true: upload the new dataset (needs huggingface_hub)")
    return parser


def _read_config(path: Path, asked: str | None) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path} as JSON: {error}") from None
    settings: dict[str, Any] = {}
    for name, value in content.items() if isinstance(content, dict) else ():
        if name == "operation" and isinstance(value, dict):
            settings |= {f"operation.{inner}": inner_value for inner, inner_value in value.items()}
        else:
            settings[name] = value
    kind = asked or settings.get("operation.type", "merge")
    if kind not in ("merge", *FIELDS):
        raise UsageError(f"robomerge-edit-dataset does not do `{kind}`, which {path} asks for")
    of_edit = {f"operation.{name}": of[0] for name, of in FIELDS.get(kind, {}).items()}
    known = {name for name in DEFAULTS if kind == "merge" or not name.startswith("operation.")}
    unknown = sorted(settings.keys() - known - of_edit.keys() - {"operation.type"})
    if unknown or not isinstance(content, dict):
        fields = ", ".join(f"`{name.removeprefix('operation.')}`" for name in unknown) or "the content"
        config = "".join(word.capitalize() for word in kind.split("_")) + "Config"
        raise UsageError(f"`operation`: The fields {fields} are not valid for {config}")
    for name, of_kind in of_edit.items():
        if settings.get(name) is None:
            continue
        try:
            settings[name] = _typed(settings[name], of_kind)
        except ValueError as error:
            raise UsageError(f"`{name}`: {error}") from None
    for name, value in settings.items():
        if name in of_edit:
            continue
        wanted = KINDS.get(PARSERS.get(name, str), "str")
        is_list_of_words = isinstance(value, list) and all(isinstance(each, str) for each in value)
        kind = "list of strings" if is_list_of_words else type(value).__name__
        if value is not None and kind != wanted:
            raise UsageError(f"`{name}`: Couldn't parse {value!r} into a {wanted}")
    return settings


def _fail(text: str) -> NoReturn:
    print(text if text.startswith("error") else f"error: {text}", file=sys.stderr)
    sys.exit(1)
