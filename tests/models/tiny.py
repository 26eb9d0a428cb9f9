"""Few, narrow tables: the program can be run eagerly, and followed in plain loops."""

from functools import partial
from pathlib import Path

import jax
from numpyro import handlers

from plurel_prob import Bucket, Prior, get_prior
from plurel_prob.models.database import stage
from plurel_prob.models.features import causal_tables
from plurel_prob.sampling import Draw

BUCKET = Bucket(n_block=8, n_page=1024)
SEED = 4
FOLDER = Path(__file__).parent.parent / "priors"
PLUREL, COMPACT, REALISTIC = (FOLDER / f"tiny-{name}.toml" for name in ("plurel", "compact", "realistic"))


def tiny(name: str) -> Prior:
    return get_prior({"plurel": PLUREL, "compact": COMPACT, "realistic": REALISTIC}[name])


@partial(jax.jit, static_argnums=(1, 2))
def tables_of(drawn: Draw, laws_of=None, sees_hidden=False):
    """The structure that a draw's values depend on, and, by ``laws_of``, what its mechanisms choose."""
    with handlers.seed(rng_seed=0), handlers.substitute(data=drawn.sites), stage("features"):
        tables = causal_tables(drawn.stages.schema, drawn.stages.links, drawn.stages.graphs, drawn.stages.held, sees_hidden)
        return tables, laws_of(tables) if laws_of else None


def descendants(tables, table: int, node: int) -> set[tuple[int, int]]:
    """Nodes that follow from a node: within its table, and, through columns, all inner nodes of tables that refer to it."""
    found, todo = set(), [(table, node)]
    while todo:
        table, node = todo.pop()
        following = [(table, int(v)) for v in range(int(tables.n_node[table])) if tables.edge[table, node, v]]
        if node in tables.column_node[table, : int(tables.n_column[table])]:
            for child in tables.order[tables.order >= 0]:
                if table in tables.parent_table[child, : int(tables.n_parent[child])]:
                    inner = tables.edge[child].any(0)
                    following += [(int(child), v) for v in range(int(tables.n_node[child])) if inner[v]]
        todo += [place for place in following if place not in found]
        found |= set(following)
    return found
