-- A repeated key is answered with the first transaction, and nothing is answered as a repeat that was not one.
-- Source: contract 6. Catches: idempotency-forgotten.
-- Needs: journal.
with repeated as (
    select a.key_id, a.transaction_id, a.sent_ns, a.replayed, coalesce(r.attempts, 1) as attempts,
        coalesce(r.tries, a.tries) as sent,
        first_value(a.transaction_id) over (partition by a.key_id order by a.replayed, a.answered_ns) as first_id,
        count(*) filter (not a.replayed) over (partition by a.key_id) as executed
    from journal.attempts a left join facts.repeated r using (key_id)
    -- A deposit before the load is sent again until it is answered, so a repeat of it was asked for (flag 32).
    where a.action <= 6 and a.outcome = 1 and a.flags & 32 = 0 and (a.replayed or r.key_id is not null))
select format('request {} {}', mark_text(key_id), case
        when attempts = 1 and sent = 1 then 'was answered as a repeat, but was sent once'
        when transaction_id <> first_id then 'was answered with ' || uuid_text(first_id) || ' and with ' || uuid_text(transaction_id)
        else 'was executed ' || executed || ' times' end) as words,
    greatest(executed, 1)::double as size, sent_ns as at_ns, key_id, transaction_id
from repeated
where (attempts = 1 and sent = 1) or transaction_id <> first_id or (executed > 1 and not replayed);
