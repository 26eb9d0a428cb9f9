"""Many databases in one place: what is complete, what is left to draw, whether all is as it was written."""

from pathlib import Path

from plurel_prob.corpora.buckets import CorpusBucket
from plurel_prob.corpora.corpus import Corpus
from plurel_prob.corpora.folders import CorpusFolder
from plurel_prob.corpora.verify import Redrawn, is_sealed, problems_of, redraw


def open_corpus(where: str) -> Corpus:
    """Return the corpus at a URL (``s3://bucket/prefix``), or in a folder."""
    return CorpusBucket(where) if "://" in where else CorpusFolder(Path(where))


__all__ = [
    "CorpusBucket",
    "Corpus",
    "CorpusFolder",
    "Redrawn",
    "is_sealed",
    "open_corpus",
    "problems_of",
    "redraw",
]
