"""What every payload shares: which source it is, its key and version, and how hostile text is tamed.

A payload is one record of an API, reduced to the declared fields. Knows no HTTP and no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict

System = Literal["helpscout", "tripletex", "brreg", "pindena"]
"""A source system, by its name among the recipients of policy.yaml."""
SYSTEMS: tuple[System, ...] = get_args(System)


class Payload(BaseModel):
    """One record of a source. Field names are those of the landing table, aliases those of the API."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    system: ClassVar[System]
    """The system that it is read from."""
    source: ClassVar[str]
    """Name of the source entity: its landing table and its name in `crm.source_link`."""
    key: ClassVar[str] = "id"
    """Field that identifies a record at its source."""
    version: ClassVar[str | None] = None
    """Field that orders the versions of a record; an older one never overwrites a newer one."""
    not_read: ClassVar[frozenset[str]] = frozenset()
    """Fields of the API that are known and deliberately left out (data minimisation)."""

    @classmethod
    def known_fields(cls) -> frozenset[str]:
        """Top-level names of the API's object that are read or deliberately left out."""
        return frozenset(_first_names(cls)) | cls.not_read

    @classmethod
    def shows_fields(cls, record: Mapping[str, Any]) -> bool:
        """Whether a record bears every field that it has a value for, so that what it lacks can be drift."""
        return True

    @classmethod
    def key_of(cls, record: Mapping[str, Any]) -> object:
        """The raw key in a record of the API, None when it is missing; for records that do not validate."""
        alias = cls.model_fields[cls.key].validation_alias
        return record.get(alias) if isinstance(alias, str) else record.get(cls.key)


def _first_names(payload: type[Payload]) -> list[str]:
    names: list[str] = []
    for name, field in payload.model_fields.items():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
        names += [str(choice.path[0]) if isinstance(choice, AliasPath) else choice for choice in choices]
    return names
