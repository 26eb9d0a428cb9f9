import pytest

from plurel_prob.reports.charts import compact, percent, round_numbers
from plurel_prob.reports.palette import COLORS, HEAT_STEPS, contrast, on, variables
from plurel_prob.reports.svg import clean, element, fit, text_width

TEXTS = [("ink", "page"), ("ink", "surface"), ("muted", "page"), ("muted", "surface"), ("link", "page"), ("link", "surface")]
TEXTS += [("on-entity", "entity"), ("on-activity", "activity")]
SHAPES = [("line", "page"), ("line", "surface"), ("mark", "page"), ("other", "page"), ("focus", "page"), ("entity", "page")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_shapes_can_be_seen(scheme):
    colors = variables(scheme)
    for text, ground in TEXTS:
        assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for shape, ground in SHAPES:
        assert contrast(colors[shape], colors[ground]) >= 3, (shape, ground)
    for step in HEAT_STEPS[scheme]:
        assert contrast(on(step), step) >= 4.5
    contrasts = [contrast(step, colors["page"]) for step in HEAT_STEPS[scheme]]
    assert contrasts == sorted(contrasts) and contrasts[0] < 1.3 and contrasts[-1] > 10


def test_both_schemes_name_the_same_colours():
    assert COLORS["light"].keys() == COLORS["dark"].keys()


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


def test_names_and_values_are_escaped():
    made = element("text", "<b>&\x00", title_='"><script>', x=1.26, class_="a", none=None)
    assert made == '<text title="&#34;&gt;&lt;script&gt;" x="1.3" class="a">&lt;b&gt;&amp;\ufffd</text>'
    assert element("path", d="M0 0") == '<path d="M0 0"/>'
    assert clean("a\ud800b\x0bc\n") == "a\ufffdb\ufffdc\n"


@pytest.mark.parametrize("name", ["short", "a name that is much too long for its box", "表" * 40, "WWWWWWWWWWWWWW", ""])
def test_texts_are_cut_to_their_room(name):
    cut = fit(name, 80)
    assert text_width(cut) <= 80
    assert cut == name or (cut.endswith("…") and name.startswith(cut[:-1]))


def test_numbers_on_axes():
    assert round_numbers(1.0) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    for high in (0.0037, 0.389, 2.0, 7.0, 49.0, 12345.0):
        marks = round_numbers(high)
        assert 3 <= len(marks) <= 6 and marks[0] == 0 and high / 2 < marks[-1] <= high * (1 + 1e-9)
    assert [compact(value) for value in (0.0, 12.0, 1234.0, 56789.0, 3.4e6)] == ["0", "12", "1234", "56.8k", "3.4M"]
    assert [percent(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)] == ["0", "<1%", "50%", ">99%", "100%"]
