"""All commands."""

from cyclopts import App

from plurel_prob import __version__
from plurel_prob.cli.convert import convert
from plurel_prob.cli.describe import describe
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

app = App(
    name="plurel-prob",
    help="Draw relational databases from a probabilistic program.",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
app.command(sample)
app.command(describe)
app.command(show)
app.command(graph)
app.command(score)
app.command(verify)
app.command(tasks)
app.command(convert)
app.command(validate)
infer = App(name="infer", help="Infer what drew the tables of a folder in RelBench format, drawn or real.")
for command in (schema, links, features):
    infer.command(command)
app.command(infer)
app.command(predict)
app.command(pretrain)
app.command(evaluate)
