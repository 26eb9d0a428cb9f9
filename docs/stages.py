"""Draw the picture of the three stages from one database: ``python docs/stages.py docs/stages.svg``."""

import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "stages"
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

import plurel_prob  # noqa: E402

BLUE, ORANGE = "#0072b2", "#e69f00"


def circle(names: list[str]) -> dict[str, tuple[float, float]]:
    """Places on a circle."""
    angle = 2 * np.pi * np.arange(len(names)) / len(names) + np.pi / 2
    return dict(zip(names, zip(np.cos(angle), np.sin(angle), strict=True), strict=True))


def arrow(axes: plt.Axes, start: tuple[float, float], end: tuple[float, float], **style: object) -> None:
    """An arrow between the edges of two nodes."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "shrinkA": 9, "shrinkB": 9, **style})


def draw_schema(axes: plt.Axes, database: plurel_prob.Database) -> None:
    """Stage 1: tables and foreign keys."""
    place = circle(list(database.schema.tables))
    for parent, child, _ in database.schema.graph:
        arrow(axes, place[parent], place[child], color="0.4")
    for name, table in database.schema.tables.items():
        axes.scatter(*place[name], s=260, color=ORANGE if table.time_col else BLUE, zorder=3)
        axes.text(
            place[name][0] * 1.45,
            place[name][1] * 1.45,
            f"{name}\n{table.n_row:,} rows",
            ha="center",
            va="center",
            fontsize=7,
        )
    axes.set(
        title="1  schema: a random graph over tables\n(blue: entity, orange: activity)",
        xlim=(-2, 2),
        ylim=(-1.7, 1.7),
    )
    axes.axis("off")


def draw_link(axes: plt.Axes, database: plurel_prob.Database) -> None:
    """Stage 2: one foreign key as a matrix of counts."""
    parent, child, key = max(database.schema.graph, key=lambda edge: database.schema.tables[edge[1]].n_row)
    frame = database.tables[child]
    n_parent = database.schema.tables[parent].n_row
    counts, _, _ = np.histogram2d(
        frame[key].to_numpy(int), np.arange(len(frame)), bins=60, range=[(0, n_parent), (0, len(frame))]
    )
    axes.imshow(np.sqrt(counts), aspect="auto", cmap="cividis", origin="lower", extent=(0, len(frame), 0, n_parent))
    axes.set(
        title=f"2  links: a block model for every foreign key\n({child}.{key} to {parent})",
        xlabel="child row",
        ylabel="parent row",
    )


def draw_features(axes: plt.Axes, database: plurel_prob.Database) -> None:
    """Stage 3: the causal graph of the table with the fewest edges; columns are filled."""
    name = min(database.schema.tables, key=lambda table: int(database.latents[f"prior/{table}"].edge.sum()))
    table = database.latents[f"prior/{name}"].isel(chain=0, draw=0)
    columns = set(table.column_node.to_numpy().tolist())
    graph = table.edge.to_numpy() == 1
    place = circle([str(node) for node in table.node.to_numpy()])
    for cause, effect in np.argwhere(graph):
        arrow(axes, place[str(cause)], place[str(effect)], color="0.6", lw=0.6)
    for node, at in place.items():
        axes.scatter(*at, s=60, color=BLUE if int(node) in columns else "white", edgecolor="0.3", zorder=3)
    axes.set(
        title=f"3  features: a causal model for every table\n({name}; blue: columns, white: hidden)",
        xlim=(-1.4, 1.4),
        ylim=(-1.4, 1.4),
    )
    axes.axis("off")


def main(path: str) -> None:
    """Draw the picture."""
    database = plurel_prob.sample(seed=1)
    figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
    draw_schema(axes[0], database)
    draw_link(axes[1], database)
    draw_features(axes[2], database)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(sys.argv[1])
