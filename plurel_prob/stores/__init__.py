"""Where tables go, and come from: SQL databases, folders of files, RelBench format, Hugging Face."""

from plurel_prob.stores.ddl import ddl_of
from plurel_prob.stores.infer import infer_declared
from plurel_prob.stores.opened import read_database
from plurel_prob.stores.relbench_form import relbench_tables, to_relbench
from plurel_prob.stores.store import Format, open_store, read_store, write_store

__all__ = [
    "Format",
    "ddl_of",
    "infer_declared",
    "open_store",
    "read_database",
    "read_store",
    "relbench_tables",
    "to_relbench",
    "write_store",
]
