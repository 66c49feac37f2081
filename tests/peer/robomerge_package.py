"""The Python package under test: that of the build, or the one in the folder that ROBOMERGE_PACKAGE
names."""

import os
import sys
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("ROBOMERGE_PACKAGE", Path(__file__).resolve().parents[2] / "build/release/python")
).resolve()
sys.path.insert(0, str(FOLDER))

try:
    import robomerge.library  # noqa: F401
except ImportError as error:
    if os.environ.get("REQUIRE_PEER") == "1":
        raise
    pytest.skip(f"the package robomerge cannot be imported: {error}", allow_module_level=True)
