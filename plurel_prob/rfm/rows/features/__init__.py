"""Features of rows as of their times: what a learner of rows, and boosted trees, see of a database."""

from plurel_prob.rfm.rows.features.features import Features, row_features
from plurel_prob.rfm.rows.features.labels import Labels, concatenate
from plurel_prob.rfm.rows.features.question import DAY, Kind, Question
from plurel_prob.rfm.rows.features.tables import Tables, read_tables

__all__ = ["DAY", "Features", "Kind", "Labels", "Question", "Tables", "concatenate", "read_tables", "row_features"]
