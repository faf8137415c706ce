-- Every operation names an account of the plan, in its own ledger, by its own alias, in its own asset, and a balance
-- that exists; every transaction stands in the ledger it was sent to, and its reversal's original is known.
-- Source: contract 4, 4.4, 8.1. Catches: wrong-ledger, leg-of-another-asset, phantom-account.
-- Needs: opening, balances, transactions.
with wrong as (
    select o.transaction_id, case
            when a.account is null then if(l.own, 'names account ' || uuid_text(o.account_id) || ', which the plan does not know', null)
            when a.ledger <> o.ledger then 'names ' || a.alias || ' of another ledger'
            when a.alias <> o.alias then 'calls ' || a.alias || ' by the alias ' || o.alias
            when a.asset <> o.asset then 'books ' || o.asset || ' on ' || a.alias || ', which is of ' || a.asset
            when t.asset <> o.asset then 'is of ' || t.asset || ' and books ' || o.asset
            when t.ledger <> o.ledger then 'has an operation in another ledger'
            when b.balance_id is null then 'names balance ' || uuid_text(o.balance_id) || ', which does not exist'
            when (b.account_id, b.balance_key, b.asset) <> (o.account_id, o.balance_key, o.asset)
                then 'names a balance that is not ' || o.alias || ' (' || o.balance_key || ')'
        end as fault
    from book.operations o join book.transactions t on t.id = o.transaction_id
    left join plan.accounts a on a.account_id = o.account_id
    left join book.balances b on b.balance_id = o.balance_id
    left join plan.ledgers l on l.ledger = o.ledger
    union all
    select b.transaction_id, 'was sent to ledger ' || ledger_text(c.ledger) || ' and is booked in ' || ledger_text(b.ledger)
    from facts.booked b join facts.creates c using (key_id) where b.ledger <> c.ledger
    union all
    select t.id, 'reverses ' || uuid_text(t.parent) || ', which the ledger does not know'
    from book.transactions t left join book.transactions p on p.id = t.parent
    left join opening.ledgers o on o.ledger = t.ledger
    where t.parent is not null and p.id is null and t.parent > coalesce(o.newest, 0)
    union all
    select t.id, 'has no operations'
    from book.transactions t anti join book.operations o on o.transaction_id = t.id)
select format('transaction {} {}', uuid_text(w.transaction_id), fault) as words, 1::double as size,
    t.created_ns as at_ns, t.key_id, w.transaction_id
from wrong w left join book.transactions t on t.id = w.transaction_id where fault is not null;
