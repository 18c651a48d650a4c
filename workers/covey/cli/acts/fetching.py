"""Getting an alliance's model out of the store."""

from pathlib import Path

from covey.cli import options
from covey.cli.acts.following import find, read_tasks
from covey.cli.acts.session import Connection
from covey.cli.output import Output
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel, cid_for
from covey.roles.description import fetch_document
from covey.storage import open_store


def fetch(
    connection: Connection, task: int, file: Path, content: options.Content, place: options.Place, out: Output
) -> None:
    """Writes the task's model as of now to a file. Raises UnknownTask, StoreError, LearningError, OSError."""
    state = find(read_tasks(connection, ALLIANCE, frozenset({task})), task, connection, ALLIANCE)
    store = open_store(content.store or f"dir:{place.home / 'store'}")
    with out.step("fetching the model"):
        description = fetch_document(AllianceDescription, state.terms.uri, store)
        model = store.get(cid_for(state.model, description.model_size), description.model_size)
    GlobalModel.decode(model, description.names)  # what is no model of the task is not written
    file.write_bytes(model)
    out.result({"task": task, "rounds": state.settled, "model": state.model, "file": str(file)})
    out.say(f"the model after {state.settled} of {state.params.rounds} rounds is in {file}")
