"""All commands, in groups."""

from cyclopts import App, Group

from plurel_prob import __version__
from plurel_prob.cli.convert import convert
from plurel_prob.cli.describe import describe
from plurel_prob.cli.do import do
from plurel_prob.cli.doctor import doctor
from plurel_prob.cli.evaluate import evaluate
from plurel_prob.cli.graph import graph
from plurel_prob.cli.infer_features import features
from plurel_prob.cli.infer_links import links
from plurel_prob.cli.infer_schema import schema
from plurel_prob.cli.predict import predict
from plurel_prob.cli.pretrain import pretrain
from plurel_prob.cli.sample import sample
from plurel_prob.cli.score import score
from plurel_prob.cli.show import show
from plurel_prob.cli.tasks import tasks
from plurel_prob.cli.validate import validate
from plurel_prob.cli.verify import verify

GROUPS = [Group(title, sort_key=place) for place, title in enumerate(("Draw", "Look", "Analyse", "Learn", "Convert and check"))]
DRAW, LOOK, ANALYSE, LEARN, CHECK = GROUPS

app = App(
    name="plurel-prob",
    help="""Draw relational databases from a probabilistic program, look into them, and learn from them.

    Begin with: plurel-prob sample --count 2 --out out

    Each command has examples: plurel-prob sample --help
    """,
    version=__version__,
    suppress_keyboard_interrupt=False,
    group_commands=Group("About this program", sort_key=len(GROUPS)),
)
infer = App(
    name="infer",
    help="""Infer what drew the tables of a database, drawn or real: its schema, links or features.

    For example:

        plurel-prob infer schema out/plurel-10
        plurel-prob infer links out/plurel-10 --key table_2.foreign_row_0
    """,
    group=ANALYSE,
    group_commands=Group("Commands"),
)
infer.command(schema)
infer.command(links)
infer.command(features)
app.command(infer)
COMMANDS = {
    DRAW: (sample, tasks),
    LOOK: (describe, show, graph),
    ANALYSE: (score, do),
    LEARN: (predict, evaluate, pretrain),
    CHECK: (convert, validate, verify),
}
for group, commands in COMMANDS.items():
    for command in commands:
        app.command(command, group=group)
app.command(doctor)
app.register_install_completion_command()
