"""The texts by which readers say what they want, for a model that is to understand them."""

import sqlalchemy as sa

from digest.core.interests import InterestKind
from digest.core.subscribers import Status
from digest.store.tables import (
    interests,
    libraries,
    library_papers,
    paper_ids,
    papers,
    subscribers,
)


def prose(conn: sa.Connection) -> list[str]:
    """The interests in prose of those who get mail, each text once, in order."""
    return list(
        conn.scalars(
            sa.select(interests.c.value)
            .join(subscribers, subscribers.c.id == interests.c.subscriber_id)
            .where(
                interests.c.kind == InterestKind.TEXT,
                subscribers.c.status == Status.ACTIVE,
            )
            .distinct()
            .order_by(interests.c.value)
        )
    )


def library_papers_of_readers(conn: sa.Connection, latest: int) -> list[tuple[str, str]]:
    """Title and abstract of the `latest` papers that each of those who get mail has put into a
    library, each once, in order; as `libraries.of_subscriber` gives those that are known by name.
    """
    place = sa.func.row_number().over(
        partition_by=libraries.c.subscriber_id,
        order_by=(libraries.c.liked_at.desc(), libraries.c.library_paper_id.desc()),
    )
    placed = (
        sa.select(libraries.c.library_paper_id, place.label("place"))
        .join(subscribers, subscribers.c.id == libraries.c.subscriber_id)
        .where(subscribers.c.status == Status.ACTIVE)
        .subquery()
    )
    named = sa.and_(
        paper_ids.c.kind == library_papers.c.kind, paper_ids.c.value == library_papers.c.value
    )
    own_abstract = sa.func.nullif(papers.c.abstract, "")
    rows = conn.execute(
        sa.select(
            sa.func.coalesce(papers.c.title, library_papers.c.title).label("title"),
            sa.func.coalesce(own_abstract, library_papers.c.abstract).label("abstract"),
        )
        .join(placed, placed.c.library_paper_id == library_papers.c.id)
        .outerjoin(paper_ids, named)
        .outerjoin(papers, papers.c.id == paper_ids.c.paper_id)
        .where(placed.c.place <= latest)
        .distinct()
        .order_by(sa.literal_column("title"), sa.literal_column("abstract"))
    )
    return [(row.title, row.abstract) for row in rows if row.title]
