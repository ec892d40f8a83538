"""What connectors log stays off a terminal that nobody has set up for logs."""

from __future__ import annotations

import subprocess
import sys


def test_a_warning_of_a_connector_is_not_printed_where_no_log_is_set_up() -> None:
    program = "import logging, connectors; logging.getLogger('connectors.egress').warning('again in 2 s')"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stderr == ""
