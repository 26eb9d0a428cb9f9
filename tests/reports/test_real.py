"""Pages of real databases, whose folder the environment names."""

import os
from pathlib import Path

import pytest

from plurel_prob.reports import database_page, names_in, read_entry, read_subject

from .pages import check_page

DATA = os.environ.get("PLUREL_PROB_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="PLUREL_PROB_DATA names no folder of real databases")


@pytest.mark.parametrize("name", names_in(Path(DATA)) if DATA else [])
def test_a_page_of_a_real_database_is_small_and_keeps_to_the_rules(name):
    subject = read_subject(Path(str(DATA)) / name)
    text = database_page(subject)
    page = check_page(text)
    assert len(text) < 2_000_000
    shown = "".join(page.texts)
    assert all(table in shown for table in subject.schemas)
    entry = read_entry(Path(str(DATA)) / name)
    tables = subject.schemas.values()
    assert entry.n_row == sum(table.n_row for table in tables)
    assert entry.kinds.total() == sum(len(table.columns) for table in tables)
    missing = sum(
        int(subject.database.tables[table][list(schema.columns)].isna().sum().sum()) for table, schema in subject.schemas.items()
    )
    assert entry.missing == pytest.approx(missing / sum(table.n_row * len(table.columns) for table in tables))
