-- Every acknowledged request is booked exactly once, every refused one nowhere, and none in doubt twice.
-- Source: contract 6, 7.1, 7.2. Catches: acknowledged-not-written, double-booking, 500-after-commit,
-- refused-but-booked.
-- Needs: journal, transactions.
with creates as (
    select key_id, answered_id, booked_id, copies, sent_ns, case
            when accepted > 0 and copies = 0 then 'was acknowledged as ' || uuid_text(answered_id) || ' and is not in the book'
            when copies > 1 then 'is booked ' || copies || ' times, first as ' || uuid_text(booked_id)
            when accepted > 0 and answered_id <> booked_id
                then 'was acknowledged as ' || uuid_text(answered_id) || ' and is booked as ' || uuid_text(booked_id)
            else 'was refused with ' || lpad(code::varchar, 4, '0') || ' and is booked as ' || uuid_text(booked_id)
        end as fault
    from facts.requests
    where not ordinary and ((accepted > 0 and copies = 0) or copies > 1 or (accepted > 0 and answered_id <> booked_id)
        or (accepted = 0 and doubtful = 0 and in_flight = 0 and copies > 0))),
states as (
    select r.key_id, r.transaction_id, r.sent_ns, case
            when coalesce(s.committed, 0) + coalesce(s.cancelled, 0) > 1
                then format('was settled {} times', s.committed + s.cancelled)
            when r.action = 4 then if(r.status = 'NOTED', null, 'is an annotation with status ' || r.status)
            when not r.pending then if(r.status = 'APPROVED', null, 'has status ' || r.status || ' instead of APPROVED')
            when s.committed > 0 then if(r.status = 'APPROVED', null, 'was committed and has status ' || r.status)
            when s.cancelled > 0 then if(r.status = 'CANCELED', null, 'was cancelled and has status ' || r.status)
            when r.status = 'PENDING' then null
            when r.status = 'APPROVED' and s.maybe_committed > 0 then null
            when r.status = 'CANCELED' and s.maybe_cancelled > 0 then null
            else 'was neither committed nor cancelled and has status ' || r.status
        end as fault
    from facts.requests r left join facts.steps s on s.subject = r.transaction_id
    where not r.ordinary and r.booked_id is not null),
reverts as (
    select s.subject, s.sent_ns, case
            when s.reverted > 1 then format('was reverted {} times by answer', s.reverted)
            when r.copies > 1 then format('has {} reversals in the book', r.copies)
            when s.revert_answers > 0 and r.parent is null then 'was reverted, and no reversal of it is in the book'
            when s.revert_answers = 0 and s.maybe_reverted = 0 and r.parent is not null
                then 'has a reversal in the book although every request for one was refused'
        end as fault
    from facts.steps s left join facts.reversals r on r.parent = s.subject where s.reverts > 0)
select format('request {} {}', mark_text(key_id), fault) as words, greatest(copies, 1)::double as size,
    sent_ns as at_ns, key_id, coalesce(booked_id, answered_id) as transaction_id
from creates where fault is not null
union all
select format('transaction {} {}', uuid_text(transaction_id), fault), 1, sent_ns, key_id, transaction_id
from states where fault is not null
union all
select format('transaction {} {}', uuid_text(subject), fault)
        || if(fault like 'was reverted, and no%',
            known_fault('v4', 'v4 is known to answer a revert with an equal one''s reversal (contract 13.1)'), ''),
    1, sent_ns, null, subject
from reverts where fault is not null;
