"""Colours of pages and pictures, for light and for dark screens, as CSS variables.

Marks are Okabe and Ito's (2008), which readers with any common colour vision tell apart; amounts are nine steps of one hue, from
that of the page to its opposite. Texts have a contrast of at least 4.5 to what they stand on (WCAG 2, level AA).
"""

HEAT_STEPS = {
    "light": ["#f3f6f9", "#dbe9f4", "#b9d6ea", "#8fbfdf", "#60a4d0", "#3a86be", "#2068a6", "#114b85", "#0a2f5c"],
    "dark": ["#1b2430", "#18344f", "#17466f", "#1c5b8f", "#2f74ab", "#4d8fc1", "#78add4", "#abcce6", "#e2eef8"],
}
N_HEAT = len(HEAT_STEPS["light"])

COLORS = {
    "light": {
        "page": "#ffffff",
        "surface": "#f4f6f8",
        "ink": "#1b1f24",
        "muted": "#57606a",
        "line": "#6e7781",
        "faint": "#d0d7de",
        "link": "#00639c",
        "focus": "#b34700",
        "entity": "#0072b2",
        "on-entity": "#ffffff",
        "activity": "#e69f00",
        "on-activity": "#1b1f24",
        "mark": "#0072b2",
        "other": "#d55e00",
    },
    "dark": {
        "page": "#0f1419",
        "surface": "#1a2129",
        "ink": "#e6edf3",
        "muted": "#9aa7b4",
        "line": "#7d8894",
        "faint": "#36414d",
        "link": "#79c0ff",
        "focus": "#f0b429",
        "entity": "#56b4e9",
        "on-entity": "#0b1016",
        "activity": "#e69f00",
        "on-activity": "#0b1016",
        "mark": "#56b4e9",
        "other": "#e69f00",
    },
}


def luminance(color: str) -> float:
    """Relative luminance of a colour ``#rrggbb``, from 0 to 1 (WCAG 2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, from 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on(color: str) -> str:
    """Black or white, whichever is the more legible on a colour."""
    return max(("#000000", "#ffffff"), key=lambda text: contrast(text, color))


def variables(scheme: str) -> dict[str, str]:
    """All CSS variables of the ``light`` or the ``dark`` scheme: colours, steps of amounts, and texts on the steps."""
    steps = HEAT_STEPS[scheme]
    heat = {f"heat-{i}": step for i, step in enumerate(steps)}
    return COLORS[scheme] | heat | {f"on-{name}": on(step) for name, step in heat.items()}


def _rules(scheme: str) -> str:
    return "".join(f"--{name}:{value};" for name, value in variables(scheme).items())


def scheme_css() -> str:
    """Style sheet that sets the variables, dark ones where the reader's system is dark; prints are light."""
    light, dark = _rules("light"), _rules("dark")
    return f":root{{color-scheme:light dark;{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def picture_css() -> str:
    """Style sheet of what stands in pictures."""
    classes = ("page", "surface", "ink", "muted", "entity", "activity", "on-entity", "on-activity", "mark", "other")
    fills = "".join(f"svg .{name}{{fill:var(--{name})}}" for name in classes)
    heat = "".join(f"svg .h{i}{{fill:var(--heat-{i})}}svg .t{i}{{fill:var(--on-heat-{i})}}" for i in range(N_HEAT))
    strokes = (
        "svg .edge{fill:none;stroke:var(--line);stroke-width:1.4}"
        "svg .mark-edge{fill:none;stroke:var(--mark)}"
        "svg .other-edge{fill:none;stroke:var(--other)}"
        "svg .axis{fill:none;stroke:var(--line);stroke-width:1}"
        "svg .grid{fill:none;stroke:var(--faint);stroke-width:1}"
        "svg .box{fill:var(--surface);stroke:var(--line);stroke-width:1}"
        "svg .optional{stroke-dasharray:5 3}"
        "svg .end{fill:var(--page);stroke:var(--line);stroke-width:1.4}"
        "svg g.hover:hover .edge{stroke:var(--other);stroke-width:2.4}"
        "svg text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:12px}"
        "svg .small{font-size:10.5px}svg .strong{font-weight:650}svg .middle{text-anchor:middle}svg .right{text-anchor:end}"
        "svg a:hover text{text-decoration:underline}"
        "svg a:focus-visible{outline:3px solid var(--focus);outline-offset:1px}"
    )
    return fills + heat + strokes
