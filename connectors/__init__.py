"""The outside world: one folder per system, each with a client and a faithful local simulator.

Knows HTTP and the four APIs. Must not know Dagster or the CRM's tables.
"""

import logging

# Where nobody has set up logging, Python prints warnings to the terminal, between what commands say there.
logging.getLogger(__name__).addHandler(logging.NullHandler())
