"""Keeps the output of encoders and muxers, which they write to the descriptors, out of the report
of the tests."""

import contextlib
import os


@contextlib.contextmanager
def silence():
    saved = [os.dup(1), os.dup(2)]
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for descriptor in (*saved, sink):
            os.close(descriptor)
