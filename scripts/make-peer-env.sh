#!/usr/bin/env bash
# make-peer-env.sh DIR: a Python environment in DIR that holds LeRobot 0.6.1, for tests/peer.
#
# A second run on the same DIR changes nothing that is already right. PYTHON names the interpreter
# to start from (default: python3); 3.11 or later. LeRobot asks for 3.12 only because a few modules
# write generics in 3.12's syntax: on 3.11 the installed copy is rewritten in the older one, on 3.12
# and later it is left as it is.
#
#     scripts/make-peer-env.sh .peer
#     REQUIRE_PEER=1 .peer/bin/python -m pytest tests/peer
set -euo pipefail

directory=${1:?usage: make-peer-env.sh DIR}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "make-peer-env: $python is older than Python 3.11; set PYTHON to a newer one" >&2
  exit 1
}
[ -x "$directory/bin/python" ] || "$python" -m venv "$directory"

install() { "$directory/bin/python" -m pip --disable-pip-version-check install --quiet "$@"; }

# What the tests use of LeRobot, at the versions its behaviour was studied with. torch only has to
# be importable. torchvision and LeRobot itself are installed without their other dependencies
# (CUDA, robots, simulators). A build of torch for the CPU is enough; pip's own variables say where
# one is.
install torch==2.13.0
install --no-deps torchvision==0.29.2
install accelerate==1.15.0 av==15.1.0 datasets==4.8.5 datatrove==0.10.1 deepdiff==9.1.0 draccus==0.11.6 einops==0.8.2 \
  gymnasium==1.4.0 huggingface_hub==1.33.0 jsonlines==4.0.0 numpy==2.2.6 opencv-python-headless==5.0.0.93 \
  packaging==26.3 pandas==2.3.3 pillow==13.0.0 pyarrow==26.0.1 pytest==9.2.0 pytest-xdist==3.8.0 requests==2.34.2 safetensors==0.8.0 \
  termcolor==3.3.0
# Further readers that results are checked with: databases with their own Parquet readers, and the
# video reader that LeRobot prefers. The latter is used only where it loads: it needs a torch and an
# FFmpeg that it was built for.
install duckdb==2.0.0 polars==2.1.0
install --no-deps torchcodec==0.13.0
install --no-deps --ignore-requires-python lerobot==0.6.1

"$directory/bin/python" "$here/../tests/peer/older_syntax.py"
HF_HUB_OFFLINE=1 "$directory/bin/python" - <<'PYTHON'
import lerobot.datasets.aggregate
import lerobot.datasets.lerobot_dataset
import lerobot.scripts.lerobot_edit_dataset
from importlib.metadata import version

print("LeRobot", version("lerobot"), "is ready")
PYTHON
