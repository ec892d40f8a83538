"""The commands behind the Makefile. Each prints for a person and returns an exit code."""

import sys
from types import TracebackType

_told = sys.excepthook


def _without_ctrl_c(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _told(kind, error, trace)


# Here, since a command's own imports take a second, in which Ctrl-C would show where they were.
sys.excepthook = _without_ctrl_c
