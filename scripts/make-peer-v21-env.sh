#!/usr/bin/env bash
# make-peer-v21-env.sh DIR PEER: a Python environment in DIR that holds LeRobot 0.3.3, whose reader is
# that of v2.1, for tests/peer. PEER is what make-peer-env.sh has made.
#
# It takes torch, PyAV, torchcodec and the rest from PEER, and holds LeRobot itself and what must be
# older than there: `datasets` before 4 and what that asks for. A second run changes nothing that is
# already right.
#
#     scripts/make-peer-v21-env.sh .peer-v21 .peer
#     REQUIRE_PEER_V21=1 .peer/bin/python -m pytest tests/peer/test_write_v21.py
set -euo pipefail

directory=${1:?usage: make-peer-v21-env.sh DIR PEER}
peer=$(cd "${2:?usage: make-peer-v21-env.sh DIR PEER}" && pwd)

[ -x "$directory/bin/python" ] || "$peer/bin/python" -m venv "$directory"
site() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
# A .pth file adds PEER behind what is installed in DIR.
site "$peer" > "$(site "$directory")/peer.pth"
"$directory/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --ignore-requires-python \
  lerobot==0.3.3 datasets==3.6.0 huggingface_hub==0.36.0 fsspec==2025.3.0 dill==0.3.8 multiprocess==0.70.16

HF_HUB_OFFLINE=1 "$directory/bin/python" - <<'PYTHON'
import lerobot.datasets.lerobot_dataset
from importlib.metadata import version

assert version("datasets") < "4", version("datasets")
print("LeRobot", version("lerobot"), "is ready")
PYTHON
