-- In every transaction, what its operations take and give is the same for each asset; nothing appears or vanishes.
-- Source: contract 4.1, 8.2. Catches: leg-missing, rounding-leak, remaining-wrong, scale-truncation.
-- Needs: balances, transactions.
with sums as (
    select transaction_id, asset, sum(available + on_hold) as residue, any_value(ledger) as ledger
    from facts.moves group by transaction_id, asset having sum(available + on_hold) <> 0)
select format('transaction {}: its operations in {} leave {} {}', uuid_text(s.transaction_id), s.asset,
        money_text(abs(residue)), if(residue > 0, 'that nobody gave', 'that nobody received')) as words,
    abs(residue) as size, t.created_ns as at_ns, t.key_id, s.transaction_id
from sums s left join book.transactions t on t.id = s.transaction_id;
