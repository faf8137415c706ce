-- In every ledger and asset, what all balances are worth together is what it was before the load.
-- Source: contract 8.2. Catches: double-apply.
-- Needs: opening, balances.
with sums as (
    select ledger, asset, sum(available + on_hold) filter (direction <> 'debit') as owed,
        sum(available) filter (direction = 'debit') as owning, 'before' as moment
    from facts.balances_before group by ledger, asset
    union all
    select ledger, asset, sum(available + on_hold) filter (direction <> 'debit'),
        sum(available) filter (direction = 'debit'), 'now'
    from facts.balances_now group by ledger, asset),
compared as (
    select ledger, asset,
        coalesce(sum(coalesce(owed, 0) + coalesce(owning, 0)) filter (moment = 'before'), 0) as before,
        coalesce(sum(coalesce(owed, 0) + coalesce(owning, 0)) filter (moment = 'now'), 0) as now
    from sums group by ledger, asset)
select format('ledger {}, {}: all balances together were worth {} before the load and {} after it: {} {}',
        ledger_text(ledger), asset, money_text(before), money_text(now), money_text(abs(now - before)),
        if(now > before, 'appeared', 'vanished')) as words,
    abs(now - before) as size, 0 as at_ns
from compared where now <> before;
-- Unknown: a ledger whose balances were not read before the load.
select format('ledger {} was not read before the load', ledger_id) as reason
from plan.ledgers where ledger not in (select ledger from opening.ledgers);
