import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.reports.key_charts import children_drawing, children_in_words, heatmap_drawing
from plurel_prob.reports.links import blocks_of, by_degree, children_of, levels_of

from .small import drawn_subject, hostile


@pytest.mark.parametrize(("n_row", "n_cluster"), [(25, [2, 3]), (7, [3, 3]), (130, [3, 1, 5]), (4, [1]), (0, [2])])
def test_blocks_are_runs_in_mixed_radix(n_row, n_cluster):
    found = blocks_of(n_row, np.array(n_cluster))
    n_base = int(np.prod(n_cluster))
    for row in range(n_row):
        rest = row // -(-n_row // n_base)
        for level in reversed(range(len(n_cluster))):
            rest, cluster = divmod(rest, n_cluster[level])
            assert found[level, row] == cluster


def test_children_are_counted_by_block_as_in_plain_loops():
    subject = drawn_subject()
    key = subject.database.tables["table_1"]["foreign_row_0"].to_numpy()
    levels = levels_of(subject, "table_1", "foreign_row_0")
    z, w = blocks_of(25, np.array([2, 3])), blocks_of(130, np.array([3, 1]))
    for level, (found, shape) in enumerate(zip(levels, [(2, 3), (3, 1)], strict=True)):
        expected = np.zeros(shape, int)
        for child, parent in enumerate(key):
            expected[z[level, parent], w[level, child]] += 1
        np.testing.assert_array_equal(found.n_child, expected)
        affinity = subject.latents["prior/table_1"].affinity.to_numpy()[0, 0, 0, level]
        np.testing.assert_array_equal(found.affinity, affinity[: shape[0], : shape[1]])


def test_children_a_parent_leave_out_missing_keys():
    database = hostile()
    child, key, parent = database.schema.foreign_keys[0]
    column = database.tables[child][key]
    expected = [int((column == i).sum()) for i in range(12)]
    assert children_of(database, child, key).tolist() == expected
    count = by_degree(database, child, key)
    assert count.sum() == column.notna().sum()
    assert count.sum(1).tolist() == sorted(expected, reverse=True)


def test_the_text_says_what_the_picture_shows():
    subject = drawn_subject()
    words = heatmap_drawing(subject, "table_1", "foreign_row_0").description
    level = levels_of(subject, "table_1", "foreign_row_0")[0]
    assert f"z1 w2 {level.n_child[1, 2]}" in words
    assert children_drawing(subject, "table_1", "foreign_row_0").description.endswith("of parents have none.")
    assert children_in_words(np.array([0, 0, 3, 1])) == "1 children on average, median 0.5, at most 3; 50% of parents have none."


def test_unknown_keys_are_named():
    with pytest.raises(DatabaseError, match="no foreign key table_1.nope"):
        heatmap_drawing(drawn_subject(), "table_1", "nope")
