"""What a name is noted and asked by beside an erased phone number, so that the next bearer is told apart.

Keyed hashes can only be equal or not, so what matching compares (spelling variants, pet forms, initials, the
order of the fields, a slip of the keyboard) is written out as forms: two names are taken for one person's
when a form that is noted of one is asked of the other. When in doubt they are.

One slip is enough under any surname. Two in a long first name are one person's where the surname is the same,
since a stranger who got the number would have to bear both; under another surname the stranger is likelier,
and two names of the lexicon stay two however near.

The forms are part of what the ledger's kinds `phone_named_1` and `phone_name_1` mean. One may be added: older
entries lack it and do what they did. Whoever changes or drops one gives them a new number, and lets entries
of the old one hold back everybody with the number, as `phone` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pipelines.identity.normalise.lexicon import GIVEN_NAMES, GIVEN_SKELETONS, PET_CIRCLES
from pipelines.identity.normalise.names import PersonName
from pipelines.identity.normalise.text import skeleton

_SHORTEST_SLIP = 4
_ANY_LETTER = 6
"""From this length on a slip may have taken the first letter."""
_LONG = 8
"""From this length on a first name is known with two slips in it, beside its surname."""
_SLIPS = 2


def noted_forms(name: PersonName) -> frozenset[str]:
    """The forms by which an erased person's name is noted; none for a name that says nothing."""
    first = name.first
    if name.kind == "none" or not first:
        return frozenset()
    forms = {f"initial {first[0]}", *_common(name)}
    # Who gives one name only may give the surname.
    if len(name.tokens) == 1:
        forms |= {f"alone {form}" for form in _called(first)}
    else:
        forms |= {f"part {form}" for form in _whole(name)}
        # The fields were swapped if a surname is a first name too (Vik) and the first name is an unknown one.
        if skeleton(name.rest[-1]) not in GIVEN_SKELETONS:
            forms.add(f"last {name.rest[-1]}")
        # Written as one word: karihansen, KH.
        letters = (token[0] for token in name.tokens)
        forms |= {f"part {skeleton(''.join(name.tokens))}", f"part {skeleton(''.join(letters))}"}
    if len(first) == 1:
        return frozenset({*forms, f"abbreviated {first}"})
    forms |= {f"first {form}" for form in _called(first)}
    # Two names of the lexicon that are a letter apart (Anne, Anna) are two names.
    classes = ("slip", "slip of one unknown") if first not in GIVEN_NAMES else ("slip",)
    forms |= {f"{kind} {left}" for kind in classes for left in _without_a_letter(first)}
    if len(first) >= _LONG:
        forms |= {f"{kind} twice {left}" for kind in classes for left in _twice(first, name.rest)}
    return frozenset(forms)


def asked_forms(name: PersonName) -> frozenset[str]:
    """The forms by which a record's name is looked for; none for a name that says nothing."""
    first = name.first
    if name.kind == "none" or not first:
        return frozenset()
    lone = "part" if len(name.tokens) == 1 else "alone"
    forms = {f"abbreviated {first[0]}", *(f"{lone} {form}" for form in _whole(name)), *_common(name)}
    if len(first) == 1:
        return frozenset({*forms, f"initial {first}"})
    forms |= {f"{_kind_asked(first)} {left}" for left in _without_a_letter(first)}
    # A surname that is a first name too (Lien) is taken for it beside one that a slip has made unknown.
    readings = [(first, name.rest), *((name.rest[-1], (first, *name.rest[:-1])) for _ in name.rest[:1])]
    for one, others in readings:
        if len(one) >= _LONG - _SLIPS:
            forms |= {f"{_kind_asked(one)} twice {left}" for left in _twice(one, others)}
    return frozenset({*forms, f"first {skeleton(first)}", f"last {first}"})


def _common(name: PersonName) -> Iterator[str]:
    """Forms that are noted and asked alike."""
    given = {skeleton(token) for token in name.tokens[:1] if len(token) > 1}
    given |= {form for token in name.rest[:-1] if (form := skeleton(token)) in GIVEN_SKELETONS}
    if len(_whole(name)) > 1:
        joined = skeleton("".join(name.tokens[:2]))  # Annemarie
        given.add(joined)
        yield f"first {joined}"
    # In any order: fields may be swapped, and a middle name be used as the first.
    for one in given:
        yield from (f"pair {min(one, other)} {max(one, other)}" for other in _whole(name) if other != one)


def _whole(name: PersonName) -> frozenset[str]:
    """The tokens that are no initials, reduced to the core of their spelling."""
    return frozenset(skeleton(token) for token in name.tokens if len(token) > 1)


def _called(token: str) -> frozenset[str]:
    """A first name in every form its bearer may go by (Elisabeth, Lisbeth), reduced to its core."""
    own = skeleton(token)
    circles = PET_CIRCLES.get(own, frozenset())
    return frozenset({own, *(name for name, others in PET_CIRCLES.items() if circles & others)})


def _without_a_letter(token: str) -> Iterator[str]:
    """A token and what is left of it without any one letter: what a slip apart meet in these."""
    if len(token) < _SHORTEST_SLIP:
        return
    yield token
    for place in range(0 if len(token) >= _ANY_LETTER else 1, len(token)):
        yield token[:place] + token[place + 1 :]


def _kind_asked(first: str) -> str:
    """By which of an erased name's slips a first name is looked for."""
    return "slip of one unknown" if first in GIVEN_NAMES else "slip"


def _twice(first: str, others: tuple[str, ...]) -> Iterator[str]:
    """What is left of a first name without up to two letters, beside each of the other names."""
    beside = {skeleton(token) for token in others if len(token) > 1}
    for missing in range(_SLIPS + 1):
        for kept in combinations(first, len(first) - missing):
            yield from (f"{''.join(kept)} {other}" for other in beside)
