"""LeRobot's own trainer on a merged dataset, as examples/train_act.sh starts it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(
    find_spec("accelerate") is None and os.environ.get("REQUIRE_PEER") != "1",
    reason="accelerate is not installed, which LeRobot's trainer needs",
)
def test_act_takes_a_step(robomerge, tmp_path):
    script = REPOSITORY / "scripts/make_demo_datasets.py"
    subprocess.run([sys.executable, script, tmp_path / "demo"], check=True, capture_output=True)
    sources = [tmp_path / f"demo/source-{number}" for number in range(3)]
    subprocess.run([robomerge, "merge", *sources, "-o", tmp_path / "merged", "-q"], check=True)

    # The command beside this interpreter, and nothing of this user's.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "HF_LEROBOT_HOME": str(tmp_path / "home")}
    words = [REPOSITORY / "examples/train_act.sh", tmp_path / "merged", tmp_path / "trained"]
    run = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "step:1 " in run.stdout + run.stderr
    (model,) = (tmp_path / "trained").rglob("model.safetensors")
    assert model.stat().st_size > 0
