"""A second process plans beside the first, on one database, and ends with it."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from digest import planner as planners
from digest.core.subscribers import SubscriberId
from digest.pipeline import crew
from digest.pipeline.crew import AssembleReport, PlannerLost
from digest.planner import PlannerProcess
from tests.e2e.conftest import Service
from tests.e2e.test_day import a_week, subscribe_all

DAY = date(2026, 3, 20)


@pytest.fixture
def planner(service: Service) -> Iterator[PlannerProcess]:
    a_week(service)
    subscribe_all(service)
    given = ["--config", str(service.config), "--now", service.now]
    one = PlannerProcess([sys.executable, "-m", "digest", *given, "_plan"])
    yield one
    one.close()


def test_another_process_plans_for_the_readers_it_is_told(
    service: Service, planner: PlannerProcess
) -> None:
    ids = [SubscriberId(1), SubscriberId(2)]

    assert planner.plan(DAY, ids) == AssembleReport(days=(DAY,), planned=2)
    assert planner.plan(DAY, ids) == AssembleReport(days=(DAY,))

    queued = service.json("deliveries", "list", "--status", "queued")
    assert len({row["email"] for row in queued}) == 2
    report = service.json("send", "--date", DAY.isoformat())
    assert report["sent"] == report["planned"] + 2


def test_one_that_is_gone_is_told_as_lost(planner: PlannerProcess) -> None:
    planner.kill()

    with pytest.raises(PlannerLost, match="ended with"):
        planner.plan(DAY, [SubscriberId(1)])


@pytest.mark.parametrize("words", ["Loading weights", '{"event": "loading weights"}', "7"])
def test_one_that_says_something_else_is_told_as_lost_and_ended(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(planners, "_TIME_TO_END_S", 0.1)
    program = f"import time; print({words!r}, flush=True); time.sleep(60)"
    one = PlannerProcess([sys.executable, "-c", program])

    with pytest.raises(PlannerLost, match="ended with -9"):
        one.plan(DAY, [SubscriberId(1)])

    one.close()


def test_a_terminal_that_interrupts_does_not_interrupt_it() -> None:
    group_and_id = "dict(planned=os.getpgrp(), skipped=os.getpid(), missed=0, days=[])"
    program = f"import json, os; input(); print(json.dumps({group_and_id}))"
    one = PlannerProcess([sys.executable, "-c", program])

    report = one.plan(DAY, [SubscriberId(1)])
    one.close()

    assert report.planned == report.skipped


def test_it_takes_no_modules_from_the_folder_where_the_operator_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "platform.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    one = PlannerProcess([sys.executable, "-m", "platform"])

    with pytest.raises(PlannerLost, match="ended with 0"):
        one.plan(DAY, [SubscriberId(1)])

    one.close()


def test_a_send_with_two_processes_serves_everybody_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "READERS_FOR_ANOTHER", 1)
    monkeypatch.setenv("DIGEST__RANKING__PROCESSES", "2")
    a_week(service)
    subscribe_all(service)

    report = service.json("send", "--date", DAY.isoformat())

    assert report["sent"] == report["planned"] == len(service.mails)
    assert len({mail.recipient for mail in service.mails}) == len(service.mails)
