"""What happens: one file a pattern, found by listing this folder.

A pattern's script yields intents and is handed receipts; it sends nothing, reads no clock and draws only from the
Dice it is given. May import: contract, population.
"""

from demogen.patterns.base import Pattern, Pause, Script
from demogen.patterns.dice import Dice
from demogen.patterns.flows import through
from demogen.patterns.registry import PATTERNS, find_patterns, register
from demogen.patterns.stage import Stage

__all__ = ["PATTERNS", "Dice", "Pattern", "Pause", "Script", "Stage", "find_patterns", "register", "through"]
