"""A ledger to practise on: a clean-room sandbox of the Midaz v3.8.0 and v4 HTTP API, durable and exact.

It decides what a ledger decides and nothing about load. Shapes of requests could be shared with the client side;
arithmetic and parsing never are, so a bug cannot hide on both sides. May import: demogen.errors, demogen.clock,
demogen.contract. `Sandbox` runs it as a child process; `SandboxApp` is the same ledger as a plain function.
"""

from demogen.sandbox.app import SandboxApp
from demogen.sandbox.child import Sandbox
from demogen.sandbox.defects import DEFECTS, Defect

__all__ = ["DEFECTS", "Defect", "Sandbox", "SandboxApp"]
