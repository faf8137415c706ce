"""The Locust adapter, and the only room that imports locust: user classes, options, the run's life, the cluster.

Importing it registers Locust listeners and opens nothing. A locustfile needs two names:

    from demogen.drive import LedgerUser, tasks_for
"""

# Locust comes first: importing it patches sockets, and whatever is imported before would keep the unpatched ones.
from locust import events as _events  # isort: skip

# And before the long rest of the start, so that a Ctrl-C in the middle of it leaves no traceback.
from demogen.drive import program as _program  # isort: skip  # noqa: F401

from demogen.drive.lifecycle import attach
from demogen.drive.options import add_options
from demogen.drive.pruning import attach as prune_tables
from demogen.drive.users import LedgerUser, tasks_for

_events.init_command_line_parser.add_listener(add_options)
_events.init.add_listener(attach)
_events.init.add_listener(prune_tables)

__all__ = ["LedgerUser", "tasks_for"]
