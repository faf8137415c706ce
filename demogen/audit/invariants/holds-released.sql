-- A settled transaction holds nothing, a pending one holds its sources' amount, and no hold is left without one.
-- Source: contract 7.1. Catches: hold-never-released, cancel-keeps-hold.
-- Needs: opening, balances, transactions.
with wrong as (
    select id as transaction_id, key_id, created_ns, status, coalesce(held, 0) as held,
        if(status = 'PENDING', amount, 0) as expected
    from book.transactions where coalesce(held, 0) <> if(status = 'PENDING', amount, 0)),
still_open as (
    from book.operations where transaction_id in (select id from book.transactions where status = 'PENDING')),
owed as (
    select account_id, balance_key, sum(on_hold) as on_hold from moves_of('still_open') group by account_id, balance_key),
per_balance as (
    select n.account_id, n.balance_key, n.alias, n.on_hold,
        coalesce(b.on_hold, 0) + coalesce(o.on_hold, 0) as expected
    from facts.balances_now n left join facts.balances_before b using (account_id, balance_key)
    left join owed o using (account_id, balance_key)
    where n.on_hold <> coalesce(b.on_hold, 0) + coalesce(o.on_hold, 0)
        and not exists (from facts.foreign_steps) and not exists (from facts.touched_by_others))
select format('transaction {} is {} and holds {} instead of {}', uuid_text(transaction_id), status, money_text(held),
        money_text(expected)) as words,
    abs(held - expected) as size, created_ns as at_ns, key_id, transaction_id
from wrong
union all
select format('balance {} ({}) holds {}, its pending transactions hold {}', alias, balance_key, money_text(on_hold),
        money_text(expected)), abs(on_hold - expected), 9223372036854775807, null, null
from per_balance;
