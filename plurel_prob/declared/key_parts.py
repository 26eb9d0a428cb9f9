"""What keys and unique indexes are of: columns, or expressions."""

from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.drafts import CheckDraft, IndexDraft


def read_names(cursor: Cursor) -> tuple[str, ...]:
    """Read columns of a key.

    Raises:
        DatabaseError: one is an expression, or the first characters of a text.
    """
    names = []
    for item in cursor.items():
        names.append(item.name())
        if item.symbol("("):
            item.fail("a key on an expression or on the first characters of a column cannot be honoured; leave it out")
        _skip_order(item)
    if not names:
        cursor.fail("a key has no column; name one")
    return tuple(names)


def _skip_order(item: Cursor) -> None:
    """Go past what an index says of the order of a key."""
    while item:
        if item.accept("COLLATE"):
            item.qualified()
        elif item.accept("NULLS"):
            item.name()
        elif item.tokens[item.at].kind == "word":
            item.take()  # ASC, DESC, or the name of an operator class
            if item.symbol("("):
                item.group()
        else:
            item.unreadable()


def read_unique(cursor: Cursor) -> IndexDraft:
    """Read what is unique: columns, or expressions, and in MySQL the first characters of columns."""
    line, names, expressions = cursor.line, list[str](), list[CheckDraft]()
    for item in cursor.items():
        start = item.tokens[0].start if item else 0
        if item and not item.symbol("("):
            names.append(item.name())
        if item.symbol("("):
            inner = item.group()
            text = cursor.sql.text[start : item.tokens[item.at - 1].end]
            if item.at > len(inner.tokens) + 2:  # a name before it
                name = names.pop()
                if cursor.sql.dialect == "mysql" and len(inner.tokens) == 1 and inner.tokens[0].kind == "number":
                    text = f"LEFT(`{name}`, {inner.rest()})"
            expressions.append(CheckDraft(cursor.sql, text, start))
        _skip_order(item)
    if not names and not expressions:
        cursor.fail("a key has no column; name one")
    return IndexDraft(tuple(names), tuple(expressions), line=line)


def read_nulls(cursor: Cursor) -> bool:
    """Go past NULLS DISTINCT or NULLS NOT DISTINCT; whether missing values are the same."""
    are_alike = cursor.accept("NULLS", "NOT", "DISTINCT")
    cursor.accept("NULLS", "DISTINCT")
    return are_alike
