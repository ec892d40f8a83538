"""Rules of the person matcher in words, for the record of each link."""

from __future__ import annotations

from pipelines.identity.evidence import WITNESSES

_NAMES = {
    "name": "the same name",
    "name_variant": "variants of one name",
    "similar_name": "nearly the same name",
    "abbreviated_name": "one name abbreviated",
    "part_of_name": "one name is part of the other",
}
_KEYS = {"email": "the same personal e-mail address", "phone": "the same personal phone number"}
_WHOLE = {
    "decision": "a person decided so",
    "renamed_email": "the same e-mail address and first name, the surname changed",
    "renamed_phone": "the same mobile number and first name, the surname changed",
    "spelled_email": "the same personal e-mail address; the name with a slip, as others there have another",
    "spelled_phone": "the same personal phone number; the name with a slip, as others there have another",
    "renamed_two_keys": "two shared keys and the first name, the surname changed",
}


def person_rule(rule: str) -> str:
    """What a rule says, without personal values."""
    if rule in _WHOLE:
        return _WHOLE[rule]
    key, _, name = rule.partition("_and_")
    if key in _KEYS:
        return f"{_KEYS[key]}; {_NAMES[name]}" if name else f"{_KEYS[key]}; no name says otherwise"
    if key == "short_name":
        return f"a short form of the name; {WITNESSES[name][1]}; nobody else there may be meant by it"
    return f"the same whole name; {WITNESSES[name][1]}; nothing speaks against it"
