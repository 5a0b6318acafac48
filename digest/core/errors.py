"""The errors a caller cannot continue past, as one small tree.

    DigestError
    ├── ConfigError           the configuration is wrong; every mistake at once
    ├── InvalidInput          what somebody typed, sent or uploaded
    │   └── InvalidAddress
    ├── NotFound              no such subscriber, paper, delivery
    ├── SourceError           a source did not give what was asked
    │   ├── SourceUnavailable     no answer, or an answer that says "later"
    │   │   └── SourceThrottled   "later", with the moment when
    │   └── SourceMalformed       an answer that is not what it should be
    ├── InboxUnavailable      the mail that waits for us cannot be read
    ├── UnreadableMail        one mail of many cannot be read
    ├── EncodingError         a text could not be turned into a vector
    │   └── EncoderUnavailable    none can be, for now
    └── StoreError            the database cannot be used
        └── SchemaOutOfDate

Each error is one line for a person: what happened and, where there is something, what to do.
`code` is stable and appears in logs and in rows.
"""

from collections.abc import Sequence


class DigestError(Exception):
    code = "error"


class ConfigError(DigestError):
    """All mistakes of one configuration; each names its key."""

    code = "config"

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


class InvalidInput(DigestError):
    code = "invalid_input"


class InvalidAddress(InvalidInput):
    code = "invalid_address"


class NotFound(DigestError):
    code = "not_found"


class SourceError(DigestError):
    code = "source"


class SourceUnavailable(SourceError):
    """No answer; where it is known when to try again, in `retry_after_s` seconds, else 0."""

    code = "source_unavailable"

    def __init__(self, message: str, *, retry_after_s: float = 0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceThrottled(SourceUnavailable):
    """The source asked for patience: `retry_after_s` seconds from the answer on."""

    code = "source_throttled"


class SourceMalformed(SourceError):
    code = "source_malformed"


class InboxUnavailable(DigestError):
    """No mail can be read, for now or until something is mended: `what` and `todo` say it."""

    code = "inbox_unavailable"

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"{what}; {todo}")
        self.what = what
        self.todo = todo


class UnreadableMail(DigestError):
    """One mail cannot be had from its mailbox; others can."""

    code = "unreadable_mail"


class EncodingError(DigestError):
    """The model does not take this text; others it may."""

    code = "encoding"


class EncoderUnavailable(EncodingError):
    """The model takes no text at all, for now or until something is mended."""

    code = "encoder_unavailable"


class WriterUnavailable(DigestError):
    """The language model writes nothing, for now or until something is mended."""

    code = "writer_unavailable"


class StoreError(DigestError):
    code = "store"


class SchemaOutOfDate(StoreError):
    code = "schema_out_of_date"
