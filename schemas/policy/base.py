"""What every part of the policy is made of: a strict model, and texts in both languages."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints


class Part(BaseModel):
    """A part of the policy: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Part):
    """One text in Norwegian (bokmål) and English, both required."""

    nb: Annotated[str, StringConstraints(min_length=2)]
    en: Annotated[str, StringConstraints(min_length=2)]


def _in_both(value: object) -> object:
    return {"nb": value, "en": value} if isinstance(value, str) else value


Named = Annotated[Bilingual, BeforeValidator(_in_both)]
"""A text in both languages, or one that reads the same in both: a company's name."""
