"""Who sends, as every mail says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MailIdentity:
    """The sender of all mail.

    `from_name` and `from_address` make From; `list_id` is the bare id (`daily.example.org`);
    `bounce_address` is where returned mail goes, made different for each delivery (VERP), or "";
    `command_address` takes commands by mail, or ""; `base_url` has no slash at its end.
    """

    from_name: str
    from_address: str
    reply_to: str = ""
    list_id: str = ""
    bounce_address: str = ""
    postal_address: str = ""
    command_address: str = ""
    base_url: str

    @property
    def domain(self) -> str:
        return self.from_address.rpartition("@")[2].lower()
