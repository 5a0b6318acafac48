"""Recorded bounces, complaints and other mail, with labels: how many are read as they should be."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.core.returned import ReturnedMail, ReturnKind
from digest.mail.inbox import read_mail
from digest.mail.returned import read_returned

pytestmark = pytest.mark.recordings

BOUNCES = ("hard", "soft", "bounce", "mixed")


@dataclass(frozen=True)
class Labelled:
    """A mail as its label says and as it is read. `wanted` has names of an address with its class:
    any of the names will do."""

    file: str
    kind: str
    wanted: tuple[tuple[tuple[str, ...], str], ...]
    found: ReturnedMail

    def permanence(self, names: tuple[str, ...]) -> str:
        told = {each.address.lower(): each.permanence for each in self.found.recipients}
        return next((told[name] for name in names if name in told), "")


@pytest.fixture(scope="module")
def mails(recordings: Path) -> list[Labelled]:
    with (recordings / "bounces" / "labels.tsv").open(encoding="utf-8") as labels:
        rows = list(csv.DictReader(labels, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_labelled(recordings / "bounces", row) for row in rows]


def _labelled(folder: Path, row: dict[str, str]) -> Labelled:
    raw = (folder / row["file"]).read_bytes()
    given = [] if row["recipients"] == "-" else row["recipients"].split(";")
    wanted = tuple(
        (tuple(one.rpartition("=")[0].split("|")), one.rpartition("=")[2]) for one in given
    )
    return Labelled(row["file"], row["kind"], wanted, read_returned(raw, read_mail(raw)))


def share(outcomes: Iterator[bool]) -> float:
    counted = Counter(outcomes)
    return counted[True] / counted.total()


def test_bounces_are_recognised(mails: list[Labelled]) -> None:
    bounces = (mail for mail in mails if mail.kind in BOUNCES)
    assert share(mail.found.kind is ReturnKind.BOUNCE for mail in bounces) >= 0.96


def test_dead_addresses_are_recognised_as_dead(mails: list[Labelled]) -> None:
    hard = (mail for mail in mails if mail.kind == "hard")
    told = ({each.permanence for each in mail.found.recipients} for mail in hard)
    assert share("hard" in classes for classes in told) >= 0.94


def test_recipients_are_found(mails: list[Labelled]) -> None:
    wanted = ((mail, names) for mail in mails if mail.kind in BOUNCES for names, _ in mail.wanted)
    assert share(mail.permanence(names) != "" for mail, names in wanted) >= 0.95


def test_addresses_that_may_work_again_are_not_called_dead(mails: list[Labelled]) -> None:
    soft = ((mail, names) for mail in mails for names, kind in mail.wanted if kind == "soft")
    assert share(mail.permanence(names) == "hard" for mail, names in soft) <= 0.05


def test_nothing_else_is_taken_for_a_bounce(mails: list[Labelled]) -> None:
    others = [mail for mail in mails if mail.kind not in BOUNCES]
    assert [mail.file for mail in others if mail.found.kind is ReturnKind.BOUNCE] == []
    assert [mail.file for mail in others if mail.found.recipients] == []


def test_complaints_and_automatic_answers_are_recognised(mails: list[Labelled]) -> None:
    kinds = [(mail.kind, mail.found.kind) for mail in mails]
    assert share(k is ReturnKind.COMPLAINT for label, k in kinds if label == "complaint") >= 24 / 25
    assert (
        share(k is ReturnKind.AUTO_REPLY for label, k in kinds if label == "autoreply") >= 15 / 17
    )


def test_no_mail_to_the_command_address_is_a_bounce(recordings: Path) -> None:
    mails = (path.read_bytes() for path in sorted((recordings / "inbound").glob("*.eml")))
    kinds = Counter(read_returned(raw, read_mail(raw)).kind for raw in mails)
    assert kinds[ReturnKind.BOUNCE] == kinds[ReturnKind.COMPLAINT] == 0
    assert kinds.total() > 30
