"""`python -m covey`: the same as `covey`."""

from covey.cli.main import app

app()
