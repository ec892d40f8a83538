"""policy.yaml, the privacy statement as data: its parts, loaded and validated.

Every rule of the engine (what is read, kept, sent, erased) is looked up here, so a policy that contradicts
itself is refused before anything runs. Import from here; the modules below are how it is made.
"""

from schemas.policy.base import Bilingual
from schemas.policy.document import Place, PolicyError
from schemas.policy.loading import POLICY_FILE, load_policy
from schemas.policy.model import LEGAL_BASES, PROCESSOR_CLAUSE, DataClass, Policy
from schemas.policy.recipients import Recipient, Request
from schemas.policy.retention import NAMED_BY_ID, RetentionRule, is_card_id

__all__ = [
    "LEGAL_BASES",
    "NAMED_BY_ID",
    "POLICY_FILE",
    "PROCESSOR_CLAUSE",
    "Bilingual",
    "DataClass",
    "Place",
    "Policy",
    "PolicyError",
    "Recipient",
    "Request",
    "RetentionRule",
    "is_card_id",
    "load_policy",
]
