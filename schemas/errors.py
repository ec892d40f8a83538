"""What an error may promise: that its message holds nothing personal.

Here, below everything else, so that an error of any package can promise it.
"""

from __future__ import annotations


class SafeError(Exception):
    """Its message is made of names, counts and ids: it may be shown, logged and kept as it is.

    What every other error says is left out before it leaves the pipeline (pipelines/errors.py).
    """
