"""What `pretrain` does for each network; it imports JAX."""
