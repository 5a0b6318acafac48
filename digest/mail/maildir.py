"""Mail that waits in a Maildir."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from digest.core.errors import InboxUnavailable, UnreadableMail
from digest.mail.inbox import read_bounded

_QUARANTINE = ".Quarantine"


@dataclass(frozen=True, slots=True)
class Maildir:
    """A Maildir that this program empties by marking what it has handled as seen.

    https://cr.yp.to/proto/maildir.html; folders inside it as Courier and Dovecot name them.
    """

    path: Path

    @contextmanager
    def opened(self) -> Iterator[list["MaildirMail"]]:
        """Mails not seen yet: those in `new`, then those in `cur`, oldest name first."""
        yield self._waiting()

    def look(self) -> str:
        """How many mails wait, and that they can be marked."""
        waiting = self._waiting()
        for folder in (self.path, self.path / "new", self.path / "cur"):
            if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise self._unavailable(folder, "this user may not read and write there")
        return f"{self.path}: {len(waiting)} waiting"

    def _waiting(self) -> list["MaildirMail"]:
        if not self.path.is_dir():
            raise self._unavailable(self.path, "there is no such folder")
        seen_too = self._files("new") + [e for e in self._files("cur") if "S" not in _flags(e)]
        return [MaildirMail(self.path, entry) for entry in seen_too]

    def _files(self, folder: str) -> list[Path]:
        try:
            entries = sorted(Path(self.path, folder).iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unavailable(self.path / folder, error.strerror or str(error)) from error
        return [e for e in entries if not e.name.startswith(".") and _is_plain_file(e)]

    def _unavailable(self, place: Path, why: str) -> InboxUnavailable:
        todo = "check mailbox.path, and who may read and write there"
        return InboxUnavailable(f"{place}: {why}", todo)


@dataclass(frozen=True, slots=True)
class MaildirMail:
    """A mail in the Maildir at `folder`; `entry` is its file."""

    folder: Path
    entry: Path

    @property
    def name(self) -> str:
        return self.entry.name

    def read(self) -> bytes | None:
        """The mail; None where another program took it."""
        try:
            with self.entry.open("rb") as stream:
                return read_bounded(stream)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnreadableMail(f"it cannot be read: {error.strerror}") from error

    def mark_handled(self) -> None:
        """Moves it to `cur`, flagged as seen."""
        self._move(self.folder / "cur", f"{_unique(self.entry)}:2,{_with_seen(self.entry)}")

    def set_aside(self) -> str:
        """Moves it to the folder `.Quarantine`, for a person to see."""
        quarantine = self.folder / _QUARANTINE
        for name in ("tmp", "new", "cur"):
            (quarantine / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        (quarantine / "maildirfolder").touch()
        self._move(quarantine / "new", _unique(self.entry))
        return f"moved to {_QUARANTINE}"

    def _move(self, folder: Path, name: str) -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):  # another program moved it first
            os.rename(self.entry, folder / name)


def _is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _unique(entry: Path) -> str:
    return entry.name.partition(":2,")[0]


def _flags(entry: Path) -> str:
    return entry.name.partition(":2,")[2]


def _with_seen(entry: Path) -> str:
    return "".join(sorted({*_flags(entry), "S"}))
