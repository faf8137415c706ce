"""`python -m demogen.sandbox`: the same command as `demogen sandbox`. Decides nothing.

The command's flags are read in the room of the command line, which this one may not import; so it is run by name.
"""

import runpy

if __name__ == "__main__":
    runpy.run_module("demogen.cli.sandbox", run_name="__main__", alter_sys=True)
