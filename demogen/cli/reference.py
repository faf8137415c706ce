"""The table of settings in docs/cli.md, made from the settings themselves. `python -m demogen.cli.reference FILE`
brings a file up to date; a test fails where it is not.

May import: `config`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from demogen.config import OPTIONS, Option

BEGIN, END = "<!-- settings -->\n", "\n<!-- /settings -->"
_HEAD = "\n| flag | environment | default | what it is |\n| --- | --- | --- | --- |\n"


def table() -> str:
    """A Markdown row for each setting, in the order of help."""
    return _HEAD + "".join(_row(option) for option in OPTIONS.values())


def up_to_date(text: str) -> str:
    """The same document with the table between its marks made anew."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + table() + END + tail


def _row(option: Option) -> str:
    flags = ", ".join(f"`{flag}`" for flag in option.flags)
    if option.toggle and option.default:
        flags += f", `--no-{option.flags[0][2:]}`"
    names = f"`{option.environment}`" + (f", `{option.foreign}`" if option.foreign else "")
    default = "" if option.default in (None, "", ()) else f"`{str(option.default).lower()}`"
    return f"| {flags} | {names} | {default} | {option.says.replace('|', '/')} |\n"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(up_to_date(path.read_text(encoding="utf-8")), encoding="utf-8")
