"""Loads the C++ library, the extension module `robomerge._robomerge`."""

try:
    import robomerge._robomerge as extension
except ModuleNotFoundError as error:
    raise ImportError(
        "robomerge is not built here; build it with: cmake --preset release -DROBOMERGE_BUILD_PYTHON=ON && cmake --build --preset release, "
        "and put build/release/python in PYTHONPATH; or install it with: pip install ."
    ) from error

__all__ = ["extension"]
