"""What answers to commands by mail say, in the language of their reader."""

import re
from collections.abc import Sequence

from digest.core.interests import format_interest
from digest.core.subscribers import Frequency, Status, Subscriber, zone_of
from digest.mail.wording import Wording, marked
from digest.pipeline import links
from digest.pipeline.answers import command_address
from digest.pipeline.app import App

_TOPIC = re.compile("“(.*)”")

# What `core.interests` says of a wish for more or less of a topic.
CHANGES = (
    marked("Papers that mention “%(topic)s” are not left out any more."),
    marked("“%(topic)s” is one of your interests now."),
    marked("“%(topic)s” counts more than before."),
    marked("“%(topic)s” counts as much as it can."),
    marked("Papers that mention “%(topic)s” are left out already."),
    marked("Papers that mention “%(topic)s” are left out from now on."),
    marked("“%(topic)s” counts less than before."),
    marked("“%(topic)s” is none of your interests any more."),
    marked("“%(topic)s” is one of your interests already."),
    marked("“%(topic)s” was none of your interests."),
)
_OFTEN = {
    Frequency.DAILY: marked("You get a digest every day at %(at)s (%(zone)s)."),
    Frequency.WEEKDAYS: marked("You get a digest from Monday to Friday at %(at)s (%(zone)s)."),
    Frequency.WEEKLY: marked("You get a digest on Mondays at %(at)s (%(zone)s)."),
}


def help_text(app: App, wording: Wording) -> str:
    """What can be asked, for somebody who has never written to a program."""
    # Translators: the words before the indented lines are commands, which stay English
    message = wording.gettext("""\
This mailbox is read by a program. Write one of these words as the subject, or as the first line, \
of a mail to %(address)s:

subscribe
    The trending research papers that matter to you, in one mail a day at most. Write your \
interests below it, one a line. A mail comes back that asks you to confirm.

interests
    Shows what you get, and when.

interests: TOPIC; TOPIC
    From now on these are your interests.

add TOPIC, remove TOPIC
    Changes your interests.

more TOPIC
    Brings more papers on a topic: it becomes one of your interests, or counts double if it is.

less TOPIC
    Brings fewer: an interest counts half, or ends; anything else is left out.

daily, weekdays or weekly
    How often a digest comes.

at 07:30 Europe/Berlin
    When it comes, by the clock of which place.

pause (or pause 14 days), resume
    Stops the digests for a while.

export
    Gives you a copy of all that is kept of you.

unsubscribe (or stop)
    Ends it.

erase
    Ends it, and erases all that is kept of you.

help
    This answer.

On the web: %(url)s""")
    return message % {"address": command_address(app), "url": links.subscribe_url(app)}


def contradiction_text(app: App, wording: Wording) -> str:
    message = wording.gettext(
        "Your mail asks to subscribe and to unsubscribe. Nothing was changed: write again, with "
        "one of the two."
    )
    return f"{message}\n\n{help_text(app, wording)}"


def unsubscribe_text(app: App, subscriber: Subscriber, wording: Wording) -> str:
    """The way out for a member whose mail does not prove who sent it."""
    message = wording.gettext("""\
Somebody, probably you, asked by mail that no more digests be sent to this address. Anybody can \
write such a mail in your name, so please press the button on this page:

%(url)s

If it was not you, do nothing.""")
    return message % {"url": links.unsubscribe_url(app, subscriber)}


def standing_text(app: App, subscriber: Subscriber, said: Sequence[str], wording: Wording) -> str:
    """What was changed, if anything, and what a member gets now, and when."""
    none = wording.gettext("- none: you get what trends")
    values = {
        "when": _when(subscriber, wording),
        "interests": "\n".join(f"- {format_interest(one)}" for one in subscriber.interests) or none,
        "url": links.preferences_url(app, subscriber),
    }
    message = wording.gettext("""\
%(when)s

Your interests now:

%(interests)s

To change them on the web:

%(url)s""")
    return "\n\n".join(filter(None, ("\n".join(said), message % values)))


def _when(subscriber: Subscriber, wording: Wording) -> str:
    preferences = subscriber.preferences
    values = {"at": f"{preferences.at:%H:%M}", "zone": preferences.timezone}
    often = wording.gettext(_OFTEN[preferences.frequency]) % values
    if subscriber.status is Status.ACTIVE:
        return often
    if subscriber.status is not Status.PAUSED:
        unless = wording.gettext("None comes before you confirm that you want them.")
    elif subscriber.paused_until is None:
        unless = wording.gettext("Your digests pause until you write “resume”.")
    else:
        day = subscriber.paused_until.astimezone(zone_of(preferences.timezone)).date()
        unless = wording.gettext("Your digests pause until %(day)s.") % {
            "day": wording.long_date(day)
        }
    return f"{often} {unless}"


def export_text(app: App, subscriber: Subscriber, wording: Wording) -> str:
    """The way to a copy of all that is kept of a member."""
    message = wording.gettext("""\
All that is kept of you, as a file (JSON), for %(days)s days:

%(url)s""")
    values = {"days": links.EXPORT_VALID_DAYS, "url": links.export_url(app, subscriber)}
    return message % values


def erased_text(wording: Wording) -> str:
    """The last that somebody hears."""
    return wording.gettext("""\
All that was kept of you is erased, and no digest will come again. A code made of your address is \
kept, from which nobody can read it: it sees to it that you are not written to, even if somebody \
enters your address again.

This is the last mail from here.""")


def refused_text(app: App, subscriber: Subscriber, why: str, wording: Wording) -> str:
    message = wording.gettext("""\
Nothing was changed: %(why)s. All that you can change is here:

%(url)s""")
    return message % {"why": why, "url": links.preferences_url(app, subscriber)}


def unproven_text(app: App, subscriber: Subscriber, wording: Wording) -> str:
    """The ways for a member whose mail does not prove who sent it."""
    message = wording.gettext("""\
Somebody, probably you, asked by mail for something that only you may ask. Anybody can write such \
a mail in your name, so nothing was done. Either answer one of your digests with the same words, \
or come to this page:

%(url)s""")
    return message % {"url": links.preferences_url(app, subscriber)}


def subscribed_text(app: App, subscriber: Subscriber, wording: Wording) -> str:
    message = wording.gettext("""\
You are subscribed already. Your interests and your timetable are here:

%(url)s""")
    return message % {"url": links.preferences_url(app, subscriber)}


def expired_text(app: App, wording: Wording) -> str:
    message = wording.gettext("""\
This request has ended, so nothing was confirmed. To start anew, write "subscribe" to \
%(address)s, or come to this page:

%(url)s""")
    return message % {"address": command_address(app), "url": links.subscribe_url(app)}


def change_text(sentence: str, wording: Wording) -> str:
    """A sentence of `core.interests`; one of an unknown form stays English."""
    found = _TOPIC.search(sentence)
    if found is None:
        return sentence
    form = f"{sentence[: found.start(1)]}%(topic)s{sentence[found.end(1) :]}"
    return wording.gettext(form).replace("%(topic)s", found[1])
