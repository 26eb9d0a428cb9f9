import pandas as pd
import pytest

import plurel_prob


def test_levels_are_checked():
    with pytest.raises(ValueError, match="stage, table, site"):
        plurel_prob.Score(pd.DataFrame({"log_density": [0.0]})).by("column")
