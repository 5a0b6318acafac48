"""Where the candidates of an edition, and what readers say, lie in the space of the model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from digest.core.identifiers import PaperId
from digest.core.interests import InterestKind
from digest.embedding.encoder import Floats
from digest.embedding.texts import paper_text
from digest.pipeline.app import App
from digest.pipeline.meaning import Meanings
from digest.ranking.corpus import RankingPaper
from digest.ranking.meaning import LikedPaper, ModelMeaning
from digest.ranking.rank import Reader

# With vectors of fewer papers than this share, those would stand out for having one.
LEAST_KNOWN_SHARE = 0.5
# Liked papers that sources never brought, new to the model, encoded for one batch of readers at
# most; the others wait for the next. A few seconds on one processor.
MOST_NEW_LIKES = 256


def model_space(
    app: App, ids: Sequence[PaperId]
) -> Callable[[Sequence[RankingPaper]], ModelMeaning] | None:
    """The space of these papers for `ranking.rank.prepare`; None where no model is used, or where
    too few of the papers have a vector of it. Asks no network."""
    meanings = app.meanings
    if meanings is None:
        return None
    vectors = meanings.paper_vectors(ids)
    if not vectors.any() or np.mean(vectors.any(axis=1)) < LEAST_KNOWN_SHARE:
        return None
    return partial(_space, meanings, dict(zip(ids, vectors, strict=True)))


def _space(
    meanings: Meanings, vectors: Mapping[PaperId, Floats], papers: Sequence[RankingPaper]
) -> ModelMeaning:
    rows = np.stack([vectors[paper.paper_id] for paper in papers])
    width = rows.shape[1]

    def liked(asked: Sequence[LikedPaper]) -> dict[LikedPaper, Floats]:
        texts = {paper: _text(paper) for paper in asked}
        found = _fitting(meanings.liked_vectors(texts.values()), width)
        return {paper: found[text] for paper, text in texts.items() if text in found}

    return ModelMeaning(
        rows,
        texts=lambda texts: _fitting(meanings.text_vectors(texts), width),
        liked=liked,
    )


def _fitting(found: Mapping[str, Floats], width: int) -> dict[str, Floats]:
    """Without those of another length, made before the model was changed under its name."""
    return {text: vector for text, vector in found.items() if len(vector) == width}


def understand(app: App, readers: Iterable[Reader]) -> None:
    """Has what these readers say encoded, each text once, before it is asked for one by one."""
    meanings = app.meanings
    if meanings is None:
        return
    prose: set[str] = set()
    likes: set[str] = set()
    for reader in readers:
        prose |= {one.value for one in reader.interests if one.kind is InterestKind.TEXT}
        likes |= {_text(paper) for paper in reader.liked.values()}
        likes |= {_text(vote.paper) for vote in reader.votes}
    meanings.text_vectors(sorted(prose))
    meanings.liked_vectors(sorted(likes), most_new=MOST_NEW_LIKES)


def _text(paper: LikedPaper) -> str:
    return paper_text(paper.title, paper.abstract)
