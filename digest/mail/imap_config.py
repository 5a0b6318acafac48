"""How to reach a folder of an IMAP server, and whose certificates are trusted."""

import ssl
from dataclasses import dataclass

from digest.core.errors import ConfigError
from digest.mail.smtp import Security


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapConfig:
    """How to reach the mailbox, and where in it what was handled or cannot be handled goes.

    `handled_folder` "" leaves handled mail where it is, marked as seen. `ca_file` adds to trust,
    or "". Raises ConfigError for what cannot work or would send a password in clear.
    """

    host: str
    port: int = 993
    security: Security = Security.TLS
    username: str = ""
    password: str = ""
    folder: str = "INBOX"
    handled_folder: str = ""
    quarantine_folder: str = "Quarantine"
    timeout_s: float = 30.0
    ca_file: str = ""

    def __post_init__(self) -> None:
        mistakes = []
        if not self.host:
            mistakes.append('mailbox.host is missing: kind "imap" needs the server')
        if self.security is Security.NONE and self.password:
            mistakes.append(
                "mailbox.security: none would send the password in clear: use tls or starttls"
            )
        if bool(self.username) != bool(self.password):
            mistakes.append("mailbox.username and mailbox.password belong together")
        elif self.security is not Security.NONE and not self.username:
            mistakes.append("mailbox.username and mailbox.password are missing")
        mistakes.extend(
            f"mailbox.{key} has characters that cannot be sent"
            for key in ("username", "password", "folder", "handled_folder", "quarantine_folder")
            if not getattr(self, key).isprintable()
        )
        if self.folder in (self.handled_folder, self.quarantine_folder):
            mistakes.append("mailbox.folder: mail that was handled has to go to another folder")
        if mistakes:
            raise ConfigError(mistakes)

    def __repr__(self) -> str:
        return f"ImapConfig({self.host}:{self.port}, {self.security})"


def tls_context(config: ImapConfig) -> ssl.SSLContext:
    """The usual authorities, and that of `ca_file`. Raises ConfigError."""
    context = ssl.create_default_context()
    if config.ca_file:
        try:
            context.load_verify_locations(config.ca_file)
        except OSError as error:  # ssl.SSLError is one
            why = error.strerror or str(error)
            raise ConfigError(
                [f"mailbox.ca_file: {config.ca_file} cannot be used: {why}"]
            ) from None
    return context
