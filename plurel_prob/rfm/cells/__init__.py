"""A relational transformer, which reads contexts of cells."""
