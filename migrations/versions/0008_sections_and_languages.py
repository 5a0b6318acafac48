"""Where a paper stands in a digest and what for; the language of readers, and of cards; summaries
that a language model wrote."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_planned = sa.table(
    "delivery_papers",
    sa.column("reason", sa.Text),
    sa.column("place", sa.String),
    sa.column("section", sa.String),
)
_PLACES = ("fits", "everywhere", "explore")
_SECTIONS = ("for_you", "authors", "missed", "everywhere")


def upgrade() -> None:
    _add("delivery_papers", {"place": "fits", "section": "for_you"}, length=16)
    _tell_by_reasons()
    with op.batch_alter_table("delivery_papers") as table:
        for name, choices in (("place", _PLACES), ("section", _SECTIONS)):
            listed = ", ".join(f"'{choice}'" for choice in choices)
            table.create_check_constraint(
                op.f(f"ck_delivery_papers_{name}"), f"{name} IN ({listed})"
            )
    # The default stays: SQLite would have to write the table anew, and much hangs on its rows.
    op.add_column(
        "subscribers", sa.Column("language", sa.String(8), nullable=False, server_default="en")
    )
    _add("cards", {"language": "en"}, length=8)
    with op.batch_alter_table("cards") as table:
        table.drop_constraint(op.f("pk_cards"), type_="primary")
        table.create_primary_key(op.f("pk_cards"), ["edition_id", "paper_id", "language"])
    op.create_table(
        "summaries",
        sa.Column("paper_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.id"],
            name=op.f("fk_summaries_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_summaries")),
    )


def _add(table_name: str, columns: dict[str, str], *, length: int) -> None:
    """Columns of text that hold a value in the rows there are, and must be given one in others."""
    with op.batch_alter_table(table_name) as table:
        for name, default in columns.items():
            kind = sa.String(length)
            table.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table(table_name) as table:
        for name in columns:
            table.alter_column(name, existing_type=sa.String(length), server_default=None)


def _tell_by_reasons() -> None:
    """Until now only the words of a reason said what a paper is there for."""
    reason, update = _planned.c.reason, _planned.update()
    everywhere = {"place": "everywhere", "section": "everywhere"}
    op.execute(update.where(reason.like("trending everywhere:%")).values(**everywhere))
    op.execute(update.where(reason.like("to explore:%")).values(place="explore"))
    op.execute(update.where(reason.like("%, an author you follow%")).values(section="authors"))
