"""Databases in the forms that other libraries take; each module needs the extra of its name."""
