"""All constraints of a schema that cannot be honoured, in one message."""

from plurel_prob.declared.schema import DeclaredSchema
from plurel_prob.errors import DatabaseError

MOST = 20  # that are named
HINT = "or leave out what cannot be honoured: --ignore-unsupported, ignore_unsupported=True"


def honoured(schema: DeclaredSchema) -> DeclaredSchema:
    """Give back a schema none of whose constraints is ignored.

    Raises:
        DatabaseError: some cannot be honoured; the message names all, or the first of many, those of one reason together.
    """
    refusals, source = schema.ignored, schema.source
    if not refusals:
        return schema
    if len(refusals) == 1:
        (only,) = refusals
        place = source if only.line is None else f"{source}, line {only.line}"
        raise DatabaseError(f"{place}: {only.where}: {only.reason} ({HINT})")
    reasons: dict[str, list[str]] = {}
    for refusal in refusals[:MOST]:
        line = "" if refusal.line is None else f"line {refusal.line}, "
        reasons.setdefault(refusal.reason, []).append(f"{line}{refusal.where}")
    listed = " - ".join(f"{'; '.join(places)}: {reason}" for reason, places in reasons.items())
    more = f" - and {len(refusals) - MOST:,} more" if len(refusals) > MOST else ""
    raise DatabaseError(f"{source}: {len(refusals):,} constraints cannot be honoured; change them, {HINT}. {listed}{more}")
