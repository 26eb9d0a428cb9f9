"""Relational foundation models: a learner of rows (`rows/`), a transformer over cells (`cells/`), their evaluation."""
