"""The folder of the package under test: that of the build, or the one that ROBOMERGE_PACKAGE
names."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE_PARENT = Path(os.environ.get("ROBOMERGE_PACKAGE", REPOSITORY / "build/release/python")).resolve()
