"""Where the package under test lies: as the build lays it out, or in the folder that ROBOMERGE_PACKAGE names."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE_PARENT = Path(os.environ.get("ROBOMERGE_PACKAGE", REPOSITORY / "build/release/python")).resolve()
