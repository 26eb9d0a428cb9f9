"""Compiled programs: by size bucket and mesh of devices, how they are compiled, and the files that keep them."""
