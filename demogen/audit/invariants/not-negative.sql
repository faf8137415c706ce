-- No balance is ever below zero, on hold or available, except what an external account owes.
-- Source: contract 8.2. Catches: overdrawn-account.
-- Needs: balances, transactions.
with external as (select balance_id from book.balances where direction = 'debit' and account_type = 'external'),
states as (
    select alias, balance_key, available, on_hold, 0::hugeint as transaction_id, 'stands now' as moment
    from book.balances where (available < 0 or on_hold < 0) and balance_id not in (from external)
    union all
    select alias, balance_key, available_after, on_hold_after, transaction_id, 'stood after transaction ' || uuid_text(transaction_id)
    from book.operations where moves_balance and (available_after < 0 or on_hold_after < 0)
        and balance_id not in (from external))
select format('balance {} ({}) {} at {} available and {} on hold', s.alias, s.balance_key, moment,
        money_text(available), money_text(on_hold)) as words,
    greatest(-available, -on_hold) as size, coalesce(t.created_ns, 9223372036854775807) as at_ns, t.key_id, t.id as transaction_id
from states s left join book.transactions t on t.id = s.transaction_id;
