"""What only one process may do at a time, and who is still alive to do it."""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from digest.store.tables import leases
from digest.store.upserts import upsert

OUTBOX_PAUSE = "outbox-pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    owner: str
    until: datetime
    reason: str


def holder(conn: sa.Connection, name: str, now: datetime) -> Lease | None:
    """Who holds the lease at `now`, unless that process is known to be dead."""
    row = conn.execute(sa.select(leases).where(leases.c.name == name)).one_or_none()
    if row is None or row.until <= now or is_dead(row.owner):
        return None
    return Lease(owner=row.owner, until=row.until, reason=row.reason)


def acquire(
    conn: sa.Connection, name: str, *, owner: str, now: datetime, until: datetime, reason: str = ""
) -> bool:
    """Takes or renews the lease for `owner`; False while somebody else holds it."""
    row = conn.execute(sa.select(leases).where(leases.c.name == name)).one_or_none()
    known_dead = row.owner if row is not None and is_dead(row.owner) else owner
    statement = upsert(conn, leases).values(name=name, owner=owner, until=until, reason=reason)
    # Asked again as it is written: somebody else may have taken it since it was looked at.
    is_free = leases.c.owner.in_((owner, known_dead)) | (leases.c.until <= now)
    taken = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"owner": owner, "until": until, "reason": reason},
        where=is_free,
    )
    return conn.scalar(taken.returning(leases.c.owner)) is not None


def drop(conn: sa.Connection, name: str) -> None:
    conn.execute(sa.delete(leases).where(leases.c.name == name))


# --- owners -----------------------------------------------------------------------------------
# An owner is `host/namespace/pid/start`: enough to tell, on the same machine, that the process
# is gone, even when its pid was given to another. Elsewhere only the lease's end tells.


def process_owner() -> str:
    """The name of this process as an owner of leases."""
    return "/".join((socket.gethostname(), _namespace(), str(os.getpid()), _started(os.getpid())))


def is_dead(owner: str) -> bool:
    """Whether an owner is known to be gone; False when that cannot be known from here."""
    parts = owner.split("/")
    if len(parts) != 4 or parts[0] != socket.gethostname() or parts[1] != _namespace():
        return False
    if not parts[2].isdigit():
        return False
    pid = int(parts[2])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return parts[3] != _started(pid)


def dead(owners: Iterable[str]) -> list[str]:
    return [owner for owner in owners if is_dead(owner)]


def _namespace() -> str:
    """Tells machines, boots and containers with one host name apart; "" without Linux's /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot (proc(5), field 22); "" if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return fields[19] if fields[0] != "Z" else "gone"
