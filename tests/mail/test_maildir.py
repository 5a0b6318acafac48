"""The Maildir that mail waits in."""

import os
from pathlib import Path

import pytest

from digest.core.errors import InboxUnavailable, UnreadableMail
from digest.mail.maildir import Maildir, MaildirMail


def maildir_with(folder: Path, *names: str) -> Maildir:
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return Maildir(folder)


def waiting(maildir: Maildir) -> list[MaildirMail]:
    with maildir.opened() as mails:
        return mails


def test_new_mail_comes_first_and_seen_mail_not_at_all(tmp_path: Path) -> None:
    names = ("new/2.host", "new/1.host", "cur/0.host:2,", "cur/3.host:2,FS", "new/.hidden")
    maildir = maildir_with(tmp_path, *names)
    os.symlink(tmp_path / "new/1.host", tmp_path / "new/9.link")
    assert [mail.name for mail in waiting(maildir)] == ["1.host", "2.host", "0.host:2,"]
    assert waiting(maildir)[0].read() == b"x"


def test_handled_mail_is_seen_and_broken_mail_is_set_aside(tmp_path: Path) -> None:
    maildir = maildir_with(tmp_path, "new/1.host", "cur/2.host:2,F", "new/3.host")
    first, broken, second = waiting(maildir)
    first.mark_handled()
    second.mark_handled()
    assert ".Quarantine" in broken.set_aside()
    assert (tmp_path / "cur/1.host:2,S").exists()
    assert (tmp_path / "cur/2.host:2,FS").exists()
    assert (tmp_path / ".Quarantine/new/3.host").exists()
    assert waiting(maildir) == []


def test_mail_that_another_program_took_is_no_error(tmp_path: Path) -> None:
    (mail,) = waiting(maildir_with(tmp_path, "new/1.host"))
    (tmp_path / "new/1.host").unlink()
    assert mail.read() is None
    mail.mark_handled()


def test_a_mail_that_cannot_be_opened_is_told_from_a_maildir_that_cannot(tmp_path: Path) -> None:
    (mail,) = waiting(maildir_with(tmp_path, "new/1.host"))
    (tmp_path / "new/1.host").unlink()
    (tmp_path / "new/1.host").mkdir()
    with pytest.raises(UnreadableMail, match="Is a directory"):
        mail.read()


def test_a_maildir_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    nowhere = Maildir(tmp_path / "nowhere")
    for look in (nowhere.look, lambda: waiting(nowhere)):
        with pytest.raises(InboxUnavailable, match="nowhere: there is no such folder; check mail"):
            look()


def test_a_look_counts_what_waits(tmp_path: Path) -> None:
    assert maildir_with(tmp_path, "new/1.host", "new/2.host").look() == f"{tmp_path}: 2 waiting"
