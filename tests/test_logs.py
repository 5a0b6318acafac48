"""Logs for people and programs, and what must never be in them."""

import json
from typing import get_args

import pytest
import structlog

from digest.logs import LogFormat, configure_logs


@pytest.mark.parametrize("log_format", get_args(LogFormat))
def test_a_crash_says_where_and_never_with_what(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("info", log_format)
    address = "ada@reader.example"
    try:
        raise ValueError(f"nothing of {len(address)} characters")
    except ValueError:
        structlog.get_logger().exception("deliver.crashed")
    logged = capsys.readouterr().err
    assert "nothing of 18 characters" in logged
    assert "test_a_crash_says_where" in logged
    assert address not in logged


def test_json_logs_are_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    structlog.get_logger().info("refresh.finished", fetched_count=3)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["fetched_count"], line["level"]) == ("refresh.finished", 3, "info")
