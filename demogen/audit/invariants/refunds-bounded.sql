-- What comes back of a transaction is never more than the transaction was.
-- Source: contract 7.2. Catches: refund-above-original.
-- Needs: transactions.
select format('transaction {} of {} {} has {} of {} together', uuid_text(p.id), money_text(p.amount), p.asset,
        if(r.copies = 1, 'a reversal', r.copies || ' reversals'), money_text(r.amount)) as words,
    r.amount - p.amount as size, r.created_ns as at_ns, p.key_id, p.id as transaction_id
from facts.reversals r join book.transactions p on p.id = r.parent
where r.amount > p.amount;
