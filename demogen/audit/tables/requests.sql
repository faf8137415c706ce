-- One stretch of keys, from $low up to below $high, into facts.stored_requests: a join that fits in memory.
create or replace temp table asked as
select key_id, a.arrival_id, a.ledger, a.action, a.flags, a.leg_count, a.payer, a.payee, a.amount, a.sent_ns,
    coalesce(r.attempts, 1) as attempts, coalesce(r.tries, a.tries) as all_tries,
    coalesce(r.accepted, (a.outcome = 1)::int) as accepted, coalesce(r.doubtful, (a.outcome = 3)::int) as doubtful,
    coalesce(r.in_flight, (a.outcome = 2 and a.code = 84)::int) as in_flight,
    coalesce(r.answered_id, if(a.outcome = 1, a.transaction_id, null)) as answered_id,
    coalesce(r.code, a.code) as any_code
from journal.attempts a left join facts.repeated r using (key_id)
where a.action <= 6 and a.key_id >= $low and a.key_id < $high
    and (a.arrival_id = a.key_id or (not r.has_origin and a.arrival_id = r.earliest));

create or replace temp table shown as
select key_id, id, ledger, status, amount, print, created_ns from book.transactions
where parent is null and key_id >= $low and key_id < $high;

create or replace temp table doubled as
select key_id, count(*) as copies, min(id) as id from shown group by key_id having count(*) > 1;

insert into facts.unasked select id, ledger, key_id from shown where key_id not in (select key_id from asked);

insert into facts.stored_requests
with joined as (
    select a.*, s.id as booked_id, s.ledger as booked_ledger, s.status as booked_status, s.amount as booked_amount,
        s.print, s.created_ns, coalesce(d.copies, if(s.id is null, 0, 1)) as copies,
        coalesce(s.id, a.answered_id) as subject_id,
        a.accepted > 0 or (a.doubtful + a.in_flight > 0 and s.id is not null) as in_effect
    from asked a left join doubled d using (key_id)
    left join shown s on s.key_id = a.key_id and (d.id is null or s.id = d.id)),
stepped as (
    select j.*, coalesce(s.committed > 0 or (s.maybe_committed > 0 and j.booked_status = 'APPROVED'), false) as committed,
        coalesce(s.cancelled > 0 or (s.maybe_cancelled > 0 and j.booked_status = 'CANCELED'), false) as cancelled,
        coalesce(s.revert_answers > 0 or (s.maybe_reverted > 0 and v.parent is not null), false) as reverted
    from joined j left join facts.steps s on s.subject = j.subject_id
    left join facts.reversals v on v.parent = j.subject_id)
select t.key_id, t.arrival_id, t.ledger, t.action, t.flags & 1 <> 0, t.flags & 2 <> 0,
    t.payer is null and coalesce(c.legs, 0) < t.leg_count, t.payer, t.payee, coalesce(t.amount, c.amount), t.attempts,
    t.all_tries, t.accepted, t.doubtful, t.in_flight, nullif(t.answered_id, t.booked_id), t.any_code, t.sent_ns,
    coalesce(t.print, 0) = case
        when t.booked_id is null then null
        when t.action = 4 or t.booked_status = 'CANCELED' then 0
        when t.booked_status = 'PENDING' then if(t.payer is null, p.held, print_of(t.payer, 'default', -t.amount, t.amount))
        when t.payer is null then p.moved
        else print_of(t.payer, 'default', -t.amount, 0)::hugeint + print_of(t.payee, 'default', t.amount, 0)::hugeint end,
    t.copies, t.booked_id, nullif(t.booked_ledger, t.ledger), nullif(t.booked_amount, coalesce(t.amount, c.amount)),
    t.booked_status, t.created_ns,
    coalesce(t.accepted > 0 and t.copies = 1 and t.answered_id = t.booked_id and t.booked_status = 'APPROVED'
        and t.flags & 1 = 0 and t.action <> 4, false), case
        when not in_effect or t.action = 4 or reverted then 'nothing'
        when t.flags & 1 = 0 then 'moved'
        when committed then 'moved'
        when cancelled then 'nothing'
        else 'held' end
from stepped t left join facts.prints p using (arrival_id) left join facts.leg_counts c using (arrival_id);
