-- Every operation names an account of the plan, in its own ledger, by its own alias, in its own asset, and a balance
-- that exists; every transaction stands in the ledger it was sent to, and its reversal's original is known.
-- Source: contract 4, 4.4, 8.1. Catches: wrong-ledger.
-- Needs: opening, balances, transactions.
with named as (
    select ledger, account_id, alias, asset, balance_id, balance_key, min(transaction_id) as transaction_id, count(*) as times
    from book.operations group by all),
wrong as (
    select n.transaction_id, n.times, case
            when a.account is null then if(l.own, 'names account ' || uuid_text(n.account_id) || ', which the plan does not know', null)
            when a.ledger <> n.ledger then 'names ' || a.alias || ' of another ledger'
            when a.alias <> n.alias then 'calls ' || a.alias || ' by the alias ' || n.alias
            when a.asset <> n.asset then 'books ' || n.asset || ' on ' || a.alias || ', which is of ' || a.asset
            when b.balance_id is null then 'names balance ' || uuid_text(n.balance_id) || ', which does not exist'
            when (b.account_id, b.balance_key, b.asset) <> (n.account_id, n.balance_key, n.asset)
                then 'names a balance that is not ' || n.alias || ' (' || n.balance_key || ')'
        end as fault
    from named n left join plan.accounts a on a.account_id = n.account_id
    left join book.balances b on b.balance_id = n.balance_id
    left join plan.ledgers l on l.ledger = n.ledger
    union all
    select id, 1, 'is of ' || asset || ' and books another asset' from book.transactions where mixed
    union all
    select booked_id, 1, 'was sent to ledger ' || ledger_text(ledger) || ' and is booked in ' || ledger_text(booked_ledger)
    from facts.requests where booked_ledger <> ledger
    union all
    select t.id, 1, 'reverses ' || uuid_text(t.parent) || ', which the ledger does not know'
    from (from book.transactions where parent is not null) t left join book.transactions p on p.id = t.parent
    left join opening.ledgers o on o.ledger = t.ledger
    where p.id is null and t.parent > coalesce(o.newest, 0)
    union all
    select id, 1, 'has no operations' from book.transactions where operations is null and status <> 'NOTED')
select format('transaction {} {}', uuid_text(w.transaction_id), fault) || if(times > 1, format(' (as {} in all do)', times), '') as words,
    times::double as size, t.created_ns as at_ns, t.key_id, w.transaction_id
from wrong w left join book.transactions t on t.id = w.transaction_id where fault is not null;
