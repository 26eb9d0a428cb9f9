"""The values that declared columns can have, numbered, and how drawn numbers fall on them."""
