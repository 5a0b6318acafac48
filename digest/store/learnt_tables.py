"""Tables of what is worked out from the others, and can be worked out anew."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from digest.store.columns import Time, metadata, serial

# A paper's text as ranking needs it, see store/analyses.py; a paper that goes leaves its row
# behind, for its terms are still counted.
analyses = Table(
    "analyses",
    metadata,
    serial(),
    Column("paper_id", ForeignKey("papers.id", ondelete="SET NULL"), unique=True),
    Column("version", Integer, nullable=False),
    Column("payload", sa.LargeBinary, nullable=False),
    Index("ix_analyses_version_paper_id", "version", "paper_id"),
)

# In how many analyses a term occurs.
term_counts = Table(
    "term_counts",
    metadata,
    Column("term", sa.String(64), primary_key=True),
    Column("papers", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# What a language model wrote of a paper; "" where it wrote nothing that can be shown.
summaries = Table(
    "summaries",
    metadata,
    Column("paper_id", ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Column("model", sa.String(255), nullable=False),
    Column("text", sa.Text, nullable=False),
    Column("made_at", Time, nullable=False),
)

# What was learnt from the rows, by name: made anew now and then, and never missed when it is gone.
models = Table(
    "models",
    metadata,
    Column("name", sa.String(80), primary_key=True),
    Column("made_at", Time, nullable=False),
    Column("version", Integer, nullable=False),
    Column("payload", sa.LargeBinary, nullable=False),
)
