"""What the command and its Python say to each other: a line of JSON each way. The command asks for
metadata, then for payload as often as it must, or for a push. Lines with `stage` are progress."""

import json
import os
import sys
import threading
from dataclasses import asdict
from typing import Any

from robomerge.hub.trouble import HubError


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Nothing else may come between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lock = threading.Lock()

    def say(message: dict[str, Any]) -> None:
        with lock:
            print(json.dumps(message), file=answers, flush=True)

    try:
        _answer_all(say)
    except (KeyboardInterrupt, BrokenPipeError):
        # Threads may be waiting for the network. What they have is on disk.
        os._exit(130)


def _answer_all(say: Any) -> None:
    snapshots: list[Any] = []
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["ask"] == "metadata":
                from robomerge.hub.snapshots import fetch_metadata

                snapshots = fetch_metadata(request["addresses"], say, first_videos=request["first_videos"])
                say({"sources": [{"folder": str(each.folder), "name": each.name} for each in snapshots]})
            elif request["ask"] == "payload":
                from robomerge.hub.snapshots import fetch_payload

                say({"num_files": fetch_payload(snapshots, request["paths"], say)})
            else:
                from robomerge.hub.push import push_folder

                arguments = {name: value for name, value in request.items() if name != "ask"}
                say(asdict(push_folder(**arguments, tell=say)))
        except HubError as error:
            say({"problems": [asdict(problem) for problem in error.problems]})
