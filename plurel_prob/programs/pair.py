"""Both programs of a prior at a time."""

import os
from concurrent.futures import ThreadPoolExecutor

from jax.sharding import Mesh

from plurel_prob.models.database import Bucket
from plurel_prob.priors import Prior
from plurel_prob.programs.compilation import kept
from plurel_prob.programs.layout import structure_form
from plurel_prob.programs.sizes import MIN_BUCKET
from plurel_prob.programs.stored import file_of
from plurel_prob.programs.structure import processor, structure_name, structure_program
from plurel_prob.programs.values import values_program


@kept(32)
def compile_pair(prior: Prior, mesh: Mesh, bucket: Bucket = MIN_BUCKET) -> None:
    """Compile the programs of structures and of values side by side, where there is no file to load them from.

    Most of a default prior's databases fit the smallest bucket. What a program of values needs is not known before a structure is
    drawn, which would mean to compile one after the other.
    """
    path = file_of(structure_name(prior), [processor()])
    if (path and path.exists()) or _n_core() == 1:
        return
    form = structure_form(prior)
    with ThreadPoolExecutor(1, thread_name_prefix="plurel-prob-compile") as thread:
        structures = thread.submit(structure_program, prior)
        values_program(prior, bucket, mesh, form)
        structures.result()


def _n_core() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
