"""The door: one file a verb, parsing and printing only; what it does stands in the rooms below.

`main` is the console script and `python -m demogen`. A verb's module holds `app`, a typer.Typer with one command or a
group of them, or a function of the verb's name; it is loaded only when its verb is called, so that help is there at
once.
"""

from demogen.cli.app import main

__all__ = ["main"]
