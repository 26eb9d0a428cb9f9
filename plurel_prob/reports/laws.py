"""What drawn tables, keys and times follow, in words, from the latents of priors that have kinds, popularity and processes."""

from typing import Any

from plurel_prob.reports.subject import Subject

GRAINS = {3600: "hours", 86_400: "days", 604_800: "weeks", 2_592_000: "months of 30 days", 31_536_000: "years of 365 days"}
LEAST_BURST, LEAST_SEASON = 1.5, 0.3  # deviations of log intensity that are worth a word


def kind_of_table(subject: Subject, name: str) -> str:
    """Kind of a table: as it was drawn, or whether it has times."""
    latents = None if subject.latents is None else subject.latents["prior"]
    if latents is not None and "kind" in latents and subject.latents_of(name) is not None and "is_special" in latents:
        return str(latents["kind"].isel(chain=0, draw=0).sel(table=name).item())
    return "activity" if subject.schemas[name].time_col else "entity"


def words_on_key(subject: Subject, child: str, key: str) -> str:
    """How popular parents are, and in which order rows refer to them; empty for keys of a block model alone."""
    latents = subject.latents_of(child)
    if latents is None or "popularity" not in latents:
        return ""
    if kind_of_table(subject, child) == "extension":
        return "Each row extends one of its parent, in their order."
    of = {name: _number(latents[name].sel(foreign_key=key)) for name in ("popularity", "inactive_rate", "repeat_prob")}
    words = [
        f"Popularity of parents has a deviation of the log of {of['popularity']:.2f}",
        f"{of['inactive_rate']:.0%} of parents are inactive",
        f"a row refers to the parent of the row before with probability {of['repeat_prob']:.2f}",
    ]
    if _number(latents["is_covering"].sel(foreign_key=key)):
        words.append("every parent has a child, or none has two")
    if _number(latents["is_sorted"].sel(foreign_key=key)):
        words.append("rows are in the order of their parents")
    return f"{', '.join(words)}."


def words_on_times(subject: Subject, name: str) -> str:
    """What the times of a table's rows follow; empty where they are evenly spaced, or there are none."""
    latents = subject.latents_of(name)
    if latents is None or "time_grain" not in latents or not subject.schemas[name].time_col:
        return ""
    grain, burst, trend, season = (_number(latents[f"time_{of}"]) for of in ("grain", "burst", "trend", "season"))
    words = [f"Times are whole {GRAINS.get(int(grain), f'multiples of {int(grain):,} seconds')}"]
    words.append(f"the log intensity {'rises' if trend > 0 else 'falls'} by {abs(trend):.1f} over the window")
    words += [f"it has bursts (deviation {burst:.1f})"] if burst > LEAST_BURST else []
    words += [f"and seasons (deviation {season:.1f})"] if season > LEAST_SEASON else []
    return f"{', '.join(words)}. Rows that refer to late ones come {_number(latents['time_lag']) / 86_400:.1f} days after these."


def _number(value: Any) -> float:
    return float(value.item())
