"""robomerge, with faults: command_with_faults.py FAULTS ROBOMERGE ARGUMENT...

First it looks for FAULTS/<subcommand>, or FAULTS/<subcommand>-<rank> if there is a rank, and does
what that file says. Except for `fail`, a fault happens only once. Then it becomes the command.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

MESSAGE = "the disk of this task is on fire"


def main() -> None:
    faults, *words = sys.argv[1:]
    arguments = words[1:]
    name = arguments[0]
    if "--rank" in arguments:
        name += "-" + arguments[arguments.index("--rank") + 1]
    fault = Path(faults, name)
    if fault.exists():
        what = fault.read_text().strip()
        if what == "fail":
            error = {"message_type": "error", "code": "io", "kind": "E-io", "what": MESSAGE, "where": "/dev/fire"}
            print(json.dumps(error | {"exit_code": 4}), file=sys.stderr)
            sys.exit(4)
        fault.unlink()
        if what == "crash":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        elif what == "kill the task":
            os.kill(os.getppid(), signal.SIGKILL)
            sys.exit(1)
        elif what == "wait":
            fault.with_name(fault.name + ".waits").write_text(str(os.getpid()))
            time.sleep(300)
        else:
            sys.exit(f"unknown fault `{what}`")
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
