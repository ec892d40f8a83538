"""What is kept of the crowds at mail domains: a refresh knows a provider's domain by it, reading a part.

Reads crm.match_crowd. Must not know what makes a domain a provider's (providers.py says).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.identity.previous import any_of
from pipelines.identity.providers import REASON, Crowd, domain_hashes
from pipelines.store.bulk import read_frame
from schemas.tables import crm


@dataclass(frozen=True, slots=True)
class KeptCrowds:
    """The providers there are, with their numbers of names, and rows of crm.match_crowd of some blocks."""

    providers: Mapping[str, int]
    rows: pd.DataFrame
    blocks: Sequence[int]

    def touched(self, seen: pd.DataFrame) -> list[str]:
        """The providers at which a name is seen (`Crowds.hashes`), or was in the blocks."""
        domains = list(self.providers)
        hashes = np.concatenate([seen["domain_hash"].to_numpy(), self.rows["domain_hash"].to_numpy()])
        mine = np.isin(domain_hashes(domains), hashes.astype(np.int64))
        return [domain for domain, is_mine in zip(domains, mine.tolist(), strict=True) if is_mine]


def known_providers(connection: sa.Connection) -> dict[str, int]:
    """The providers that the last run found, with how many names are seen there."""
    guard = crm.identity_guard.c
    found = sa.select(guard.key_value, guard.organizations).where(
        guard.key_kind == "domain", guard.reason == REASON
    )
    return {domain: names or 0 for domain, names in connection.execute(found)}


def kept_crowds(connection: sa.Connection, providers: Mapping[str, int], blocks: Sequence[int]) -> KeptCrowds:
    """What is kept of the crowds within some blocks."""
    mine = crm.match_crowd.c.block == any_of(blocks, sa.BigInteger())
    rows = read_frame(connection, sa.select(crm.match_crowd).where(mine))
    return KeptCrowds(providers, rows.astype(np.int64), blocks)


def crowds_elsewhere(connection: sa.Connection, kept: KeptCrowds, domains: Sequence[str]) -> dict[str, Crowd]:
    """The crowds at some domains without those within the blocks."""
    if not domains:
        return {}
    pair = crm.match_crowd.c
    hashes = domain_hashes(list(domains)).tolist()
    of_domains = sa.select(
        pair.domain_hash, sa.func.count(), sa.func.sum(pair.records), sa.func.max(pair.records)
    )
    found = connection.execute(
        of_domains.where(
            pair.domain_hash == any_of(hashes, sa.BigInteger()),
            sa.not_(pair.block == any_of(kept.blocks, sa.BigInteger())),
        ).group_by(pair.domain_hash)
    )
    crowd = {
        domain_hash: Crowd(names, int(records), largest) for domain_hash, names, records, largest in found
    }
    return {domain: crowd[at] for domain, at in zip(domains, hashes, strict=True) if at in crowd}
