"""Loads policy.yaml and refuses it, with the line to mend, where it is incomplete or contradicts itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import ValidationError

from schemas.policy.contradictions import contradictions
from schemas.policy.document import PolicyError, read_document
from schemas.policy.model import Policy

POLICY_FILE = Path(__file__).parents[1] / "policy.yaml"


@cache
def load_policy(path: Path = POLICY_FILE) -> Policy:
    """Read the policy file.

    Raises PolicyError (one line: file, line number, what to mend) for a file that is not YAML,
    lacks a part, names an unknown clause, purpose or table, or covers a table twice or not at all.
    """
    content, source = read_document(path)
    try:
        policy = Policy.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise PolicyError(source.locate(first["loc"], first["msg"])) from None
    policy._source = source
    for place, problem in contradictions(policy):
        raise PolicyError(source.locate(place, problem))
    return policy
