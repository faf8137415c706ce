"""The plain twin of a compiled module, and what both are asked: numbers, ids and intents of every kind."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import strategies as st

import demogen.client.engine.heads as heads
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg

ROOT = Path(__file__).parent.parent


def plain(module: ModuleType) -> ModuleType:
    """The plain file of a module, whatever stands in for it."""
    path = ROOT / (module.__name__.replace(".", "/") + ".py")
    spec = importlib.util.spec_from_file_location(f"plain_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def compiled(module: ModuleType) -> bool:
    return str(module.__file__).endswith(".so")


needs_compiled = pytest.mark.skipif(not compiled(heads), reason="not compiled: make fast")

U64 = st.integers(0, 2**64 - 1)
U32, U16, U8, I64 = (
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 255),
    st.integers(-(2**63), 2**63 - 1),
)
IDS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: str(one).upper()),
    st.text("0123456789abcdef-", max_size=40),
    st.text(max_size=40),
)
UNITS = st.one_of(I64, st.integers(-(2**66), 2**66))


LEDGER = LedgerRef(0, "o", "l")
LEGS = st.builds(
    Leg,
    st.builds(lambda index: AccountRef(index, f"id-{index}", f"@é{index}", "USD", 2, LEDGER), st.integers(0, 3)),
    units=st.none() | st.integers(0, 2**65),
    share=st.none() | st.tuples(st.integers(0, 100), st.sampled_from([0, 0, 0, 30])),
    remaining=st.booleans(),
    balance_key=st.sampled_from(["default", "default", "default", "savings"]),
    description=st.sampled_from(["", "", "", "leg"]),
    route_id=st.sampled_from(["", "", "", "r-1"]),
)
PAYER, PAYEE = (AccountRef(index, f"id-{index}", f"@a{index}", "USD", 2, LEDGER) for index in (1, 2))
SIDES = st.lists(LEGS, max_size=9).map(tuple)
INTENTS = st.builds(
    Intent,
    action=st.sampled_from([action for action in Action if action.is_create]),
    ledger=st.just(LEDGER),
    asset=st.sampled_from(["USD", "BTC"]),
    scale=st.integers(0, 18),
    units=st.integers(0, 2**65) | st.integers(0, 10**6),
    sources=SIDES,
    targets=SIDES,
    pending=st.sampled_from([False, False, True]),
    description=st.sampled_from(["", "card payment", 'say "hi"', "é\n"]),
    code=st.sampled_from(["", "", "", "ref"]),
    metadata=st.sampled_from([(), (), (("k", "v"),)]),
)
