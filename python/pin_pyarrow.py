"""Gives the wheel its one requirement: the pyarrow that it was built against.

The name of Arrow's library carries major and minor (`libarrow.so.2600`), and between two of them
the layout of its classes changes. So a wheel runs with one major.minor only, whatever its patch
release; which one is known when it is built.
"""

from importlib.metadata import version


def dynamic_metadata(settings, project):
    major, minor = version("pyarrow").split(".")[:2]
    return {"dependencies": [f"pyarrow~={major}.{minor}.0"]}


def dynamic_wheel(settings):
    # A source distribution is bound to no pyarrow yet.
    return {"dependencies": True}
