"""Databases of declared schemas: links and features are drawn, constraints hold."""

from plurel_prob.drawing.draw import DeclaredDatabase, Values, check_rows_asked, sample_declared
from plurel_prob.drawing.fits import check_fits
from plurel_prob.drawing.lent import lent_rows
from plurel_prob.drawing.save import name_of, save
from plurel_prob.drawing.unsupported import drawable, ignored_lines, write_ignored

__all__ = [
    "DeclaredDatabase",
    "Values",
    "check_fits",
    "check_rows_asked",
    "drawable",
    "ignored_lines",
    "lent_rows",
    "name_of",
    "sample_declared",
    "save",
    "write_ignored",
]
