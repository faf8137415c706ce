"""`python -m demogen` is the command `demogen`."""

import sys

from demogen.cli import main

sys.exit(main())
