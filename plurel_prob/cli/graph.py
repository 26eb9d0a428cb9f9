"""``plurel-prob graph``."""

from pathlib import Path
from typing import Any

from plurel_prob.cli.output import PlainConsole, check_out, write_whole
from plurel_prob.databases import load
from plurel_prob.errors import DatabaseError


def graph(path: Path, /, *, out: Path, hidden: bool = False) -> None:
    """Write the true causal graph over the columns of all tables of a drawn database.

    Args:
        path: folder of a database, such as out/plurel-0.
        out: file to write, ending in .dot (Graphviz) or .graphml; it is replaced if it exists.
        hidden: whether hidden nodes are in the graph, too.
    """
    writers = {".dot": write_dot, ".graphml": write_graphml}
    if out.suffix not in writers:
        raise DatabaseError(f"--out {out}: must end in {' or '.join(writers)}")
    check_out(out)
    causal = load(path).causal_graph(hidden=hidden)
    write_whole(out, lambda partial: writers[out.suffix](causal, partial))
    kind = "nodes" if hidden else "columns"
    PlainConsole(soft_wrap=True).print(f"{causal.number_of_nodes()} {kind}, {causal.number_of_edges()} edges: {out}")


def write_graphml(causal: Any, path: Path) -> None:
    """Write a graph as GraphML, which networkx and Gephi read."""
    import networkx as nx

    nx.write_graphml(causal, path)


def write_dot(causal: Any, path: Path) -> None:
    """Write a graph in Graphviz's language, a cluster for each table."""
    nodes_of: dict[str, list[str]] = {}
    for node, table in causal.nodes(data="table"):
        nodes_of.setdefault(table, []).append(f'"{node}";')
    lines = ["digraph causal {"]
    for table, nodes in nodes_of.items():
        lines.append(f'  subgraph "cluster_{table}" {{ label="{table}"; {" ".join(nodes)} }}')
    for cause, effect, data in causal.edges(data=True):
        label = f' [label="{data["key"]}"]' if "key" in data else ""
        lines.append(f'  "{cause}" -> "{effect}"{label};')
    path.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")
