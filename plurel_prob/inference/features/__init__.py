"""What one table's columns say about their causal graph and mechanisms, under mechanisms close to the compact prior's."""

from plurel_prob.inference.features.columns import columns_of, foreign_columns_of
from plurel_prob.inference.features.graphs import infer_graph
from plurel_prob.inference.features.log_prob import columns_log_prob
from plurel_prob.inference.features.mechanisms import NoParameters, infer_mechanisms

__all__ = ["NoParameters", "columns_log_prob", "columns_of", "foreign_columns_of", "infer_graph", "infer_mechanisms"]
