"""Subscribers from files: everybody or nobody, and nothing lost on the way out and in again."""

import csv
import io
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.cli import subscriber_lists as cli
from digest.core.errors import InvalidInput
from digest.core.interests import Interest, InterestKind
from digest.core.messages import MailKind
from digest.core.subscribers import Frequency, Preferences, Status
from digest.pipeline import importing, suppression
from digest.pipeline.importing import (
    BadLines,
    ImportReport,
    NewMember,
    import_members,
    inert,
    parse_dial,
    parse_max_papers,
    parse_members,
)
from digest.store import subscribers
from digest.store.engine import Store
from tests.builders import make_app, make_subscriber, store_subscriber
from tests.pipeline.world import deliveries, everything, member

DEFAULTS = Preferences(timezone="Europe/Berlin")


def parsed(text: str) -> tuple[NewMember, ...]:
    return parse_members(text, DEFAULTS)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(BadLines) as caught:
        parsed(text)
    return caught.value.problems


# --- reading --------------------------------------------------------------------------------------


def test_a_list_of_addresses_takes_every_default() -> None:
    (ada, ben) = parsed("email\nada@a.example\nben@b.example\n")
    assert ada == NewMember(email="ada@a.example", interests=(), preferences=DEFAULTS)
    assert ben.email == "ben@b.example"


def test_every_column_is_read() -> None:
    text = (
        "Email,interests,keyword,exclude,category,author,like,frequency,at,timezone,max_papers,dial"
        "\nada@a.example,robots; not: drones,octopus,survey,cs.*;math.CO,Ada Bell,2603.00001,"
        "weekly,06:45,Asia/Tokyo,5,0.8\n"
    )
    (ada,) = parsed(text)
    assert ada.preferences == Preferences(
        frequency=Frequency.WEEKLY, at=time(6, 45), timezone="Asia/Tokyo", max_papers=5, dial=0.8
    )
    assert [(i.kind.value, i.value) for i in ada.interests] == [
        ("text", "robots"),
        ("exclude", "drones"),
        ("keyword", "octopus"),
        ("exclude", "survey"),
        ("category", "cs.*"),
        ("category", "math.CO"),
        ("author", "Ada Bell"),
        ("like", "2603.00001"),
    ]


def test_every_bad_line_is_named_and_nothing_is_taken() -> None:
    text = (
        "email,at,dial,status\n"
        "ada@a.example,7:30,0.5,\n"
        "not an address,,,\n"
        "ben@b.example,25:00,,\n"
        "chen@c.example,,nan,\n"
        "dora@d.example,,,gone\n"
        "eva@e.example,,,,,too many\n"
    )
    lines = problems(text)
    assert [line.partition(":")[0] for line in lines] == [f"line {n}" for n in (3, 4, 5, 6, 7)]
    assert "'25:00' is not a time of day" in lines[1]
    assert "'gone' is not a status" in lines[3]
    assert lines[4] == "line 7: more cells than the header has columns"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: there is no column `email`"),
        ("mail\nada@a.example\n", "line 1: there is no column `email`"),
        ("email,shoe size\n", "line 1: unknown column 'shoe size'"),
        ("email,email\n", "line 1: the column 'email' is there 2 times"),
        ('email\n"ada@a.example\n', "line 1: not CSV: unexpected end of data"),
        ("email\n\x00\n", "line"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_its_line(text: str, problem: str) -> None:
    assert problems(text)[0].startswith(problem)


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert [one.email for one in parsed("\ufeffemail\r\nada@a.example\r\n")] == ["ada@a.example"]


def test_interests_may_stand_on_lines_of_their_own_in_one_quoted_cell() -> None:
    (ada, ben) = parsed('email,interests\nada@a.example,"robots\noctopus\n"\nben@b.example,x\n')
    assert [interest.value for interest in ada.interests] == ["robots", "octopus"]
    assert ben.email == "ben@b.example"


def test_an_address_that_is_there_twice_counts_once_whatever_its_case() -> None:
    assert len(parsed("email\nada@a.example\nADA@A.example\n")) == 1


def test_blank_lines_are_no_mistake() -> None:
    assert len(parsed("email\n\nada@a.example\n\n")) == 1


@pytest.mark.parametrize("text", ["0", "31", "-1", "²", "٣", "1.5", "", "9" * 5000])
def test_a_number_of_papers_is_from_1_to_30(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_max_papers(text)


@pytest.mark.parametrize("text", ["nan", "inf", "-0.1", "1.01", "half", ""])
def test_a_dial_is_from_0_to_1(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_dial(text)


# --- other programs -------------------------------------------------------------------------------


def test_an_export_of_listmonk_is_read_as_it_is() -> None:
    text = (
        "uuid,email,name,attributes,status,created_at,updated_at\n"
        'e1,ada@a.example,Ada Bell,"{""city"": ""Bern""}",enabled,2026-01-01,2026-01-02\n'
        "e2,ben@b.example,Ben,{},disabled,2026-01-01,2026-01-02\n"
        "e3,chen@c.example,Chen,{},blocklisted,2026-01-01,2026-01-02\n"
    )
    assert [(one.email, one.status.value) for one in parsed(text)] == [
        ("ada@a.example", "active"),
        ("ben@b.example", "unsubscribed"),
        ("chen@c.example", "suppressed"),
    ]


def test_an_export_of_mailchimp_is_read_as_it_is() -> None:
    header = '"Email Address","First Name",MEMBER_RATING,TIMEZONE,LEID,EUID,TAGS'
    text = f'{header}\nada@a.example,Ada,2,Nowhere/Known,1,x,"""a"""\n'
    assert [(one.email, one.preferences) for one in parsed(text)] == [("ada@a.example", DEFAULTS)]


@pytest.mark.parametrize("column", ["UNSUB_TIME", "CLEAN_TIME"])
def test_whom_mailchimp_lists_as_gone_stays_gone(column: str) -> None:
    (ada,) = parsed(f"Email Address,LEID,EUID,{column}\nada@a.example,1,x,2026-01-01\n")
    assert ada.status is Status.UNSUBSCRIBED


# --- adding ---------------------------------------------------------------------------------------


def test_new_members_are_asked_unless_the_operator_vouches_for_them(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    import_members(app, parsed("email\nada@a.example\n"), confirmed=False, dry_run=False)
    import_members(app, parsed("email\nben@b.example\n"), confirmed=True, dry_run=False)
    ada, ben = (member(sqlite_store, email) for email in ("ada@a.example", "ben@b.example"))
    assert (ada.status, ben.status) == (Status.PENDING, Status.ACTIVE)
    assert ben.next_due_at is not None
    asked = deliveries(sqlite_store, MailKind.CONFIRMATION)
    assert [delivery.subscriber_id for delivery in asked] == [ada.id]


def test_the_known_stay_as_they_are_and_the_suppressed_stay_away(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    store_subscriber(sqlite_store, 99, email="ada@a.example", status=Status.UNSUBSCRIBED)
    suppression.suppress(app, "ben@b.example", "complaint")
    text = "email\nADA@a.example\nben@b.example\nchen@c.example\n"
    report = import_members(app, parsed(text), confirmed=True, dry_run=False)
    assert report == ImportReport(added=1, known=1, suppressed=1, left_out=0)
    assert member(sqlite_store, "ada@a.example").status is Status.UNSUBSCRIBED


def test_a_dry_run_counts_the_same_and_writes_nothing(sqlite_store: Store) -> None:
    app = make_app(sqlite_store)
    before = everything(sqlite_store)
    new = parsed("email\nada@a.example\n")
    assert import_members(app, new, confirmed=True, dry_run=True).added == 1
    assert everything(sqlite_store) == before


def test_when_one_cannot_be_added_nobody_is(store: Store) -> None:
    app = make_app(store)
    before = everything(store)
    broken = NewMember(
        email="ben@b.example",
        interests=(Interest(InterestKind.TEXT, "x", None),),  # type: ignore[arg-type]
        preferences=DEFAULTS,
    )
    with pytest.raises(Exception, match=r"(?i)not.null"):
        import_members(
            app, (*parsed("email\nada@a.example\n"), broken), confirmed=True, dry_run=False
        )
    assert everything(store) == before


def test_only_members_of_a_file_come_back_and_the_pending_are_asked_all_the_same(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store)
    lines = [f"{status.value}@a.example,{status.value}" for status in Status]
    new = parsed("\n".join(["email,status", *lines]))
    rehearsed = import_members(app, new, confirmed=True, dry_run=True)
    assert rehearsed == ImportReport(added=3, known=0, suppressed=0, left_out=2, barred=1)
    assert import_members(app, new, confirmed=True, dry_run=False) == rehearsed
    with sqlite_store.read() as conn:
        found = {one.email.partition("@")[0]: one for one in subscribers.listed(conn)}
    assert {name: one.status.value for name, one in found.items()} == {
        name: name for name in ("active", "pending", "paused")
    }
    assert found["paused"].next_due_at is None
    assert len(deliveries(sqlite_store, MailKind.CONFIRMATION)) == 1


def test_who_was_suppressed_elsewhere_is_so_here_but_for_who_is_here_already(
    sqlite_store: Store,
) -> None:
    app = make_app(sqlite_store)
    store_subscriber(sqlite_store, 99, email="ada@a.example")
    listed = "\n".join(
        f"u{n},{email},{{}},{status}"
        for n, (email, status) in enumerate(
            (("ada@a.example", "blocklisted"), ("BEN@b.example", "blocklisted"))
        )
    )
    new = parsed(f"uuid,email,attributes,status\n{listed}\n")
    assert import_members(app, new, confirmed=True, dry_run=True).barred == 1
    assert import_members(app, new, confirmed=True, dry_run=False).barred == 1
    assert import_members(app, new, confirmed=True, dry_run=False).barred == 0
    later = import_members(
        app, parsed("email\nada@a.example\nben@b.example\n"), confirmed=True, dry_run=False
    )
    assert later == ImportReport(added=0, known=1, suppressed=1, left_out=0)
    assert member(sqlite_store, "ada@a.example").status is Status.ACTIVE


# --- out and in again -----------------------------------------------------------------------------


def exported(*rows: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, importing.COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def test_an_export_comes_back_as_it_was() -> None:
    ada = make_subscriber(
        email="+ada@a.example",
        preferences=Preferences(
            frequency=Frequency.WEEKDAYS,
            at=time(6, 5),
            timezone="Asia/Tokyo",
            max_papers=7,
            dial=0.1,
        ),
        interests=(
            Interest(InterestKind.TEXT, "=cmd|' /C calc'!A0"),
            Interest(InterestKind.TEXT, 'robots, "walking" ones'),
            Interest(InterestKind.TEXT, "not: a mark"),
            Interest(InterestKind.KEYWORD, "@home"),
            Interest(InterestKind.EXCLUDE, "-ism"),
            Interest(InterestKind.AUTHOR, "'=Ada"),
        ),
    )
    row = cli._csv_row(ada)
    assert all(cell[:1] not in ("=", "+", "-", "@") for cell in row.values())
    (back,) = parsed(exported(row))
    assert (back.email, back.preferences) == (ada.email, ada.preferences)
    assert back.interests == ada.interests


@given(st.text(st.sampled_from("'=+-@ax"), max_size=6))
def test_no_cell_is_a_formula_and_each_is_read_as_it_was_typed(typed: str) -> None:
    cell = inert(typed)
    assert cell[:1] not in ("=", "+", "-", "@")
    assert importing._typed(cell) == typed
