"""kill -9 in the middle of sending: nobody is lost, and only what was in flight goes twice."""

import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from digest.demo.catcher import caught_mails
from tests.e2e.world import World, serving, write_config

READERS = 120
KILLS = 4
CONNECTIONS = 4


def command(config: Path, *arguments: str) -> list[str]:
    now = ("--now", "2026-03-20T21:00:00Z")
    return [sys.executable, "-m", "digest", "--config", str(config), *now, *arguments]


def run(config: Path, *arguments: str) -> str:
    done = subprocess.run(command(config, *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_killed_again_and_again_it_still_reaches_everybody(tmp_path: Path) -> None:
    world = World()
    world.publish("2026-03-20")
    with serving(world), caught_mails() as (port, mails):
        config = write_config(tmp_path, world, port)
        rows = "".join(f"reader{n}@reader.example,language models\n" for n in range(READERS))
        (tmp_path / "readers.csv").write_text(f"email,interests\n{rows}", encoding="utf-8")
        run(config, "subscribers", "import", str(tmp_path / "readers.csv"), "--confirmed")
        run(config, "fetch", "--since", "2026-03-20", "--until", "2026-03-20")
        for kill in range(KILLS):
            process = subprocess.Popen(
                command(config, "send", "--date", "2026-03-20"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            wait_for(mails, 10 + kill * 20, process)
            process.kill()
            process.wait()
        report = json.loads(run(config, "send", "--date", "2026-03-20", "--json"))
        listed = json.loads(run(config, "deliveries", "list", "--json"))
    assert report["failed"] == report["deferred"] == 0
    assert Counter(row["status"] for row in listed) == {"sent": READERS}
    times = Counter(mail.recipient for mail in mails)
    assert len(times) == READERS
    assert sum(times.values()) - READERS <= KILLS * CONNECTIONS
    again = [mail for mail in mails if times[mail.recipient] > 1]
    ids = {(m.recipient, m.message.split(b"Message-ID: ")[1].split(b"\r\n")[0]) for m in again}
    assert len(ids) == len({mail.recipient for mail in again})


def wait_for(mails: list[object], number: int, process: subprocess.Popen[bytes]) -> None:
    """Returns when `number` mails have come, or the process ended."""
    pause = threading.Event()
    while len(mails) < number and process.poll() is None:
        pause.wait(0.005)
