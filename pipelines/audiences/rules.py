"""Who may be written to, as SQL over the cards: the default is nobody.

Important updates go to the contacts of active customers. Invitations to courses are marketing, which the
Marketing Act (markedsføringsloven, 2009-01-09-2) § 15 forbids to natural persons without prior consent,
except in an existing customer relationship, to an address that came with a sale, for own similar services,
with a way to opt out. No source records a consent, so nobody is invited by one. An address that letters came
back from for good is not written to; another one of the same right is.
"""

from __future__ import annotations

CONTRACT = "GDPR art. 6(1)(b): agreement with the customer"
CUSTOMER = (
    "Marketing Act § 15: customer relationship, address from a sale, own similar services;"
    " every letter offers to opt out"
)
NOT_A_PERSON = "Marketing Act § 15 covers natural persons only; GDPR art. 6(1)(f)"

AGREEMENT_DAYS = 400
"""Of a customer without recurring orders: a licence is billed once a year at least, so without an invoice for
longer than that it has ended. Where the ledger has licences, they tell: the relationship ends with the last
one, however late the last invoice was."""

PREPARE = (
    # Customers of the ledger that are not inactive there, nor at an end in the register.
    """
    CREATE TEMPORARY TABLE active_organization ON COMMIT DROP AS
    SELECT organization.organization_id, organization.is_personal, organization.status,
        bool_or(coalesce(licensed.runs, billed.organization_id IS NOT NULL)) AS has_agreement
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
    SELECT link.person_id, lower(btrim(customer.email)) AS email,
        bool_or(coalesce(licensed.runs, billed.person_id IS NOT NULL)) AS has_agreement
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
    # How each person is known to act for a customer; somebody who has left is inactive in the ledger.
    """
    CREATE TEMPORARY TABLE acting_person ON COMMIT DROP AS
    SELECT link.person_id, link.organization_id, link.source, lower(btrim(contact.email)) AS sale_email
    FROM crm.source_link AS link
    JOIN active_organization USING (organization_id)
    LEFT JOIN landing.tripletex_contact AS contact
        ON link.source = 'tripletex_contact' AND contact.id::text = link.source_id
    WHERE link.person_id IS NOT NULL
        AND link.source IN ('tripletex_contact', 'order_form', 'helpscout_customer', 'course_signup')
        AND (link.source <> 'tripletex_contact'
            OR (contact.deleted_at_source IS NULL AND contact.is_inactive IS NOT TRUE))
    """,
    # Persons who are left out of both, with the reason; those who objected are added to it from outside.
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
    # Addresses that bounced; filled from outside, where the keyed hashes can be recognised.
    "CREATE TEMPORARY TABLE bounced (email text NOT NULL) ON COMMIT DROP",
    "ANALYZE active_organization, active_private, acting_person, left_out",
)
"""Temporary tables that the rules ask. Parameters: `today`; `since`, after which an invoice counts."""

CONTACTS = """
SELECT person_id::text, {value} FROM crm.{table}
WHERE person_id IN (SELECT person_id FROM acting_person UNION ALL SELECT person_id FROM active_private)
"""
"""Every address or number of those who may come into question. To be filled in: `table` and `value`."""

CANDIDATES = (
    "ANALYZE left_out, bounced",
    """
    CREATE TEMPORARY TABLE bounced_person ON COMMIT DROP AS
    SELECT DISTINCT person_id FROM crm.person_email JOIN bounced USING (email)
    """,
    "ANALYZE bounced_person",
    """
    CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
    SELECT *, false AS is_bounced FROM crm.audience_member WITH NO DATA
    """,
    # The address on the card, a person's own before a mailbox that several share, one that works before all.
    """
    INSERT INTO candidate (audience, person_id, email, is_role_address, organization_id, reason, legal_basis,
        source, source_id, is_bounced)
    SELECT 'important_updates', acting.person_id, address.email, address.is_role_address,
        acting.organization_id,
        CASE WHEN bounced_person.person_id IS NULL THEN acting.reason
            ELSE acting.reason || %(fell_back)s END,
        %(contract)s, address.source, address.source_id, address.is_bounced
    FROM (
        SELECT DISTINCT ON (person_id) person_id, organization_id, reason
        FROM (
            SELECT person_id, organization_id,
                CASE source WHEN 'tripletex_contact' THEN 1 WHEN 'order_form' THEN 2
                    WHEN 'helpscout_customer' THEN 3 ELSE 4 END AS rank,
                CASE source WHEN 'tripletex_contact' THEN 'contact person of an active customer'
                    WHEN 'order_form' THEN 'ordered for an active customer'
                    WHEN 'helpscout_customer' THEN 'known to support as acting for an active customer'
                    ELSE 'took a course for an active customer' END AS reason
            FROM acting_person
            UNION ALL
            SELECT person_id, NULL, 0, 'active private customer' FROM active_private
        ) AS ways
        ORDER BY person_id, rank, organization_id
    ) AS acting
    JOIN (
        SELECT DISTINCT ON (person_id) person_id, email, is_role_address, source, source_id,
            bounced.email IS NOT NULL AS is_bounced
        FROM crm.person_email LEFT JOIN bounced USING (email)
        ORDER BY person_id, bounced.email IS NOT NULL, is_role_address, is_primary DESC, email
    ) AS address USING (person_id)
    LEFT JOIN bounced_person USING (person_id)
    """,
    # Only the address that came with the sale counts: the one in the ledger. A role's mailbox of a company
    # is no natural person's; that of a sole proprietor is.
    """
    INSERT INTO candidate (audience, person_id, email, is_role_address, organization_id, reason, legal_basis,
        source, source_id, is_bounced)
    SELECT DISTINCT ON (way.person_id) 'course_invitations', way.person_id, address.email,
        address.is_role_address, way.organization_id,
        CASE WHEN way.by_role THEN 'mailbox of an active customer, not of a person'
            WHEN way.organization_id IS NULL THEN 'private customer with a running agreement'
            ELSE 'contact person of a customer with a running agreement' END
            || CASE WHEN bounced_person.person_id IS NULL THEN '' ELSE %(fell_back)s END,
        CASE WHEN way.by_role THEN %(not_a_person)s ELSE %(customer)s END,
        address.source, address.source_id, bounced.email IS NOT NULL
    FROM (
        SELECT acting.person_id, acting.organization_id, acting.sale_email AS email, false AS by_role
        FROM acting_person AS acting JOIN active_organization AS active USING (organization_id)
        WHERE active.has_agreement AND active.status <> 'liquidation' AND acting.sale_email IS NOT NULL
        UNION ALL
        SELECT person_id, NULL, email, false FROM active_private WHERE has_agreement AND email IS NOT NULL
        UNION ALL
        SELECT acting.person_id, acting.organization_id, role.email, true
        FROM acting_person AS acting JOIN active_organization AS active USING (organization_id)
        JOIN crm.person_email AS role ON role.person_id = acting.person_id AND role.is_role_address
        WHERE NOT active.is_personal AND active.has_agreement AND active.status <> 'liquidation'
    ) AS way
    JOIN crm.person_email AS address ON address.person_id = way.person_id AND address.email = way.email
    LEFT JOIN bounced ON bounced.email = address.email
    LEFT JOIN bounced_person ON bounced_person.person_id = way.person_id
    WHERE way.by_role OR NOT address.is_role_address
    ORDER BY way.person_id, bounced.email IS NOT NULL, address.is_role_address, address.is_primary DESC,
        address.email, way.organization_id
    """,
    "ANALYZE candidate",
)
"""Fills `candidate`, one row per audience and person. Parameters: the words of reasons and legal bases."""

NARROW = (
    """
    CREATE TEMPORARY TABLE excluded (audience text, person_id uuid, reason text) ON COMMIT DROP
    """,
    """
    WITH gone AS (
        DELETE FROM candidate USING (
            SELECT left_out.person_id, one.audience, min(left_out.reason) AS reason
            FROM left_out
            JOIN (VALUES ('important_updates'), ('course_invitations')) AS one (audience)
                ON left_out.audience IS NULL OR left_out.audience = one.audience
            GROUP BY left_out.person_id, one.audience
        ) AS left_out
        WHERE candidate.person_id = left_out.person_id AND candidate.audience = left_out.audience
        RETURNING candidate.audience, candidate.person_id, left_out.reason
    )
    INSERT INTO excluded SELECT audience, person_id, reason FROM gone
    """,
    """
    WITH gone AS (DELETE FROM candidate WHERE is_bounced RETURNING audience, person_id)
    INSERT INTO excluded SELECT audience, person_id, %(bounced)s FROM gone
    """,
    # One letter to one mailbox: of several persons under one address the one whose own it rather is.
    """
    WITH shared AS (
        SELECT audience, email FROM candidate GROUP BY audience, email HAVING count(*) > 1
    ), placed AS (
        SELECT audience, person_id,
            row_number() OVER (PARTITION BY audience, email ORDER BY is_role_address, person_id) AS place
        FROM candidate JOIN shared USING (audience, email)
    ), gone AS (
        DELETE FROM candidate AS other USING placed
        WHERE placed.place > 1 AND other.audience = placed.audience AND other.person_id = placed.person_id
        RETURNING other.audience, other.person_id
    )
    INSERT INTO excluded SELECT audience, person_id, %(same_mailbox)s FROM gone
    """,
    "ANALYZE excluded",
)
"""Takes out of `candidate` whom something stands against, into `excluded`. Parameters: words of reasons."""

DIFFERENCE = (
    """
    CREATE TEMPORARY TABLE difference ON COMMIT DROP AS
    SELECT audience, person_id, candidate.email, candidate.is_role_address, candidate.organization_id,
        candidate.reason, candidate.legal_basis, candidate.source, candidate.source_id,
        CASE WHEN member.email IS NULL THEN 'in' WHEN candidate.email IS NULL THEN 'out' ELSE 'other' END
            AS change,
        CASE
            WHEN member.email IS NULL THEN candidate.reason
            WHEN candidate.email IS NOT NULL THEN NULL
            WHEN excluded.reason IS NOT NULL THEN excluded.reason
            WHEN NOT EXISTS (SELECT FROM crm.person WHERE person.person_id = member.person_id)
                THEN 'has no card any more'
            WHEN audience = 'important_updates' THEN 'acts for no active customer any more'
            ELSE 'has no running agreement with an address from a sale any more'
        END AS why
    FROM candidate FULL JOIN crm.audience_member AS member USING (audience, person_id)
    LEFT JOIN excluded USING (audience, person_id)
    WHERE (candidate.email, candidate.is_role_address, candidate.organization_id, candidate.reason,
            candidate.legal_basis, candidate.source, candidate.source_id)
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

WRITE = (
    """
    DELETE FROM crm.audience_member AS member USING difference
    WHERE difference.change = 'out'
        AND member.audience = difference.audience AND member.person_id = difference.person_id
    """,
    """
    UPDATE crm.audience_member AS member
    SET email = difference.email, is_role_address = difference.is_role_address,
        organization_id = difference.organization_id, reason = difference.reason,
        legal_basis = difference.legal_basis, source = difference.source, source_id = difference.source_id
    FROM difference
    WHERE difference.change = 'other'
        AND member.audience = difference.audience AND member.person_id = difference.person_id
    """,
    """
    INSERT INTO crm.audience_member (audience, person_id, email, is_role_address, organization_id, reason,
        legal_basis, source, source_id)
    SELECT audience, person_id, email, is_role_address, organization_id, reason, legal_basis, source,
        source_id
    FROM difference WHERE change = 'in'
    ORDER BY audience, email
    """,
)
"""Makes the members what they should be, writing only what differs."""
