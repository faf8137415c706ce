"""`python -m demogen` is the command `demogen`."""

import signal
import sys

# Until the program is loaded there is nothing to wind up: a Ctrl-C ends it without a traceback.
signal.signal(signal.SIGINT, lambda *_: sys.exit(130))

from demogen.cli import main  # noqa: E402

sys.exit(main())
