"""What each source said of a paper, what was ruled to be of different papers, hosts that rest,
and days that are fetched by date."""

from collections import defaultdict
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ADDED = (
    ("ids", sa.JSON(), "[]"),
    ("fields", sa.JSON(), "{}"),
    ("given", sa.Integer(), "0"),
    ("authority", sa.Integer(), "0"),
)
# The bits of `given`, in this order.
_FIELDS = (
    "title abstract authors published_at url pdf_url code_url discussion_url summary venue "
    "categories"
).split()
_CHUNK = 500

_paper_sources = sa.table(
    "paper_sources",
    sa.column("paper_id", sa.Integer),
    sa.column("source", sa.String),
    *(sa.column(name, kind) for name, kind, _ in _ADDED),
)
_papers = sa.table("papers", sa.column("id", sa.Integer), sa.column("provenance", sa.JSON))
_paper_ids = sa.table(
    "paper_ids",
    sa.column("paper_id", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("value", sa.String),
)


def upgrade() -> None:
    _hosts_and_backfills()
    op.create_index(
        "ix_interests_likes",
        "interests",
        ["value"],
        sqlite_where=sa.text("kind = 'like'"),
        postgresql_where=sa.text("kind = 'like'"),
    )
    _sources()
    _rulings()


def _hosts_and_backfills() -> None:
    with op.batch_alter_table("paces") as table:
        table.add_column(
            sa.Column("failed_in_a_row", sa.Integer, nullable=False, server_default="0")
        )
    with op.batch_alter_table("paces") as table:
        table.alter_column("failed_in_a_row", server_default=None)
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("backfill", sa.JSON))


def _sources() -> None:
    with op.batch_alter_table("paper_sources") as table:
        for name, kind, default in _ADDED:
            table.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table("paper_sources") as table:
        for name, kind, _ in _ADDED:
            table.alter_column(name, existing_type=kind, server_default=None)
    _tell_what_is_certain()


def _tell_what_is_certain() -> None:
    """A paper of one source has all its names and fields from there; of one that has several, it
    is known only what is shown."""
    conn = op.get_bind()
    keys = iter(conn.scalars(sa.select(_papers.c.id).order_by(_papers.c.id)).all())
    while chunk := list(islice(keys, _CHUNK)):
        rows = _told(conn, chunk)
        if rows:
            conn.execute(
                sa.update(_paper_sources)
                .where(
                    _paper_sources.c.paper_id == sa.bindparam("b_paper"),
                    _paper_sources.c.source == sa.bindparam("b_source"),
                )
                .values({name: sa.bindparam(name) for name in ("ids", "given", "authority")}),
                rows,
            )


def _told(conn: sa.Connection, chunk: list[int]) -> list[dict[str, Any]]:
    sources, names = defaultdict(list), defaultdict(list)
    where = _paper_sources.c.paper_id.in_(chunk)
    for row in conn.execute(
        sa.select(_paper_sources.c.paper_id, _paper_sources.c.source).where(where)
    ):
        sources[row.paper_id].append(row.source)
    for row in conn.execute(
        sa.select(_paper_ids)
        .where(_paper_ids.c.paper_id.in_(chunk))
        .order_by(_paper_ids.c.kind, _paper_ids.c.value)
    ):
        names[row.paper_id].append(f"{row.kind}:{row.value}")
    found = []
    for paper_id, provenance in conn.execute(sa.select(_papers).where(_papers.c.id.in_(chunk))):
        alone = len(sources[paper_id]) == 1
        found += [
            {
                "b_paper": paper_id,
                "b_source": source,
                "ids": names[paper_id] if alone else [],
                "given": _bits(provenance, source) if alone else 0,
                "authority": max(
                    (p["authority"] for p in provenance.values() if p["source"] == source),
                    default=0,
                ),
            }
            for source in sources[paper_id]
        ]
    return found


def _bits(provenance: dict[str, Any], source: str) -> int:
    return sum(
        1 << place
        for place, name in enumerate(_FIELDS)
        if provenance.get(name, {}).get("source") == source
    )


def _rulings() -> None:
    op.create_table(
        "rulings",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=512), nullable=False),
        sa.Column("other_kind", sa.String(length=64), nullable=False),
        sa.Column("other_value", sa.String(length=512), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "value", "other_kind", "other_value", name=op.f("pk_rulings")
        ),
    )
