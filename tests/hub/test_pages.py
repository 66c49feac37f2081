"""Every command of docs/hub.md runs, in the order of the page."""

import re
import shlex
from pathlib import Path

from fake_hub import TOKEN
from kitchens import CAMERAS, REPOSITORY

PAGE = (REPOSITORY / "docs/hub.md").read_text()


def test_every_command_runs(robomerge, hub, kitchens, tmp_path):
    for name in ("kitchen_1", "kitchen_2"):
        hub.add(f"lab/{name}", kitchens[0], tags=("v3.0",))
    # As many episodes as the page selects.
    episodes = [kitchens[0]] * 3
    robomerge("merge", *episodes, "-o", "twelve")
    hub.add("lab/kitchen_1", tmp_path / "twelve", tags=("v3.0",))
    (tmp_path / "mine").symlink_to(kitchens[1])
    commands = re.findall(r"^robomerge .*$", re.search(r"```\n(robomerge .*?)```", PAGE, re.DOTALL)[1], re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        words = shlex.split(command.replace("observation.images.top", CAMERAS[0]), comments=True)[1:]
        # `compare` finds what is to be settled: nothing here.
        robomerge(*words, HF_TOKEN=TOKEN)
    assert hub.repositories["lab/kitchen"].private
    # What else the page names of the command line.
    flags = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert flags <= set(re.findall(r"--[a-z-]+", robomerge("--help")))


def test_what_the_page_shows_of_python_is_run_by_its_tests():
    shown = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    test = Path(REPOSITORY / "python/tests/test_hub.py").read_text()
    for line in shown.splitlines():
        assert line in test
