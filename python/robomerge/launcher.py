"""Starts the command in this package, as `python -m robomerge` does."""

import os
import signal
import sys
from pathlib import Path

#: The command, as it lies in the package.
COMMAND = Path(__file__).parent / "bin/robomerge"


def main() -> None:
    if not COMMAND.is_file():
        sys.exit("error: robomerge is not built here; install it with: pip install robomerge")
    # Python ignores these two signals, and exec keeps that. `robomerge inspect x | head` would then
    # not end.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    os.execv(COMMAND, ["robomerge", *sys.argv[1:]])
