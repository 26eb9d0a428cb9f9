"""Files and folders that others keep things in, too: what is read stays within a folder, what is written appears complete, and
nothing is removed but what carries a mark of ours or stands in a list of what we wrote.
"""

from plurel_prob.files.inside import check_apart, check_no_link, files_below, within
from plurel_prob.files.marks import leftovers, marked_folder, temporary_folder, tidy
from plurel_prob.files.names import check_names
from plurel_prob.files.places import add_to_record, check_folder, new_file, new_folder, placing, put, whole_file
from plurel_prob.files.records import PROVENANCE, RECORD

__all__ = [
    "PROVENANCE",
    "RECORD",
    "add_to_record",
    "check_apart",
    "check_folder",
    "check_names",
    "check_no_link",
    "files_below",
    "leftovers",
    "marked_folder",
    "new_file",
    "new_folder",
    "placing",
    "put",
    "temporary_folder",
    "tidy",
    "whole_file",
    "within",
]
