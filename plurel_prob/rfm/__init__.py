"""The relational foundation model: contexts, network, training."""
