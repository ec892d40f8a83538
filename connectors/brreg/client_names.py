"""Tells an organisation's name, which may be looked up by name, from one that could be only a person's.

A name in a query leaves the house, so it needs a sign that it is an organisation's. In doubt it is a
person's: words that are surnames too (Bank, Sogn, Kirke …) are no sign.
"""

from __future__ import annotations

import re
import unicodedata

_FORM_WORDS = frozenset("as iks fkf bbl brl rhf nuf gmbh ltd inc aps".split())
# Organisation forms that are names too (Åsa without its ring, Ba, Da, Sá …): only as `Name BA`, in capitals
# at the end of a name that is not all in capitals.
_AMBIGUOUS_FORMS = frozenset("ASA ANS DA SA BA KS KF SF STI FLI HF SE SPA AB OY BL".split())
_WORDS = frozenset(
    """
    akademi avdeling barnehage bedehus bispedømme borettslag byrå consult consulting departement direktorat
    eiendom entreprenør etat fagforbund fakultet festival forbund foretak forening forlag forum fotball
    frivilligsentral fylkeskommune group gruppa gruppen helselag holding hotel hotell høgskole høyskole
    idrettslag industri institutt invest kirken klubb kollegium kommune kompani konferanse kongress konsern
    korps kulturhus kurs laget landslag ligaen maraton media menighet misjon museum nettverk norsk norske
    næringsforening organisasjon orkester partiet politiet rådet samarbeid samband sameie samfunn samvirke
    selskap selskapet senter sentralforbund service services skole solutions sparebank speidergruppe statens
    stiftelse stiftelsen studentsamskipnad sykehus systems teater technology teknologi tilsyn tingrett
    ungdomslag universitet utvalg velforening verksted
    """.split()
)
# Ends of compound words …
_ENDINGS = tuple(
    """
    forening foreningen forbund forbundet kommune skole skolen klubb klubben laget idrettslag senter senteret
    barnehage barnehagen menighet menigheten kirke kirken stiftelse stiftelsen selskap selskapet sykehus
    sykehuset universitet universitetet høgskolen høyskolen museum museet festival festivalen korps korpset
    orkester orkesteret teater teatret byrå byrået sparebank sparebanken etaten direktoratet departementet
    tilsynet fondet rådet utvalget gruppen nettverk samvirke borettslag sameie sameiet
    """.split()
)
# … which are signs by themselves as well, but for those that are surnames.
_ENDINGS_THAT_ARE_SURNAMES = frozenset({"kirke", "skolen"})
_SIGNS = _FORM_WORDS | _WORDS | frozenset(_ENDINGS) - _ENDINGS_THAT_ARE_SURNAMES


def could_be_a_persons(name: str) -> bool:
    """Whether nothing in the name shows that it is an organisation's."""
    written = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).replace("A/S", "AS"))
    if not written:
        return True
    if written[-1] in _AMBIGUOUS_FORMS and not all(word.isupper() for word in written):
        return False
    words = [word.casefold() for word in written]
    return not any(word in _SIGNS or _is_compound(word) for word in words)


def _is_compound(word: str) -> bool:
    """`fjellskolen`, `byteateret`: a compound word that ends in one for an organisation."""
    return any(word.endswith(ending) and len(word) > len(ending) + 1 for ending in _ENDINGS)
