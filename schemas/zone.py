"""The time zone of the company, its sources and the law: what has no zone of its own is meant in it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

ZONE_NAME = "Europe/Oslo"
OSLO = ZoneInfo(ZONE_NAME)
