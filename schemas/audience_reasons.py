"""The words in which the audiences say why somebody is a member, by which right, or is left out.

They stand in the columns `reason` and `legal_basis` of the audience tables; whoever shows them to people
translates them from here.
"""

from __future__ import annotations

from collections.abc import Mapping

CONTRACT = "GDPR art. 6(1)(b): agreement with the customer"
CUSTOMER = (
    "Marketing Act § 15: customer relationship, address from a sale, own similar services;"
    " every letter offers to opt out"
)
NOT_A_PERSON = "Marketing Act § 15 covers natural persons only; GDPR art. 6(1)(f)"

WAYS: Mapping[int, tuple[str, str]] = {
    0: ("active private customer", CONTRACT),
    1: ("contact person of an active customer", CONTRACT),
    2: ("ordered for an active customer", CONTRACT),
    3: ("known to support as acting for an active customer", CONTRACT),
    4: ("took a course for an active customer", CONTRACT),
    5: ("mailbox of an active customer, not of a person", NOT_A_PERSON),
    6: ("private customer with a running agreement", CUSTOMER),
    7: ("contact person of a customer with a running agreement", CUSTOMER),
}
"""How somebody comes in: the reason and the legal basis. Up to 4 it is to updates, where the lowest counts;
from 5 on to invitations. Rows carry the number for the words while they are sorted and compared."""

FELL_BACK = "; an address of theirs bounced, this one did not"
"""Appended to a reason."""

BOUNCED = "no address that may be used takes letters: it bounced"
SAME_MAILBOX = "another person has the same address"
OBJECTED = "objected to marketing"
ERASED = "was erased"
