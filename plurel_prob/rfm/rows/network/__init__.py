"""The network of rows: cells, experts in closed form, attention to a context, and the weights' file."""

from plurel_prob.rfm.rows.network.batch import BINARY, CLASSES, LEVELS, N_CLASS, NUMBER, RowBatch
from plurel_prob.rfm.rows.network.chain import chain_labels, chain_probabilities, class_chain
from plurel_prob.rfm.rows.network.compiled import compiled
from plurel_prob.rfm.rows.network.network import EncodedContext, PreparedBatch, RowNetwork, n_parameter, prepare
from plurel_prob.rfm.rows.network.outputs import Outputs, mean_of, row_loss
from plurel_prob.rfm.rows.network.sizes import SIZES, RowNetworkSize
from plurel_prob.rfm.rows.network.weights import load_network, save_network

__all__ = [
    "BINARY",
    "CLASSES",
    "LEVELS",
    "NUMBER",
    "N_CLASS",
    "Outputs",
    "PreparedBatch",
    "RowBatch",
    "RowNetwork",
    "SIZES",
    "RowNetworkSize",
    "EncodedContext",
    "chain_labels",
    "chain_probabilities",
    "class_chain",
    "compiled",
    "load_network",
    "mean_of",
    "n_parameter",
    "prepare",
    "row_loss",
    "save_network",
]
