"""What people are told about their data before they agree. A changed sentence is a new version, and is asked again."""

from __future__ import annotations

from bot.core.known import Known
from bot.core.text import Sayable, lines, paragraphs, t

VERSION = "2026-11-22"

IN_SHORT = t(
    "Before we start: {controller} uses your answers only to manage sign-ups, send announcements and reminders, and run the"
    " charter consultations. You can see, correct or ask to delete your data at any time with {mydata_command}."
)
DO_YOU_AGREE = t("Do you agree to your data being used for these purposes?")


def in_full(known: Known) -> Sayable:
    """The notice; on the web page nothing leaves the operator's own server, so nothing is said of a transfer."""
    transfer = t(
        "• Transfer: your messages pass through the servers of {channel_name}, outside Morocco. If you prefer, use the web"
        " page: {web_link}"
    )
    return paragraphs(
        t("Protection of personal data"),
        lines(
            t("• Controller: {controller}."),
            t(
                "• Purpose: managing sign-ups to the initiative for a national body of social-care institutions; sending"
                " announcements and reminders; running the consultations on the draft charter."
            ),
            t(
                "• Data: managing association, centre, target category, president’s name, phone, e-mail, city, signature,"
                " and your answers to consultations."
            ),
            t("• Who sees it: the coordination team and the members of the preparatory committee."),
            t(
                "• How long: until you ask for deletion; {retention_period} for a request that was not accepted; the record"
                " that a message was received, {inbox_period}."
            ),
            None if known.channel == "web" else transfer,
            t(
                "• Your rights: under law 09-08 you may access your data, have it corrected, and object to its use on"
                " legitimate grounds."
            ),
            t("• Contact: {contact_email} – {contact_phone}"),
            t("• CNDP reference: {cndp_ref}."),
        ),
    )
