-- Every transaction made since the load began is one that this run asked for.
-- Source: contract 4.4, 7.2. Catches: phantom-transaction.
-- Needs: journal, opening, transactions.
with suspects as (
    select id from book.transactions where parent is null and key_id is null
    union all
    select id from facts.unasked
    union all
    select t.id from book.transactions t anti join facts.steps s on s.subject = t.parent where t.parent is not null)
select format('transaction {} of {} {} ({}) was made at {} and {}', uuid_text(t.id), money_text(t.amount), t.asset,
        t.status, moment_text(t.created_ns), case
            when t.parent is not null then 'reverses ' || uuid_text(t.parent) || ', which nobody asked for'
            when t.key_id is not null then 'carries the mark ' || t.mark || ', which was never sent'
            else 'carries no mark of this run' end) as words,
    t.amount as size, t.created_ns as at_ns, t.key_id, t.id as transaction_id
from (from book.transactions where id in (from suspects)) t
join plan.ledgers p using (ledger) join opening.ledgers o using (ledger)
where p.own and t.id > coalesce(o.newest, 0);
-- Unknown: a ledger whose newest transaction before the load is not known.
select format('ledger {} was not read before the load', ledger_id) as reason
from plan.ledgers where ledger not in (select ledger from opening.ledgers);
