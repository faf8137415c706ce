-- Every transaction made since the load began is one that this run asked for.
-- Source: contract 4.4, 7.2. Catches: phantom-transaction, reversal-not-linked.
-- Needs: journal, opening, transactions.
with fresh as (
    select t.* from book.transactions t join plan.ledgers p using (ledger)
    join opening.ledgers o using (ledger) where p.own and t.id > coalesce(o.newest, 0))
select format('transaction {} of {} {} ({}) was made at {} and {}', uuid_text(f.id), money_text(f.amount), f.asset,
        f.status, moment_text(f.created_ns), case
            when f.parent is not null then 'reverses ' || uuid_text(f.parent) || ', which nobody asked for'
            when f.key_id is not null then 'carries the mark ' || f.mark || ', which was never sent'
            else 'carries no mark of this run' end) as words,
    f.amount as size, f.created_ns as at_ns, f.key_id, f.id as transaction_id
from fresh f
left join facts.creates c on c.key_id = f.key_id
left join facts.steps s on s.subject = f.parent and s.reverts > 0
where if(f.parent is null, c.key_id is null, s.subject is null);
-- Unknown: a ledger whose newest transaction before the load is not known.
select format('ledger {} was not read before the load', ledger_id) as reason
from plan.ledgers where ledger not in (select ledger from opening.ledgers);
