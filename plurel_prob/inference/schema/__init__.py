"""Which graph families, parameters and orders explain the references between the tables of a database."""

from plurel_prob.inference.schema.infer import graph_log_prob, infer_schema
from plurel_prob.inference.schema.table_graphs import table_graph

__all__ = ["graph_log_prob", "infer_schema", "table_graph"]
