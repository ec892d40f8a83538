"""The awkward cases of the registration system: malformed, cancelled, and other customers' events."""

from datetime import date

from connectors.sandbox.cast import Person, private_person, synthetic_identity_number
from connectors.sandbox.stage import (
    ADVANCED_COURSE,
    BASIC_COURSE,
    WEBINAR,
    Stage,
)


def malformed_record(stage: Stage) -> None:
    """A whole letter was pasted into the first name: the record is set aside, the rest goes on."""
    letter = "Hei! Jeg vil gjerne melde på meg selv og to til, men finner ikke knappen. " * 20
    stage.signs_up(Person(letter, "Ukjent", "limt.inn@privat.example.no", ""), WEBINAR, 22)


def identity_number_in_a_name(stage: Stage) -> None:
    """She wrote her (synthetic) national identity number behind her name: it may not be kept."""
    number = synthetic_identity_number(date(1978, 4, 17), 101)
    person = Person("Mona", f"Paulsen {number}", "mona.paulsen@privat.example.no", stage.numbers.phone())
    stage.signs_up(person, BASIC_COURSE, 26)


def course_that_was_cancelled(stage: Stage) -> None:
    """A cancelled sign-up is shown only to who asks for changes."""
    participant = stage.signs_up(private_person("Stian", "Lunde", stage.numbers.phone()), ADVANCED_COURSE, 50)
    stage.pindena.cancel(participant, at=stage.ago(31))


def events_of_other_customers(stage: Stage) -> None:
    """The same installation answers for other customers' events: nobody here may ask for them.

    Some of the participants are customers too; even so, what they told the organiser is not ours.
    """
    for activity, name, organizer, participants in FOREIGN_EVENTS:
        stage.pindena.add_activity(activity, name, organizer=organizer)
        for first, last, email in participants:
            stage.signs_up(
                Person(first, last, email, stage.numbers.phone()), activity, 30, status="confirmed"
            )


FOREIGN_EVENTS = (
    (
        901,
        "Årsmøte i Bergtatt Friluftsklubb",
        "Bergtatt Friluftsklubb",
        (
            ("Ingrid", "Sæther", "ingrid.saether@fjordlys.example.no"),
            ("Vidar", "Fremmed", "vidar.fremmed@privat.example.no"),
            ("Unni", "Fremmed", "unni.fremmed@privat.example.no"),
        ),
    ),
    (
        902,
        "Julekonsert i Nordlys Kulturhus",
        "Nordlys Kulturhus SA",
        (
            ("Mona", "Paulsen", "mona.paulsen@privat.example.no"),
            ("Sverre", "Ukjentmann", "sverre.ukjentmann@privat.example.no"),
            ("Gerd", "Ukjentmann", "gerd.ukjentmann@privat.example.no"),
            ("Ivar", "Ukjentmann", "ivar.ukjentmann@privat.example.no"),
        ),
    ),
)
"""Activity, name, organiser and participants (first name, last name, e-mail) of events that are not ours."""
