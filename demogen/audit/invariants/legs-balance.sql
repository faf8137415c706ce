-- In every transaction, what its operations take and give is the same for each asset; nothing appears or vanishes.
-- Source: contract 4.1, 8.2. Catches: rounding-leak, leg-missing, leg-of-another-asset.
-- Needs: balances, transactions.
with suspects as (
    from book.operations where transaction_id in (select id from book.transactions where residue <> 0 or mixed)),
uneven as (
    select transaction_id, asset, sum(available + on_hold) as residue from moves_of('suspects')
    group by transaction_id, asset having sum(available + on_hold) <> 0)
select format('transaction {}: its operations in {} leave {} {}', uuid_text(u.transaction_id), u.asset,
        money_text(abs(u.residue)), if(u.residue > 0, 'that nobody gave', 'that nobody received')) as words,
    abs(u.residue) as size, t.created_ns as at_ns, t.key_id, u.transaction_id
from uneven u join book.transactions t on t.id = u.transaction_id;
