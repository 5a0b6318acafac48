"""What answers to commands by mail say, in the language of their reader."""

import re
from collections.abc import Sequence

from digest.core.interests import format_interest
from digest.core.subscribers import Subscriber
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
)


def help_text(app: App, wording: Wording) -> str:
    """What can be asked, for somebody who has never written to a program."""
    # Translators: the words before the indented lines are commands, which stay English
    message = wording.gettext("""\
This mailbox is read by a program. Write one of these words as the subject, or as the first line, \
of a mail to %(address)s:

subscribe
    The trending research papers that matter to you, in one mail a day at most. Write your \
interests below it, one a line. A mail comes back that asks you to confirm.

more TOPIC
    Brings more papers on a topic: it becomes one of your interests, or counts double if it is.

less TOPIC
    Brings fewer: an interest counts half, or ends; anything else is left out.

unsubscribe (or stop)
    Ends it.

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


def preferred_text(app: App, subscriber: Subscriber, said: Sequence[str], wording: Wording) -> str:
    """What came of `more` and `less`, and all that is wanted now."""
    none = wording.gettext("- none: you get what trends")
    values = {
        "said": "\n".join(change_text(sentence, wording) for sentence in said),
        "interests": "\n".join(f"- {format_interest(one)}" for one in subscriber.interests) or none,
        "url": links.preferences_url(app, subscriber),
    }
    message = wording.gettext("""\
%(said)s

Your interests now:

%(interests)s

To change them on the web:

%(url)s""")
    return message % values


def refused_text(app: App, subscriber: Subscriber, why: str, wording: Wording) -> str:
    message = wording.gettext("""\
Nothing was changed: %(why)s. Your interests are here:

%(url)s""")
    return message % {"why": why, "url": links.preferences_url(app, subscriber)}


def unproven_text(app: App, subscriber: Subscriber, wording: Wording) -> str:
    """The way to one's interests for a member whose mail does not prove who sent it."""
    message = wording.gettext("""\
Somebody, probably you, asked by mail to change your interests. Anybody can write such a mail in \
your name, so nothing was changed. You can do it on this page:

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
