"""demogen: how many transactions a second does a Midaz ledger carry, at which P99, and is every cent still there?

Rooms, bottom to top: `errors`, `clock` · `contract`, `pacing`, `config` · `client`, `record`, `sandbox` ·
`population` · `patterns`, `audit` · `workload`, `report` · `drive`, `cli`. ARCHITECTURE.md draws the house.
"""

__version__ = "0.1.0"
