"""Something to look at: pages and pictures of databases, drawn and real, that need no network."""

from plurel_prob.reports.corpus import Entry, names_in, read_entry
from plurel_prob.reports.corpus_page import corpus_page
from plurel_prob.reports.page import database_page
from plurel_prob.reports.pictures import causal_graph_svg, er_diagram, key_heatmap, pictures
from plurel_prob.reports.subject import Subject, read_subject, subject_of

__all__ = [
    "Entry",
    "Subject",
    "causal_graph_svg",
    "corpus_page",
    "database_page",
    "er_diagram",
    "key_heatmap",
    "names_in",
    "pictures",
    "read_entry",
    "read_subject",
    "subject_of",
]
