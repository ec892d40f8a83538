"""What was there before the first customer."""

from connectors.sandbox.stage import (
    ADVANCED_COURSE,
    AGENT,
    BASIC_COURSE,
    BASIC_LICENSE,
    INVOICING,
    ORDER_FORM,
    PLUS_LICENSE,
    SAMPLE_SOLUTION,
    SUPPORT,
    TEXT_MESSAGES,
    WEBINAR,
    Stage,
)


def founding(stage: Stage) -> None:
    """What was there before the first customer: inboxes, agents, courses, order forms."""
    born = stage.ago(2_000)
    stage.helpscout.add_mailbox(SUPPORT, "Support", "support@example.no", at=born)
    stage.helpscout.add_mailbox(INVOICING, "Faktura", "faktura@example.no", at=born)
    stage.helpscout.add_user(AGENT, "Frida", "Support", "frida@example.no", at=born)
    stage.helpscout.customer_properties.append({"slug": "orgnr", "name": "Org.nr", "type": "text"})
    for number, name in (
        (BASIC_COURSE, "Grunnkurs: den første påmeldingen"),
        (ADVANCED_COURSE, "Videregående kurs: billetter og betaling"),
        (WEBINAR, "Webinar: nytt i systemet"),
        (SAMPLE_SOLUTION, "Be om en eksempelløsning"),
        (ORDER_FORM, "Bestilling"),
    ):
        stage.pindena.add_activity(number, name)
    for product, code, name in (
        (BASIC_LICENSE, "100", "Lisens Basis"),
        (PLUS_LICENSE, "200", "Lisens Pluss"),
        (TEXT_MESSAGES, "310", "SMS-pakke"),
    ):
        stage.tripletex.add_product(name, code, id=product, at=born)
