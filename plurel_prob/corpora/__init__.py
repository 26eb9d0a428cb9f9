"""Folders of many databases: what is complete, what is left to draw, whether all is as it was written."""

from plurel_prob.corpora.folders import left_to_draw, leftovers_in, writing
from plurel_prob.corpora.verify import databases_in, problems_of, redraw_problems

__all__ = ["databases_in", "left_to_draw", "leftovers_in", "problems_of", "redraw_problems", "writing"]
