"""Who may be written to, as SQL over the cards: the default is nobody.

Important updates go to the contacts of active customers. Invitations to courses are marketing, which the
Marketing Act (markedsføringsloven, 2009-01-09-2) § 15 forbids to natural persons without prior consent,
except in an existing customer relationship, to an address that came with a sale, for own similar services,
with a way to opt out. No source records a consent, so nobody is invited by one. An address that letters came
back from for good is not written to; another one of the same right is.
"""

from __future__ import annotations

from collections.abc import Mapping

CONTRACT = "GDPR art. 6(1)(b): agreement with the customer"
CUSTOMER = (
    "Marketing Act § 15: customer relationship, address from a sale, own similar services;"
    " every letter offers to opt out"
)
NOT_A_PERSON = "Marketing Act § 15 covers natural persons only; GDPR art. 6(1)(f)"

FELL_BACK = "; an address of theirs bounced, this one did not"
BOUNCED = "no address that may be used takes letters: it bounced"
SAME_MAILBOX = "another person has the same address"

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

AGREEMENT_DAYS = 400
"""Of a customer without recurring orders: a licence is billed once a year at least, so without an invoice for
longer than that it has ended. Where the ledger has licences, they tell: the relationship ends with the last
one, however late the last invoice was."""

PREPARE = (
    # Customers of the ledger that are not inactive there, nor at an end in the register. Those that are wound
    # up are told, but not invited.
    """
    CREATE TEMPORARY TABLE active_organization ON COMMIT DROP AS
    SELECT organization.organization_id, organization.is_personal,
        organization.status <> 'liquidation'
            AND bool_or(coalesce(licensed.runs, billed.organization_id IS NOT NULL)) AS is_invited
    FROM landing.tripletex_customer AS customer
    JOIN crm.source_link AS link
        ON link.source = 'tripletex_customer' AND link.source_id = customer.id::text
    JOIN crm.organization AS organization ON organization.organization_id = link.organization_id
    LEFT JOIN (
        SELECT DISTINCT organization_id FROM crm.invoice
        WHERE is_credit_note IS NOT TRUE AND is_credited IS NOT TRUE AND invoice_date > %(since)s
    ) AS billed ON billed.organization_id = organization.organization_id
    LEFT JOIN (
        SELECT organization_id, bool_or(NOT is_closed AND coalesce(valid_from <= %(today)s, true)
            AND coalesce(valid_to >= %(today)s, true)) AS runs
        FROM crm.license GROUP BY organization_id
    ) AS licensed ON licensed.organization_id = organization.organization_id
    WHERE customer.deleted_at_source IS NULL AND customer.is_inactive IS NOT TRUE
        AND customer.is_customer IS NOT FALSE
        AND organization.status NOT IN ('bankrupt', 'deleted', 'removed')
    GROUP BY organization.organization_id, organization.is_personal, organization.status
    """,
    """
    CREATE TEMPORARY TABLE active_private ON COMMIT DROP AS
    SELECT link.person_id, lower(btrim(customer.email)) AS sale_email,
        bool_or(coalesce(licensed.runs, billed.person_id IS NOT NULL)) AS is_invited
    FROM landing.tripletex_customer AS customer
    JOIN crm.source_link AS link
        ON link.source = 'tripletex_customer' AND link.source_id = customer.id::text
    LEFT JOIN (
        SELECT DISTINCT person_id FROM crm.invoice
        WHERE is_credit_note IS NOT TRUE AND is_credited IS NOT TRUE AND invoice_date > %(since)s
            AND organization_id IS NULL
    ) AS billed ON billed.person_id = link.person_id
    LEFT JOIN (
        SELECT person_id, bool_or(NOT is_closed AND coalesce(valid_from <= %(today)s, true)
            AND coalesce(valid_to >= %(today)s, true)) AS runs
        FROM crm.license GROUP BY person_id
    ) AS licensed ON licensed.person_id = link.person_id
    WHERE customer.deleted_at_source IS NULL AND customer.is_inactive IS NOT TRUE
        AND customer.is_customer IS NOT FALSE
        AND link.organization_id IS NULL AND link.person_id IS NOT NULL
    GROUP BY link.person_id, lower(btrim(customer.email))
    """,
    "ANALYZE active_organization, active_private",
    # Each way in which a person is known to act for a customer, with each address of theirs; somebody who has
    # left is inactive in the ledger. Invited is only the address that came with the sale: the one in the
    # ledger. A role's mailbox of a company is no natural person's; that of a sole proprietor is.
    """
    CREATE TEMPORARY TABLE reach ON COMMIT DROP AS
    SELECT acting.person_id, acting.organization_id, acting.way, address.email, address.is_role_address,
        address.is_primary, address.source, address.source_id,
        acting.is_invited AND CASE WHEN address.is_role_address THEN NOT acting.is_personal
            ELSE acting.sale_email = address.email END AS is_invited
    FROM (
        SELECT link.person_id, link.organization_id, active.is_invited, active.is_personal,
            CASE link.source WHEN 'tripletex_contact' THEN 1 WHEN 'order_form' THEN 2
                WHEN 'helpscout_customer' THEN 3 ELSE 4 END::smallint AS way,
            lower(btrim(contact.email)) AS sale_email
        FROM crm.source_link AS link
        JOIN active_organization AS active USING (organization_id)
        LEFT JOIN landing.tripletex_contact AS contact
            ON contact.id = CASE WHEN link.source = 'tripletex_contact' THEN link.source_id::bigint END
        WHERE link.person_id IS NOT NULL
            AND link.source IN ('tripletex_contact', 'order_form', 'helpscout_customer', 'course_signup')
            AND (link.source <> 'tripletex_contact'
                OR (contact.deleted_at_source IS NULL AND contact.is_inactive IS NOT TRUE))
        UNION ALL
        SELECT person_id, NULL, is_invited, true, 0::smallint, sale_email FROM active_private
    ) AS acting
    JOIN crm.person_email AS address USING (person_id)
    """,
    # Persons who are left out of one audience or both, with the reason; those who objected or were erased are
    # added to it from outside, where the keyed hashes can be recognised, and so are addresses that bounced.
    """
    CREATE TEMPORARY TABLE left_out ON COMMIT DROP AS
    SELECT person_id, NULL::text AS audience, 'is an own employee' AS reason
    FROM crm.person WHERE is_internal
    UNION
    SELECT link.person_id, NULL, 'its use is restricted (GDPR art. 18)'
    FROM privacy.hold AS hold
    JOIN crm.source_link AS link
        ON hold.data = 'landing.' || link.source AND hold.value = link.source_id
    WHERE hold.kind = 'restriction' AND hold.lifted_at IS NULL AND link.person_id IS NOT NULL
    """,
    "CREATE TEMPORARY TABLE met_email (value text, audience text, reason text) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE met_phone (value text, audience text, reason text) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE bounced (email text NOT NULL) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE mailbox (email text NOT NULL, mailbox text NOT NULL) ON COMMIT DROP",
    "CREATE TEMPORARY TABLE wording (way smallint, fell_back boolean, reason text, legal_basis text)"
    " ON COMMIT DROP",
)
"""Temporary tables that the rules ask. Parameters: `today`; `since`, after which an invoice counts."""

RECOGNISED = (
    "ANALYZE met_email, met_phone, bounced, mailbox",
    """
    INSERT INTO left_out SELECT person_id, met.audience, met.reason
    FROM met_email AS met JOIN crm.person_email ON person_email.email = met.value
    """,
    """
    INSERT INTO left_out SELECT person_id, met.audience, met.reason
    FROM met_phone AS met JOIN crm.person_phone ON person_phone.phone = met.value
    """,
    """
    CREATE TEMPORARY TABLE bounced_person ON COMMIT DROP AS
    SELECT DISTINCT person_id FROM crm.person_email JOIN bounced USING (email)
    """,
)
"""Whose the addresses and numbers are that were recognised: few, looked up one by one."""

WORDS = "INSERT INTO wording VALUES (%(way)s, %(fell_back)s, %(reason)s, %(legal_basis)s)"
"""One of WAYS, with or without FELL_BACK."""

CANDIDATES = (
    """
    CREATE TEMPORARY TABLE against ON COMMIT DROP AS
    SELECT one.audience, left_out.person_id, min(left_out.reason) AS reason
    FROM left_out JOIN (VALUES ('important_updates'), ('course_invitations')) AS one (audience)
        ON left_out.audience IS NULL OR left_out.audience = one.audience
    GROUP BY one.audience, left_out.person_id
    """,
    "ANALYZE against, bounced_person, wording",
    # The address on the card, a person's own before a mailbox that several share, one that works before all.
    """
    CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
    SELECT 'important_updates' AS audience, nearest.person_id, nearest.email, nearest.is_role_address,
        nearest.organization_id, nearest.way, bounced_person.person_id IS NOT NULL AS fell_back,
        nearest.source, nearest.source_id, coalesce(mailbox.mailbox, nearest.email) AS mailbox,
        coalesce(against.reason, CASE WHEN nearest.is_bounced THEN %(bounced)s END) AS against
    FROM (
        SELECT DISTINCT ON (person_id) reach.*, bounced.email IS NOT NULL AS is_bounced
        FROM reach LEFT JOIN bounced USING (email)
        ORDER BY person_id, way, organization_id, bounced.email IS NOT NULL, is_role_address,
            is_primary DESC, reach.email
    ) AS nearest
    LEFT JOIN mailbox ON mailbox.email = nearest.email
    LEFT JOIN bounced_person ON bounced_person.person_id = nearest.person_id
    LEFT JOIN against
        ON against.audience = 'important_updates' AND against.person_id = nearest.person_id
    """,
    """
    INSERT INTO candidate (audience, person_id, email, is_role_address, organization_id, way, fell_back,
        source, source_id, mailbox, against)
    SELECT 'course_invitations', nearest.person_id, nearest.email, nearest.is_role_address,
        nearest.organization_id,
        CASE WHEN nearest.is_role_address THEN 5 WHEN nearest.organization_id IS NULL THEN 6 ELSE 7 END,
        bounced_person.person_id IS NOT NULL, nearest.source, nearest.source_id,
        coalesce(mailbox.mailbox, nearest.email),
        coalesce(against.reason, CASE WHEN nearest.is_bounced THEN %(bounced)s END)
    FROM (
        SELECT DISTINCT ON (person_id) reach.*, bounced.email IS NOT NULL AS is_bounced
        FROM reach LEFT JOIN bounced USING (email)
        WHERE is_invited
        ORDER BY person_id, bounced.email IS NOT NULL, is_role_address, is_primary DESC, reach.email,
            organization_id
    ) AS nearest
    LEFT JOIN mailbox ON mailbox.email = nearest.email
    LEFT JOIN bounced_person ON bounced_person.person_id = nearest.person_id
    LEFT JOIN against
        ON against.audience = 'course_invitations' AND against.person_id = nearest.person_id
    """,
    "ANALYZE candidate",
    # One letter to one mailbox, however it is written: of several persons under it the one whose own it
    # rather is, at the address that names it plainly.
    """
    UPDATE candidate SET against = %(same_mailbox)s
    FROM (
        SELECT audience, person_id, row_number() OVER (
                PARTITION BY audience, mailbox ORDER BY is_role_address, email <> mailbox, person_id
            ) AS place
        FROM candidate
        JOIN (
            SELECT audience, mailbox FROM candidate WHERE against IS NULL
            GROUP BY audience, mailbox HAVING count(*) > 1
        ) AS shared USING (audience, mailbox)
        WHERE against IS NULL
    ) AS placed
    WHERE placed.place > 1
        AND candidate.audience = placed.audience AND candidate.person_id = placed.person_id
    """,
    """
    CREATE TEMPORARY TABLE excluded ON COMMIT DROP AS
    SELECT audience, person_id, against AS reason FROM candidate WHERE against IS NOT NULL
    """,
    "ANALYZE excluded",
)
"""Fills `candidate`, one row per audience and person, with what stands `against` it, if anything does.

Parameters: the words of what can."""

DIFFERENCE = (
    """
    CREATE TEMPORARY TABLE difference ON COMMIT DROP AS
    SELECT audience, person_id, wanted.email, wanted.is_role_address, wanted.organization_id, wanted.way,
        wanted.fell_back, wanted.source, wanted.source_id,
        CASE WHEN member.email IS NULL THEN 'in' WHEN wanted.email IS NULL THEN 'out' ELSE 'other' END
            AS change,
        CASE
            WHEN member.email IS NULL THEN wording.reason
            WHEN wanted.email IS NOT NULL THEN NULL
            WHEN excluded.reason IS NOT NULL THEN excluded.reason
            WHEN NOT EXISTS (SELECT FROM crm.person WHERE person.person_id = member.person_id)
                THEN 'has no card any more'
            WHEN audience = 'important_updates' THEN 'acts for no active customer any more'
            ELSE 'has no running agreement with an address from a sale any more'
        END AS why
    FROM (SELECT * FROM candidate WHERE against IS NULL) AS wanted
    FULL JOIN crm.audience_member AS member USING (audience, person_id)
    LEFT JOIN wording ON wording.way = wanted.way AND wording.fell_back = wanted.fell_back
    LEFT JOIN excluded USING (audience, person_id)
    WHERE (wanted.email, wanted.is_role_address, wanted.organization_id, wording.reason,
            wording.legal_basis, wanted.source, wanted.source_id)
        IS DISTINCT FROM (member.email, member.is_role_address, member.organization_id, member.reason,
            member.legal_basis, member.source, member.source_id)
    """,
    "ANALYZE difference",
)
"""How the members are not yet as they should be: who comes in, who falls out and why, whose row is other."""

# Very many new rows are written in the order of the costlier index, which then grows at its end only.
NOTE = """
INSERT INTO crm.audience_change (run_id, changed_at, audience, person_id, change, reason)
SELECT %(run_id)s, %(now)s, audience, person_id, change, why FROM difference WHERE change <> 'other'
ORDER BY person_id
"""
"""Notes who comes and goes, for good. Parameters: `run_id`, `now`."""

PREVIEW = """
INSERT INTO crm.audience_preview (audience, person_id, change, reason)
SELECT audience, person_id, change, why FROM difference WHERE change <> 'other'
"""
"""Shows who would come and go, until the audiences are built."""

CHANGES = """
SELECT audience, change, why, count(*) AS number FROM difference GROUP BY audience, change, why
ORDER BY audience, number DESC, why
"""
"""The difference in numbers."""

MEMBERS = """
SELECT audience, count(*) FROM candidate WHERE against IS NULL GROUP BY audience ORDER BY audience
"""
"""The members in numbers, as they should be."""

EXCLUSIONS = """
SELECT audience || ': ' || reason, count(*) FROM excluded GROUP BY audience, reason
ORDER BY audience, count(*) DESC, reason
"""
"""Who is left out, in numbers by audience and reason."""

WRITE = (
    """
    DELETE FROM crm.audience_member AS member USING difference
    WHERE difference.change = 'out'
        AND member.audience = difference.audience AND member.person_id = difference.person_id
    """,
    """
    UPDATE crm.audience_member AS member
    SET email = difference.email, is_role_address = difference.is_role_address,
        organization_id = difference.organization_id, reason = wording.reason,
        legal_basis = wording.legal_basis, source = difference.source, source_id = difference.source_id
    FROM difference JOIN wording USING (way, fell_back)
    WHERE difference.change = 'other'
        AND member.audience = difference.audience AND member.person_id = difference.person_id
    """,
)
"""Makes the members what they should be, writing only what differs, but for those who come in."""

ADD = """
INSERT INTO crm.audience_member (audience, person_id, email, is_role_address, organization_id, reason,
    legal_basis, source, source_id)
SELECT audience, person_id, email, is_role_address, organization_id, wording.reason, wording.legal_basis,
    source, source_id
FROM (SELECT * FROM difference WHERE change = 'in' AND audience = %(audience)s ORDER BY email) AS new
JOIN wording USING (way, fell_back)
"""
"""Adds who comes into one `audience`: sorted by one column, and the words come to it after that."""
