"""What the ranking is compared with: BM25, and the classifier of arxiv-sanity-lite.

BM25 is the plain one: S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and
Beyond", 2009, over Porter stems of title and abstract alike. Liked papers are the query, the terms
of each saturated as those of a long query are there, without which it comes out weaker. The
classifier is a linear SVM on TF-IDF of words and pairs of words, fitted for each person with
their liked papers against all others, with the parameters of arxiv-sanity-lite (compute.py and
serve.py of https://github.com/karpathy/arxiv-sanity-lite).
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp
import Stemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.svm import LinearSVC

from digest.evaluation.files import JudgedPaper, Query

Scored = Callable[[Query], np.ndarray]
"""The score of every paper for a query, in the order of the papers."""

BM25 = {"k1": 1.5, "b": 0.75}
TFIDF = {
    "strip_accents": "unicode",
    "stop_words": "english",
    "token_pattern": r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
    "ngram_range": (1, 2),
    "max_features": 20_000,
    "sublinear_tf": True,
    "max_df": 0.1,
    "min_df": 5,
}
SVM = {"class_weight": "balanced", "C": 0.01, "tol": 1e-6, "max_iter": 10_000}

_WORD = re.compile(r"[a-z0-9]{2,}")
_stem = functools.lru_cache(maxsize=None)(Stemmer.Stemmer("porter").stemWord)


def bm25(papers: Sequence[JudgedPaper]) -> Scored:
    place = {paper.id: n for n, paper in enumerate(papers)}
    bags = [Counter(_stems(_text(paper))) for paper in papers]
    vocabulary = {term: n for n, term in enumerate(dict.fromkeys(t for bag in bags for t in bag))}
    weights = _bm25_weights(bags, vocabulary)

    def scored(query: Query) -> np.ndarray:
        words = Counter(_stems(f"{query.text} {query.facet_text}"))
        asked = np.zeros(len(vocabulary))
        for term in words.keys() & vocabulary.keys():
            asked[vocabulary[term]] = words[term]
        for name in query.likes:
            for term, count in bags[place[name]].items() if name in place else ():
                asked[vocabulary[term]] += count / (count + BM25["k1"])
        return weights @ asked

    return scored


def _bm25_weights(bags: Sequence[Counter[str]], vocabulary: dict[str, int]) -> sp.csr_matrix:
    counts = np.array([count for bag in bags for count in bag.values()], float)
    columns = np.array([vocabulary[term] for bag in bags for term in bag], np.int64)
    starts = np.cumsum([0, *map(len, bags)])
    lengths = np.array([bag.total() for bag in bags], float)
    relative = 1 - BM25["b"] + BM25["b"] * lengths / (lengths.mean() or 1.0)
    holding = np.bincount(columns, minlength=len(vocabulary))
    rarity = np.log1p((len(bags) - holding + 0.5) / (holding + 0.5))
    norm = BM25["k1"] * np.repeat(relative, np.diff(starts))
    data = rarity[columns] * counts * (BM25["k1"] + 1) / (counts + norm)
    return sp.csr_matrix((data, columns, starts), shape=(len(bags), len(vocabulary)))


def svm(papers: Sequence[JudgedPaper]) -> Scored:
    features = TfidfVectorizer(**TFIDF).fit_transform([_text(paper) for paper in papers])
    features = features.astype(np.float32)
    place = {paper.id: n for n, paper in enumerate(papers)}

    def scored(query: Query) -> np.ndarray:
        liked = np.zeros(len(papers))
        liked[[place[name] for name in query.likes if name in place]] = 1
        classifier = LinearSVC(**SVM).fit(features, liked)
        return classifier.decision_function(features)

    return scored


def _text(paper: JudgedPaper) -> str:
    return f"{paper.title} {paper.text}"


def _stems(text: str) -> list[str]:
    return [_stem(w) for w in _WORD.findall(text.lower()) if w not in ENGLISH_STOP_WORDS]
