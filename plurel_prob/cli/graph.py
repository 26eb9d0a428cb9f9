"""``plurel-prob graph``."""

from pathlib import Path
from typing import Annotated, Any

from plurel_prob.cli.opened import check_tables
from plurel_prob.cli.output import SWITCH, PlainConsole, Several, check_out, write_whole
from plurel_prob.errors import DatabaseError


def graph(
    path: Path,
    /,
    *,
    out: Path,
    hidden: Annotated[bool, SWITCH] = False,
    table: Annotated[list[str] | None, Several] = None,
) -> None:
    """Write the true causal graph over the columns of all tables of a drawn database.

    For example:

        plurel-prob graph out/plurel-10 --out out/causal.graphml
        plurel-prob graph out/plurel-10 --table table_1 --hidden --out out/table_1.dot

    Args:
        path: folder of a drawn database with its latents, such as out/plurel-10.
        out: file to write, ending in .dot (Graphviz) or .graphml; it is replaced if it exists.
        hidden: also write hidden nodes, which no column shows.
        table: only the nodes of these tables, and edges between them.
    """
    writers = {".dot": write_dot, ".graphml": write_graphml}
    if out.suffix not in writers:
        raise DatabaseError(f"--out {out}: must end in {' or '.join(writers)}")
    from plurel_prob.databases import load

    check_out(out)
    if path.resolve() in out.resolve().parents:
        raise DatabaseError(f"--out {out}: lies in the database, whose files have checksums; choose another place")
    database = load(path)
    check_tables(database, table or [])
    causal = database.causal_graph(hidden=hidden)
    if table:
        causal = causal.subgraph([node for node, of in causal.nodes(data="table") if of in table])
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
