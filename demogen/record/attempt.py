"""One intent on its way to the ledger: what journal and tally must know of it. A record, not an actor.

Mutable on purpose and without a frozen copy: one is made for every request. May import: `contract`.
"""

from __future__ import annotations

from demogen.contract.transactions import Intent


class Attempt:
    """An intent with its place in the run.

    `number` and `generation` are the arrival's; `key_number` and `key_generation` are those of the mark it is sent
    under (an earlier arrival's for a deliberate duplicate). `due_ns` is monotonic. `pattern`, `phase` and `flags`
    are numbers as in the journal. `tries` counts repetitions of the same request.
    """

    __slots__ = (
        "due_ns",
        "flags",
        "generation",
        "intent",
        "key_generation",
        "key_number",
        "mark",
        "number",
        "pattern",
        "phase",
        "tries",
    )

    def __init__(self, intent: Intent, mark: str, *, number: int, generation: int, due_ns: int) -> None:
        self.begin(intent, mark, number, generation, due_ns)

    def begin(self, intent: Intent, mark: str, number: int, generation: int, due_ns: int) -> None:
        """What the constructor does, for those who make one for every request."""
        self.intent = intent
        self.mark = mark
        self.number = self.key_number = number
        self.generation = self.key_generation = generation
        self.due_ns = due_ns
        self.pattern = 0
        self.phase = 0
        self.flags = 0
        self.tries = 0

    def repeats(self, mark: str) -> None:
        """Sent under an earlier attempt's mark: `run-generation-number`."""
        _, generation, number = mark.rsplit("-", 2)
        self.key_number, self.key_generation = int(number), int(generation)
