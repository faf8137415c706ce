"""What we tell: one RunReport value of a run folder, its renderings, and the exit code it asks for.

Judges no invariant and measures nothing; whatever is missing in the folder is said to be unknown.
"""

from demogen.report.assemble import build
from demogen.report.gates import exit_code
from demogen.report.run_report import Gate, RunReport

__all__ = ["Gate", "RunReport", "build", "exit_code"]
