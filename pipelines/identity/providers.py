"""Mail providers that no list names, known by the crowd of companies seen at one domain.

Such a domain is anyone's, like that of a listed provider: it says nothing of an organisation, and no two
records meet by it. Pure functions on features. Must not know the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipelines.identity.closure import key_hashes
from pipelines.identity.company_index import domain_likeness
from pipelines.identity.features import Features
from pipelines.identity.normalise.domains import label_of

LEAST_NAMES = 25
"""So many different company names at a domain make it a provider's, unless the domain spells one of them."""
LARGEST_SHARE = 0.25
"""With more than this share of the records there a company is at home: the other names are its own, too, as
people wrote them."""
REASON = "a mail provider: companies of very many names are seen there"


class Crowd(NamedTuple):
    """Company names at a domain, the records that bear or name them, and the most records of one name."""

    names: int
    records: int
    largest: int


@dataclass(frozen=True, slots=True)
class Crowds:
    """Which companies are seen at which domains.

    `companies`: domain (index into `domains`), company (index into the companies of the features), each pair
    once. `names`: domain, name_hash, records, and row, a canonical row of a record that bears or names it
    there; companies of one name are one. All records of one name at one domain are in one block.
    """

    domains: list[str]
    companies: pd.DataFrame
    names: pd.DataFrame

    def hashes(self) -> pd.DataFrame:
        """The names with pair_hash and domain_hash instead of texts."""
        domain_hash = domain_hashes(self.domains)
        domain, name = (self.names[column].to_numpy() for column in ("domain", "name"))
        pairs = [f"{self.domains[at]} {core}" for at, core in zip(domain.tolist(), name, strict=True)]
        return pd.DataFrame(
            {
                "pair_hash": key_hashes("name_at_domain", pairs),
                "domain_hash": domain_hash[domain],
                "records": self.names["records"],
                "row": self.names["row"],
            }
        )


def domain_hashes(domains: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """64 bits for each domain, as in crm.match_crowd."""
    return key_hashes("domain", domains)


def crowds(data: Features) -> Crowds:
    """The companies at the mail domains and web sites of the records that bear or name one."""
    domains, at = data.domains()
    name, cores = pd.factorize(np.array([name.core for name in data.companies] or [""], dtype=object))
    says = np.array([bool(core) for core in cores])[name]
    company = data.company[at.row]
    chosen = (company >= 0) & says[company]
    held = pd.DataFrame({"domain": at.value[chosen], "row": at.row[chosen], "company": company[chosen]})
    held = held.drop_duplicates(["domain", "row"])
    held["name"] = name[held["company"]]
    names = held.groupby(["domain", "name"], as_index=False).agg(records=("row", "size"), row=("row", "min"))
    names["name"] = cores[names["name"].to_numpy(dtype=np.int64)]
    return Crowds(domains, held[["domain", "company"]].drop_duplicates(), names)


def providers(data: Features, seen: Crowds, elsewhere: Mapping[str, Crowd] | None = None) -> dict[str, int]:
    """Domains that are a provider's, with how many company names are seen there.

    `elsewhere` are domains that were a provider's before, with the crowd of the records that are not at hand.
    """
    others = elsewhere or {}
    sizes = seen.names.groupby("domain")["records"].agg(["size", "sum", "max"])
    large = sizes.index.isin([at for at, domain in enumerate(seen.domains) if domain in others])
    sizes = sizes[large | (sizes["size"] >= LEAST_NAMES).to_numpy()]
    here = {seen.domains[at]: (at, Crowd(*map(int, size))) for at, *size in sizes.itertuples()}
    found = {}
    for domain in sorted({*here, *others}):
        at, mine = here.get(domain, (-1, _NOBODY))
        crowd = _together(mine, others.get(domain, _NOBODY))
        is_crowd = crowd.names >= LEAST_NAMES and crowd.largest <= LARGEST_SHARE * crowd.records
        if is_crowd and not _is_spelled(data, seen, at, domain):
            found[domain] = crowd.names
    return found


def as_public(data: Features, domains: Mapping[str, int]) -> Features:
    """The records with these domains taken for public ones."""
    if not domains:
        return data
    values = [
        value._replace(is_public=True) if value.domain in domains else value for value in data.email_values
    ]
    website = data.website.copy()
    website[[site in domains for site in website]] = None
    return replace(data, email_values=values, website=website, providers=domains)


_NOBODY = Crowd(0, 0, 0)


def _together(one: Crowd, other: Crowd) -> Crowd:
    return Crowd(one.names + other.names, one.records + other.records, max(one.largest, other.largest))


def _is_spelled(data: Features, seen: Crowds, at: int, domain: str) -> bool:
    """Whether a company there has a name like the domain's: then it is that company's."""
    label = label_of(domain)
    companies = seen.companies["company"].to_numpy()[(seen.companies["domain"] == at).to_numpy()]
    return any(domain_likeness(label, data.companies[company]) for company in companies.tolist())
