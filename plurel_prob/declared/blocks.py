"""Statements in blocks of PL/pgSQL, such as tools for migrations write: DO $$ BEGIN ... EXCEPTION ... END $$."""

from collections.abc import Iterator
from dataclasses import replace

from plurel_prob.declared.cursor import Cursor
from plurel_prob.declared.statements import split_statements
from plurel_prob.declared.text import Sql, Token

LOOPS = ("LOOP", "WHILE", "FOR", "FOREACH", "CASE")


def body_of(sql: Sql, token: Token) -> Sql:
    """Text between quotes, or tags in dollars, as SQL of its own, with the lines that it has in its file."""
    text, start = token.text, token.start + 1
    if text.startswith("$") and sql.text.startswith(text, token.start):
        n_tag = text.index("$", 1) + 1
        text, start = text[n_tag:-n_tag], token.start + n_tag
    return replace(sql, text=text, first_line=sql.own_line(start))


def block_statements(body: Sql) -> Iterator[tuple[Cursor, bool]]:
    """Statements of a block, and whether each is run where the database is empty before.

    Conditions NOT EXISTS (...) and ... IS NULL hold then. What depends on others, is in a loop, or handles an exception, may not
    be run.
    """
    runs, is_declaring = [True], False  # of each BEGIN, IF and loop that is open
    for tokens in split_statements(body):
        cursor = Cursor(body, tokens, "")
        while cursor:
            if cursor.accept("DECLARE"):
                is_declaring = True
            elif cursor.accept("BEGIN"):
                is_declaring = False
                runs.append(True)
            elif cursor.accept("END"):
                runs = runs[:-1] or [True]
                break
            elif cursor.accept("EXCEPTION"):
                runs[-1] = False
                break
            elif cursor.accept("IF"):
                runs.append(_holds(cursor))
            elif cursor.accept("ELSIF") or cursor.accept("ELSEIF"):
                runs[-1] = not runs[-1] and _holds(cursor)
            elif cursor.accept("ELSE"):
                runs[-1] = False
            elif cursor.one_of(*LOOPS):
                runs.append(False)
                _go_past(cursor, "LOOP", "THEN")
            elif cursor.accept_symbol("<"):  # <<label>>
                _go_past_symbols(cursor)
            else:
                if not is_declaring:
                    yield replace(cursor, tokens=cursor.tokens[cursor.at :], at=0), all(runs)
                break


def _holds(cursor: Cursor) -> bool:
    """Go past a condition; whether it holds where there is nothing."""
    start = cursor.at
    is_new = cursor.next_is("NOT", "EXISTS")
    _go_past(cursor, "THEN")
    words = [token.text.upper() for token in cursor.tokens[max(start, cursor.at - 3) : cursor.at - 1]]
    return is_new or words == ["IS", "NULL"]


def _go_past(cursor: Cursor, *words: str) -> None:
    while cursor and not cursor.one_of(*words):
        if cursor.symbol("("):
            cursor.group()
        else:
            cursor.take()
    if cursor:
        cursor.take()


def _go_past_symbols(cursor: Cursor) -> None:
    while cursor and not cursor.symbol(">"):
        cursor.take()
    while cursor.accept_symbol(">"):
        pass
