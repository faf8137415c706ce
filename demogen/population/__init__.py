"""Who exists: a spec and a seed become a plan, the plan becomes entities on a server, the entities become a Population.

    PopulationSpec ─► plan ─► provision ─► population.sqlite ─► Population (what a run draws its accounts from)

The plan is pure; only `provision` and its neighbours speak to a server, through `client`. Layer 4: may import errors,
clock, contract, client, record. Never prints: progress is a protocol, rendered by the command line.
"""
