"""Keys whose columns are declared alike, as stores want those that refer to each other."""

from dataclasses import replace

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable

Place = tuple[str, str]  # a table and its column


def with_keys_alike(declared: DeclaredSchema, *, same_types: bool) -> DeclaredSchema:
    """Declare columns of foreign keys as those that they refer to.

    Args:
        declared: the schema.
        same_types: whether numbers must be of one type: that of the column at the end of the references, which holds all values.

    Returns:
        The schema, in which categories that refer, or are referred to, are texts of some labels: enumerations are never alike.
    """
    parents: dict[Place, Place] = {}
    for table in declared.tables:
        for key in table.foreign_keys:
            for column, of_parent in zip(key.columns, key.parent_columns, strict=True):
                parents.setdefault((table.name, column), (key.parent, of_parent))
    in_keys = {*parents, *parents.values()}

    def alike(table: DeclaredTable, column: Column) -> Column:
        place = (table.name, column.name)
        if place not in in_keys:
            return column
        if column.kind == "category" and all(isinstance(label, str) for label in column.labels):
            return replace(column, kind="text")
        last = _last(parents, place)
        model = declared.table(last[0]).column(last[1])
        if same_types and column.kind == "integer" and model.kind == "category":
            return replace(column, bits=64, is_unsigned=False)  # as labels that are numbers
        if not same_types or model.kind != column.kind:
            return column
        return replace(column, bits=model.bits, is_unsigned=model.is_unsigned, precision=model.precision, scale=model.scale)

    tables = [replace(table, columns=tuple(alike(table, column) for column in table.columns)) for table in declared.tables]
    return replace(declared, tables=tuple(tables))


def _last(parents: dict[Place, Place], place: Place) -> Place:
    """Column at the end of references from one to the next; in a circle the first one by name."""
    seen = [place]
    while seen[-1] in parents and parents[seen[-1]] not in seen:
        seen.append(parents[seen[-1]])
    if seen[-1] not in parents:
        return seen[-1]
    return min(seen[seen.index(parents[seen[-1]]) :])
