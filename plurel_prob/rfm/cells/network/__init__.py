"""The Relational Transformer, a network over contexts of cells."""

from plurel_prob.rfm.cells.network.loss import cell_loss
from plurel_prob.rfm.cells.network.sizes import SIZES, TransformerSize
from plurel_prob.rfm.cells.network.texts import HASHED, TextEncoder, text_encoder
from plurel_prob.rfm.cells.network.tiles import TILE, Tiles, tiles_of
from plurel_prob.rfm.cells.network.transformer import ContextCells, RelationalTransformer, n_parameter

__all__ = [
    "HASHED",
    "SIZES",
    "ContextCells",
    "RelationalTransformer",
    "TILE",
    "TransformerSize",
    "Tiles",
    "TextEncoder",
    "cell_loss",
    "n_parameter",
    "text_encoder",
    "tiles_of",
]
