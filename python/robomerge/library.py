"""Loads the C++ library, the extension module `robomerge._robomerge`.

It is linked with the Arrow libraries inside the pyarrow wheel. They are loaded here first, from the
pyarrow that `import pyarrow` would find. The loader then uses these for the extension, wherever it
was built and wherever pyarrow is installed. pyarrow itself is not imported, which would take half a
second.
"""

import ctypes

from robomerge import launcher

try:
    from robomerge.built_with import ARROW_SO_VERSION
except ModuleNotFoundError as error:
    raise ImportError(
        "robomerge is not built here; build it with: cmake --preset release -DROBOMERGE_BUILD_PYTHON=ON && cmake --build --preset release, "
        "and put build/release/python in PYTHONPATH; or install it with: pip install ."
    ) from error

_problem = launcher.why_unusable()
if _problem is not None:
    raise ImportError(_problem)
for _name in launcher.LIBRARIES:
    ctypes.CDLL(f"{launcher.pyarrow_folder()}/lib{_name}.so.{ARROW_SO_VERSION}")

from robomerge import _robomerge as extension  # noqa: E402

__all__ = ["extension"]
