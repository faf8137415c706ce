-- A settled transaction holds nothing, a pending one holds its sources' amount, and no hold is left without one.
-- Source: contract 7.1. Catches: hold-never-released, cancel-keeps-hold.
-- Needs: opening, balances, transactions.
with per_transaction as (
    select m.transaction_id, sum(m.on_hold) as held, any_value(t.status) as status, any_value(t.amount) as amount,
        any_value(t.created_ns) as created_ns, any_value(t.key_id) as key_id
    from facts.moves m join book.transactions t on t.id = m.transaction_id
    group by m.transaction_id
    having sum(m.on_hold) <> if(any_value(t.status) = 'PENDING', any_value(t.amount), 0)),
owed as (
    select m.account_id, m.balance_key, sum(m.on_hold) as on_hold
    from facts.moves m join book.transactions t on t.id = m.transaction_id
    where t.status = 'PENDING' group by m.account_id, m.balance_key),
per_balance as (
    select n.account_id, n.balance_key, n.alias, n.on_hold,
        coalesce(b.on_hold, 0) + coalesce(o.on_hold, 0) as expected
    from facts.balances_now n left join facts.balances_before b using (account_id, balance_key)
    left join owed o using (account_id, balance_key)
    where n.on_hold <> coalesce(b.on_hold, 0) + coalesce(o.on_hold, 0)
        and not exists (from facts.foreign_steps))
select format('transaction {} is {} and holds {} instead of {}', uuid_text(transaction_id), status, money_text(held),
        money_text(if(status = 'PENDING', amount, 0))) as words,
    abs(held - if(status = 'PENDING', amount, 0)) as size, created_ns as at_ns, key_id, transaction_id
from per_transaction
union all
select format('balance {} ({}) holds {}, its pending transactions hold {}', alias, balance_key, money_text(on_hold), money_text(expected)),
    abs(on_hold - expected), 9223372036854775807, null, null
from per_balance;
