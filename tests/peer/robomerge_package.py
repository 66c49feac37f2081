"""The Python package under test, as the build lays it out; ROBOMERGE_PACKAGE names another folder that holds
`robomerge`."""

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
