-- Every acknowledged request is booked exactly once, every refused one nowhere, and none in doubt twice.
-- Source: contract 6, 7.1, 7.2. Catches: acknowledged-not-written, double-apply, double-commit, slot-forgotten.
-- Needs: journal, transactions.
with creates as (
    select c.key_id, c.answered_id, b.transaction_id, coalesce(b.copies, 0) as copies, c.sent_ns, c.accepted,
        c.doubtful, c.in_flight, c.code, case
            when c.accepted > 0 and b.key_id is null then 'was acknowledged as ' || uuid_text(c.answered_id) || ' and is not in the book'
            when b.copies > 1 then 'is booked ' || b.copies || ' times, first as ' || uuid_text(b.transaction_id)
            when c.accepted > 0 and c.answered_id <> b.transaction_id
                then 'was acknowledged as ' || uuid_text(c.answered_id) || ' and is booked as ' || uuid_text(b.transaction_id)
            when c.accepted = 0 and c.doubtful = 0 and c.in_flight = 0 and b.key_id is not null
                then 'was refused with ' || lpad(c.code::varchar, 4, '0') || ' and is booked as ' || uuid_text(b.transaction_id)
        end as fault
    from facts.creates c left join facts.booked b using (key_id)),
states as (
    select e.key_id, e.transaction_id, e.sent_ns, case
            when coalesce(s.committed, 0) + coalesce(s.cancelled, 0) > 1
                then format('was settled {} times', s.committed + s.cancelled)
            when e.action = 4 then if(e.status = 'NOTED', null, 'is an annotation with status ' || e.status)
            when not e.pending then if(e.status = 'APPROVED', null, 'has status ' || e.status || ' instead of APPROVED')
            when s.committed > 0 then if(e.status = 'APPROVED', null, 'was committed and has status ' || e.status)
            when s.cancelled > 0 then if(e.status = 'CANCELED', null, 'was cancelled and has status ' || e.status)
            when e.status = 'PENDING' then null
            when e.status = 'APPROVED' and s.maybe_committed > 0 then null
            when e.status = 'CANCELED' and s.maybe_cancelled > 0 then null
            else 'was neither committed nor cancelled and has status ' || e.status
        end as fault
    from facts.effects e left join facts.steps s on s.subject = e.transaction_id
    where e.booked_id is not null),
reverts as (
    select s.subject, s.sent_ns, case
            when s.reverted > 1 then format('was reverted {} times by answer', s.reverted)
            when r.copies > 1 then format('has {} reversals in the book', r.copies)
            when s.revert_answers > 0 and r.parent is null then 'was reverted, and no reversal of it is in the book'
            when s.revert_answers = 0 and s.maybe_reverted = 0 and r.parent is not null
                then 'has a reversal in the book although every request for one was refused'
        end as fault
    from facts.steps s left join facts.reversals r on r.parent = s.subject where s.reverts > 0)
select format('request {} {}', mark_text(key_id), fault) as words, greatest(copies, 1)::double as size, sent_ns as at_ns,
    key_id, coalesce(transaction_id, answered_id) as transaction_id
from creates where fault is not null
union all
select format('transaction {} {}', uuid_text(transaction_id), fault), 1, sent_ns, key_id, transaction_id
from states where fault is not null
union all
select format('transaction {} {}', uuid_text(subject), fault), 1, sent_ns, null, subject
from reverts where fault is not null;
