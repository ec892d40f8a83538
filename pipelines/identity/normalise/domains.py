"""Mail and web domains: who may own one, and which ones say nothing about an organisation.

Pure functions on single strings. The Public Suffix List is the packaged copy; nothing is fetched.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache

from publicsuffixlist import PublicSuffixList
from rapidfuzz.distance import OSA

from pipelines.identity.normalise.text import squashed

_SUFFIXES = PublicSuffixList()

# RFC 2606 keeps these for examples: whoever stands under one owns that sub-domain, as under a suffix.
_RESERVED = frozenset({"example.com", "example.net", "example.org", "example.no"})

# Mail for anyone: free providers, then Norwegian internet providers.
PUBLIC_MAIL = frozenset(
    """
    gmail.com googlemail.com hotmail.com hotmail.no hotmail.co.uk outlook.com outlook.no
    live.com live.no msn.com yahoo.com yahoo.no yahoo.co.uk yahoo.se ymail.com rocketmail.com icloud.com
    me.com mac.com aol.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tuta.com tuta.io
    gmx.com gmx.net gmx.de mail.com mail.ru yandex.com yandex.ru zoho.com zohomail.eu fastmail.com
    fastmail.fm hey.com runbox.com runbox.no web.de t-online.de wp.pl o2.pl onet.pl interia.pl inbox.lv
    hotmail.se live.se hotmail.dk live.dk telia.com spray.se qq.com 163.com online.no broadpark.no
    getmail.no start.no frisurf.no c2i.net spray.no bluezone.no epost.no sf-nett.no cfl.no lyse.net
    altibox.no tele2.no chello.no loqal.no ebnett.no enivest.net haugnett.no combitel.no sensewave.com
    telenor.no broadband.no nextgentel.com hesbynett.no wemail.no vikenfiber.no mail.tele2.no sol.no
    """.split()
)

# Sites and platforms under which many firms have a page or an address.
HOSTING = frozenset(
    """
    facebook.com fb.com instagram.com linkedin.com twitter.com x.com youtube.com google.com goo.gl
    sites.google.com business.site wordpress.com wixsite.com weebly.com squarespace.com webnode.no
    webnode.com blogspot.com blogspot.no github.io mystrikingly.com godaddysites.com one.com
    myshopify.com sharepoint.com onmicrosoft.com azurewebsites.net herokuapp.com gulesider.no 1881.no
    proff.no finn.no mittanbud.no idrettenonline.no spoortz.no nif.idrett.no linktr.ee vercel.app
    netlify.app
    """.split()
)

# Endings under which Norid registers only names of that kind (Regelverk for .no, categories).
_KINDS = {"kommune.no": "kommune", "herad.no": "herad", "vgs.no": "videregaendeskole"}

# What people write for a company is an address only under an ending that is hardly a word.
_ADDRESS = re.compile(r"^(?:https?://)?[a-z0-9æøå.-]+\.(?:no|com|net|org|eu|se|dk)/?$")
_HOST = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
_TYPO_TARGETS = (
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "hotmail.no",
    "online.no",
    "yahoo.com",
    "yahoo.no",
    "live.no",
    "live.com",
    "icloud.com",
    "outlook.no",
)
# Providers with one ending only, and what people write for it.
_WRONG_ENDINGS = {
    f"{name}.{ending}": f"{name}.com"
    for name in ("gmail", "icloud")
    for ending in ("no", "se", "dk", "net", "org")
}
# Real providers one edit away from another provider: not typing errors.
_NOT_TYPOS = PUBLIC_MAIL | frozenset({"mail.com", "email.com", "ymail.com", "gmx.com", "live.se", "live.dk"})


@lru_cache(maxsize=1 << 20)
def registrable_domain(host: str) -> str | None:
    """The domain one owner registered, lower case; None when the host is no host or is a bare suffix.

    >>> registrable_domain("www.fjord.no"), registrable_domain("post.fjord.example.no")
    ('fjord.no', 'fjord.example.no')
    """
    host = host.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    if not _HOST.match(host):
        return None
    private = _SUFFIXES.privatesuffix(host)
    if private in _RESERVED:
        labels = host.split(".")
        return ".".join(labels[-3:]) if len(labels) > 2 else None
    return str(private) if private else None


def website_domain(raw: str | None) -> str | None:
    """The domain of a web site as people write it (`https://www.fjord.no/om`, `fjord.no`); None for a
    platform.
    """
    if not raw:
        return None
    host = raw.strip().lower().split("://")[-1].split("/")[0].split("?")[0].split("@")[-1].split(":")[0]
    domain = registrable_domain(host)
    return None if domain is None or says_nothing(domain) else domain


def domain_written(text: str | None) -> str | None:
    """The domain of a text that is a web address and nothing else (`fjord.no`, `www.fjord.no`), else None."""
    if not text or not _ADDRESS.match(text.strip().lower()):
        return None
    return website_domain(text)


@lru_cache(maxsize=1 << 20)
def label_of(domain: str) -> str:
    """What the domain spells, as the key of a name: under an ending that is kept for one kind of organisation
    (Norid's category domains) that kind belongs to it.

    >>> label_of("fjord-bakeri.no"), label_of("fjord.kommune.no")
    ('fjordbakeri', 'fjordkommune')
    """
    label, _, ending = domain.partition(".")
    if label.startswith("xn--"):
        with suppress(UnicodeError):
            label = label.encode("ascii").decode("idna")
    return squashed(label) + _KINDS.get(ending, "")


def says_nothing(domain: str) -> bool:
    """Whether the domain is anyone's: public mail, a hosting platform or a social network."""
    return domain in PUBLIC_MAIL or domain in HOSTING


@lru_cache(maxsize=1 << 20)
def intended_domain(domain: str) -> str | None:
    """The public provider that was meant by a mistyped one (`gmial.com`); None when nothing is wrong.

    One letter added, lost, changed or two swapped, against a handful of providers (Damerau-Levenshtein), or
    the ending of one that has another.
    """
    if domain in _WRONG_ENDINGS:
        return _WRONG_ENDINGS[domain]
    if domain in _NOT_TYPOS:
        return None
    for target in _TYPO_TARGETS:
        if abs(len(domain) - len(target)) <= 1 and OSA.distance(domain, target, score_cutoff=1) == 1:
            return target
    return None
