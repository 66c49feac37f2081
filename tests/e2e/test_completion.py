"""The command line completed by the shells themselves, on a terminal."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

LOAD = {
    "bash": ("bash --norc --noprofile -i", "source {script}"),
    "zsh": ("zsh -f -i", "autoload -U compinit && compinit -u -D && source {script}"),
}


@pytest.fixture
def script(robomerge, tmp_path):
    def make(shell: str) -> Path:
        if shutil.which(shell) is None:
            pytest.skip(f"{shell} is not installed")
        run = robomerge("completion", shell)
        assert (run.exit_code, run.stderr) == (0, "")
        path = tmp_path / f"script.{shell}"
        path.write_text(run.stdout)
        return path

    return make


def read_until(terminal: int, wanted: str, seconds: float = 20) -> str:
    """What the shell prints until `wanted` is in it."""
    text, end = "", time.monotonic() + seconds
    while wanted not in text and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536).decode(errors="replace")
    assert wanted in text, text
    return text


def completed(shell: str, script: Path, typed: str, wanted: str, folder: Path) -> None:
    """Types into the shell, then a tab, and waits until the line has grown to `wanted`."""
    start, load = LOAD[shell]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update(TERM="dumb", PS1="$ ", HOME=str(folder), INPUTRC="/dev/null")
        os.execvp(start.split()[0], start.split())
    try:
        os.write(terminal, f"{load.format(script=script)}; echo rea''dy\n".encode())
        read_until(terminal, "ready")
        os.write(terminal, f"robomerge {typed}\t".encode())
        read_until(terminal, f"robomerge {wanted}")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


CASES = [
    ("mer", "merge "),
    ("help insp", "help inspect "),
    ("completion fi", "completion fish "),
    ("merge --overw", "merge --overwrite"),
    ("inspect --read", "inspect --read-data"),
    ("merge --color al", "merge --color always"),
    ("plan --copy-mode sh", "plan --copy-mode share"),
    ("merge --stats f", "merge --stats fold"),
    ("report kitchen_1 -o kitt", "report kitchen_1 -o kitten.txt"),
    ("merge kit", "merge kitchen_1/"),
    ("merge --recipe rec", "merge --recipe recipe.yaml"),
    ("merge kitchen_1 -o kit", "merge kitchen_1 -o kitchen_1/"),
]


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "here"
    (folder / "kitchen_1").mkdir(parents=True)
    (folder / "kitten.txt").write_text("")
    (folder / "recipe.yaml").write_text("")
    return folder


@pytest.mark.parametrize("shell", LOAD)
def test_bash_and_zsh_complete(script, folder, shell):
    loaded = script(shell)
    for typed, wanted in CASES:
        completed(shell, loaded, typed, wanted, folder)


def test_fish_completes(script, folder):
    loaded = script("fish")
    for typed, wanted in CASES:
        code = f"source {loaded}; complete -C 'robomerge {typed}'"
        run = subprocess.run(
            ["fish", "--no-config", "-c", code], cwd=folder, capture_output=True, text=True, timeout=60
        )
        offered = [line.split("\t")[0] for line in run.stdout.splitlines()]
        assert offered == [wanted.split()[-1]], (typed, run.stdout, run.stderr)


def test_every_flag_of_every_command_is_offered(robomerge):
    for shell in ("bash", "zsh", "fish"):
        text = robomerge("completion", shell).stdout
        for flag in re.findall(r"^ +(?:-\w, )?--([\w-]+)", robomerge("--help").stdout, re.MULTILINE):
            assert f"--{flag}" in text or f"-l {flag}" in text, (shell, flag)


@pytest.mark.parametrize("words", [["completion"], ["completion", "tcsh"], ["completion", "bash", "zsh"]])
def test_another_shell_is_2(robomerge, words):
    run = robomerge(*words)
    assert (run.exit_code, run.stdout) == (2, "")
    assert "robomerge completion bash, zsh or fish" in run.stderr
