"""The density of compact mechanisms page after page, as their values are drawn: slow, and not differentiable."""

import jax.numpy as jnp
from jax import lax
from jax.scipy.stats import norm

from plurel_prob.distributions.mechanisms.compact_sampling import CompactSampler


def cell_log_prob(law, value, dim):
    """Log density of values of one dimension under their conditional law."""
    index = value.astype(jnp.int32)
    of_category = jnp.take_along_axis(law.log_probs, index[None], axis=0)[0]
    first = jnp.log(law.share[dim]) + norm.logpdf(value, law.loc[dim] + law.offset[dim], law.scale[dim])
    second = jnp.log1p(-law.share[dim]) + norm.logpdf(value, law.loc[dim] - law.offset[dim], law.scale[dim])
    return jnp.where(law.is_categorical, of_category, jnp.logaddexp(first, second))


def table_log_prob(law, value):
    """Log density of the values of each table; no intervention."""
    tables = law.tables
    sampler = CompactSampler(tables, law.laws, law.max_page, law.max_category, None)

    def visit_block(table, position, total):
        foreign = sampler._foreign(table, position, value)

        def visit_node(node, total):
            conditional = sampler._conditional(table, position, node, value, foreign)

            def visit_dim(dim, total):
                cells = cell_log_prob(conditional, value[tables.page(table, position, node) + dim], dim)
                return total.at[table].add(jnp.where(tables.exists(table, position), cells, 0.0).sum())

            return lax.fori_loop(0, tables.n_dim[table, node], visit_dim, total)

        return lax.fori_loop(0, tables.n_node[table], visit_node, total)

    def visit_table(i, total):
        table = tables.order[i]
        return lax.fori_loop(0, tables.held.n[table], lambda position, total: visit_block(table, position, total), total)

    return lax.fori_loop(0, tables.n_table, visit_table, jnp.zeros(len(tables.order)))
