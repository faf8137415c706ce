"""Settings are read once, at the door: flags > environment > file > defaults. The only room that reads the environment.

`resolve` is the one entry; it remembers the origin of each value for `demogen config show`. Rooms receive the values
they need, never the whole object. Sources are plain mappings handed in, so that Locust's own parser is a source like
any other: pydantic-settings would read the process's environment itself, take `HOST` for our host, and tell neither
origins nor all problems at once. May import: `errors`.
"""

from demogen.config.kinds import CUSTOM, PRESETS, seconds
from demogen.config.resolve import is_loopback, problem_with, resolve
from demogen.config.settings import OPTIONS, Option, Settings
from demogen.config.sources import environment

__all__ = [
    "CUSTOM",
    "OPTIONS",
    "PRESETS",
    "Option",
    "Settings",
    "environment",
    "is_loopback",
    "problem_with",
    "resolve",
    "seconds",
]
