"""The signed links that a mail carries, and where returned mail goes."""

from datetime import timedelta

from digest.core.deliveries import Delivery
from digest.core.subscribers import Subscriber
from digest.core.tokens import Purpose
from digest.pipeline.app import App
from digest.pipeline.membership import confirmation_token

EXPORT_VALID_DAYS = 7


def unsubscribe_token(app: App, subscriber: Subscriber) -> str:
    return app.tokens.sign(Purpose.UNSUBSCRIBE, subscriber.public_id)


def unsubscribe_url(app: App, subscriber: Subscriber) -> str:
    """Leads to the page with the button, and takes one-click posts; never expires."""
    return f"{app.identity.base_url}/unsubscribe/{unsubscribe_token(app, subscriber)}"


def preferences_url(app: App, subscriber: Subscriber) -> str:
    token = app.tokens.sign(Purpose.PREFERENCES, subscriber.public_id)
    return f"{app.identity.base_url}/preferences/{token}"


def export_url(app: App, subscriber: Subscriber) -> str:
    """Leads to all that is kept of this person, for EXPORT_VALID_DAYS."""
    expires_at = app.clock.now() + timedelta(days=EXPORT_VALID_DAYS)
    token = app.tokens.sign(Purpose.EXPORT, subscriber.public_id, expires_at)
    return f"{app.identity.base_url}/export/{token}"


def feed_url(app: App, subscriber: Subscriber) -> str:
    """This person's private feed; never expires, and ends where they make a new one."""
    named = f"{subscriber.public_id}.{subscriber.feed_number}"
    return f"{app.identity.base_url}/f/{app.tokens.sign(Purpose.FEED, named)}.xml"


def copy_url(app: App, delivery_public_id: str) -> str:
    """This person's copy of a digest in the browser."""
    return f"{app.identity.base_url}/d/{app.tokens.sign(Purpose.READ, delivery_public_id)}"


def feedback_base(app: App, delivery_public_id: str) -> str:
    """Where a digest's papers are judged; `choice_path` makes the link of each from it."""
    token = app.tokens.sign(Purpose.FEEDBACK, delivery_public_id)
    return f"{app.identity.base_url}/feedback/{token}"


def confirm_url(app: App, subscriber: Subscriber, delivery: Delivery) -> str:
    token = confirmation_token(app, subscriber, delivery.created_at)
    return f"{app.identity.base_url}/confirm/{token}"


def subscribe_url(app: App) -> str:
    return f"{app.identity.base_url}/"


def bounce_signature(app: App, delivery_public_id: str) -> str:
    """Proves that a bounce answers a mail of ours: 64 bits are enough to keep guessing out."""
    return app.address_hash(f"bounce {delivery_public_id}")[:16]
