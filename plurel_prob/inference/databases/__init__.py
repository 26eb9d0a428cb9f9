"""Inference of what the mechanisms of whole databases are, through the joint program."""

from plurel_prob.inference.databases.infer import infer_database
from plurel_prob.inference.databases.model import GivenDatabase, given_database

__all__ = ["GivenDatabase", "given_database", "infer_database"]
