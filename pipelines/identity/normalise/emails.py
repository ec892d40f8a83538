"""E-mail addresses: validity, the key that identifies a mailbox, and what kind of mailbox it is.

Pure functions on single strings. A plain address takes a fast path that agrees with email-validator
(`tests/pipelines/identity/test_normalise_emails.py` holds the two together); all else asks the library.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from pipelines.identity.normalise.domains import PUBLIC_MAIL, intended_domain, registrable_domain
from pipelines.identity.normalise.lexicon import (
    GIVEN_SKELETONS,
    PLACEHOLDER_LOCALS,
    ROLE_MAILBOXES,
    ROLE_STEMS,
)
from pipelines.identity.normalise.text import clean, folded, skeleton

_PLAIN = re.compile(
    r"(?=.{6,254}$)(?=[^@]{1,64}@)[a-z0-9_+\-]+(?:\.[a-z0-9_+\-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
    re.IGNORECASE | re.ASCII,
)
_IN_BRACKETS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_LOCAL_SPLIT = re.compile(r"[._\-]+")
_NUMERALS = "0123456789"
_PLACEHOLDER_DOMAINS = frozenset(
    {
        "example.com",
        "example.org",
        "example.net",
        "test.no",
        "test.com",
        "ukjent.no",
        "ingen.no",
        "mangler.no",
        "noemail.com",
        "xx.no",
        "xxx.no",
        "a.no",
    }
)


class Email(NamedTuple):
    """One address: as it is stored, as it is compared, and what kind of mailbox it is."""

    address: str  # lower case, as on the card
    key: str  # identifies the mailbox: no plus-tag, no dots at Gmail, a mistyped provider put right
    local: str  # local part of the key
    domain: str  # registrable domain of the key
    is_role: bool  # a role's mailbox (post@, faktura@)
    is_placeholder: bool  # nobody's (test@, ukjent@)
    is_public: bool  # a provider for anyone
    typo_of: str | None  # the provider that was meant, when the domain is one letter off


def email(raw: str | None) -> Email | None:
    """The address in `raw` (`mailto:`, display name and trailing signs removed); None when there is none."""
    address = email_address(raw)
    if address is None:
        return None
    local, _, written = address.rpartition("@")
    host, domain, is_public, is_placeholder, typo = _host(written)
    local = local.split("+", 1)[0] or local
    bare = local.replace(".", "") or local if domain == "gmail.com" else local
    return Email(
        address=address,
        key=f"{bare}@{host}",
        local=local,
        domain=domain,
        is_role=not is_public and is_role_local(bare),
        is_placeholder=is_placeholder or bare in PLACEHOLDER_LOCALS,
        is_public=is_public,
        typo_of=typo,
    )


@lru_cache(maxsize=1 << 20)
def _host(written: str) -> tuple[str, str, bool, bool, str | None]:
    """Host and domain as meant, whether anyone's or nobody's, and the provider behind a mistyped one."""
    typo = intended_domain(written)
    host = typo or written
    domain = registrable_domain(host) or host
    if host == "googlemail.com":
        host = domain = "gmail.com"
    nobodys = domain in _PLACEHOLDER_DOMAINS or host in _PLACEHOLDER_DOMAINS
    return host, domain, domain in PUBLIC_MAIL, nobodys, typo


def email_address(raw: str | None) -> str | None:
    """The valid lower-case address in `raw`, or None. Syntax only; no name server is asked."""
    if not raw:
        return None
    if plain_address(raw):
        return raw.lower()
    text = clean(raw)
    in_brackets = _IN_BRACKETS.search(text)
    text = in_brackets.group(1) if in_brackets else text
    text = text.removeprefix("mailto:").removeprefix("MAILTO:").strip(" \t<>\"'.,;:()[]").replace(" ", "")
    if plain_address(text):
        return text.lower()
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def plain_address(text: str) -> bool:
    """Whether the fast path is sure that email-validator accepts the text as it stands."""
    if not _PLAIN.fullmatch(text):
        return False
    domain = text.rpartition("@")[2].lower()
    if "--" in domain:
        return False
    return domain.rpartition(".")[2] not in _SPECIAL_TOP and domain not in SPECIAL_USE_DOMAIN_NAMES


_SPECIAL_TOP = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


def is_role_local(local: str) -> bool:
    """Whether a local part names a role: `post`, `faktura2`, `faktura.oslo`, `no-reply`, `regnskap_kurs`."""
    text = folded(local)
    parts = _LOCAL_SPLIT.split(text)
    if len(parts) == 1:
        return text in ROLE_MAILBOXES or text.rstrip(_NUMERALS) in ROLE_MAILBOXES
    whole = "".join(parts)
    if whole in ROLE_MAILBOXES or whole.rstrip(_NUMERALS) in ROLE_MAILBOXES:
        return True
    if ROLE_STEMS.isdisjoint(parts) and not ROLE_MAILBOXES.issuperset(parts):
        return False
    return not any(skeleton(part) in GIVEN_SKELETONS for part in parts)


def is_family_local(local: str) -> bool:
    """Whether a local part names a household (`fam.hansen`, `familien_berg`) or a couple (`kariogper`)."""
    parts = [part.rstrip(_NUMERALS) for part in _LOCAL_SPLIT.split(folded(local))]
    if not _FAMILY.isdisjoint(parts) or parts[0].startswith("familien"):
        return True
    ends = "".join(parts)
    return any(
        skeleton(ends[: at.start()]) in GIVEN_SKELETONS and skeleton(ends[at.end() :]) in GIVEN_SKELETONS
        for at in _AND.finditer(ends)
        if at.start() > 1
    )


_FAMILY = frozenset({"fam", "familie", "familien", "family"})
_AND = re.compile("og|and")


class LocalName(NamedTuple):
    """A person's name read off a local part: tokens in folded form."""

    given: str
    surname: str | None


def name_in_local(local: str) -> LocalName | None:
    """The name a local part spells out (`kari.hansen`, `ola_m_berg`, `kari`), only when a given name is
    known.

    A guess for comparison, never for a card.
    """
    stripped = (part.rstrip(_NUMERALS) for part in _LOCAL_SPLIT.split(folded(local)))
    parts = [part for part in stripped if part]
    if not parts or not all(part.isalpha() for part in parts):
        return None
    if len(parts) == 1:
        return (
            LocalName(parts[0], None) if len(parts[0]) > 2 and skeleton(parts[0]) in GIVEN_SKELETONS else None
        )
    first, last = parts[0], parts[-1]
    if len(first) > 1 and len(last) > 1:
        if skeleton(first) in GIVEN_SKELETONS:
            return LocalName(first, last)
        if skeleton(last) in GIVEN_SKELETONS:
            return LocalName(last, first)
    return None
