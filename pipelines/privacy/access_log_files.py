"""The files of the registration system's access log: written anew where rows go and no partition is dropped.

A partition that spans a few days is dropped before its files are due. A table without partitions, or one of
months, would hold deleted addresses for longer than the policy allows.
"""

from __future__ import annotations

import logging
from datetime import datetime

import sqlalchemy as sa

from pipelines.privacy.access_log import DATA, LOCK_TIMEOUT, SETTING
from pipelines.privacy.periods import Period
from pipelines.privacy.platform import Part, configured_table, parts
from pipelines.privacy.rewrite import MARGIN, RewriteError, note_rewrite, rewrite_table
from schemas.policy import Policy
from schemas.tables.platform import PlatformNames
from schemas.tables.privacy import rewrite_log

logger = logging.getLogger(__name__)


def rewrite_due(
    crm: sa.Engine, platform: sa.Engine, policy: Policy, names: PlatformNames, now: datetime
) -> tuple[str, ...]:
    """Write anew what lost rows and whose time is up by the policy; return the names of the tables.

    The state is kept in the CRM database. The registration system's writers wait while a table is copied; one
    that is in use, or that the login may not write anew, is left, and the latter is told in the log.
    """
    text = policy.retention_of(DATA).rewrite
    if text is None:
        return ()
    period = Period.parse(text)
    with platform.begin() as connection:
        table = configured_table(connection, names.access_log, (names.occurred_at,), SETTING)
        tree = parts(connection, table, names.occurred_at, names.zone)
        lasting = {_key(part): part for part in tree if part.is_leaf and not _goes_soon(part, period, now)}
        writes = {key: _writes(connection, part) for key, part in lasting.items()}
    due = _due(crm, period, writes, now)
    return tuple(key for key in due if _rewrite(crm, platform, key, lasting[key], writes[key], now))


def _goes_soon(part: Part, period: Period, now: datetime) -> bool:
    """Whether a partition is dropped before the files of its first deleted row are due."""
    if part.start is None or part.end is None:
        return False
    return part.end - part.start <= period.ends(now) - now


def _due(crm: sa.Engine, period: Period, writes: dict[str, int], now: datetime) -> list[str]:
    """Tables whose time is up; the time of one that is seen for the first time begins now."""
    with crm.begin() as connection:
        log = rewrite_log.c
        mine = log.data.startswith(f"{DATA}:", autoescape=True)
        seen = {row.data: row for row in connection.execute(sa.select(rewrite_log).where(mine))}
        connection.execute(sa.delete(rewrite_log).where(mine, log.data.not_in(list(writes))))
        note_rewrite(connection, {key: 0 for key in writes if key not in seen}, now)
    return [
        key
        for key, count in writes.items()
        if key in seen and count != seen[key].writes and period.ends(seen[key].rewritten_at) - MARGIN <= now
    ]


def _rewrite(crm: sa.Engine, platform: sa.Engine, key: str, part: Part, writes: int, now: datetime) -> bool:
    try:
        if not rewrite_table(platform, part.schema, part.name, lock_timeout=LOCK_TIMEOUT):
            return False
    except RewriteError as error:
        logger.warning("%s", error)
        return False
    with crm.begin() as connection:
        note_rewrite(connection, {key: writes}, now)
    return True


def _key(part: Part) -> str:
    return f"{DATA}:{part.schema}.{part.name}"


def _writes(connection: sa.Connection, part: Part) -> int:
    """Updated and deleted rows, as the server has counted them since its statistics began."""
    counted = sa.text("SELECT n_tup_upd + n_tup_del FROM pg_stat_all_tables WHERE relid = :oid")
    return connection.scalar(counted, {"oid": part.oid}) or 0
