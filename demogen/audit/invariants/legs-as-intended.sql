-- Every booked transaction of this run moved, in each balance, what its legs asked for and nothing else.
-- Source: contract 4.1, 7.1. Catches: remaining-wrong, swapped-direction, scale-truncation.
-- Needs: journal, balances, transactions.
with suspects as (
    select booked_id as transaction_id, key_id, origin, created_ns, pending, case
            when action = 4 or status = 'CANCELED' then 'nothing'
            when status = 'PENDING' then 'held' else 'moved' end as effect
    from facts.requests where not as_asked and not torn),
intended as (
    select s.transaction_id, l.account, l.balance_key,
        sum(case when l.side = 0 then -l.amount when s.effect = 'moved' then l.amount else 0 end) as available,
        sum(if(l.side = 0 and s.effect = 'held', l.amount, 0)) as on_hold
    from suspects s join journal.legs l on l.arrival_id = s.origin
    where s.effect <> 'nothing' group by s.transaction_id, l.account, l.balance_key),
their_operations as (from book.operations where transaction_id in (select transaction_id from suspects)),
found as (from moves_of('their_operations')),
compared as (
    select coalesce(f.transaction_id, i.transaction_id) as transaction_id, coalesce(f.account, i.account) as account,
        coalesce(f.balance_key, i.balance_key) as balance_key, f.alias,
        coalesce(i.available, 0) as available, coalesce(i.on_hold, 0) as on_hold,
        coalesce(f.available, 0) as found_available, coalesce(f.on_hold, 0) as found_on_hold
    from found f full join intended i on i.transaction_id = f.transaction_id and i.account = f.account
        and i.balance_key = f.balance_key)
select format('transaction {}: {} ({}) should change by {}{} and changed by {}{}', uuid_text(c.transaction_id),
        coalesce(c.alias, a.alias, '?'), c.balance_key, money_text(c.available),
        if(on_hold <> 0 or found_on_hold <> 0, ' and ' || money_text(on_hold) || ' on hold', ''),
        money_text(c.found_available),
        if(on_hold <> 0 or found_on_hold <> 0, ' and ' || money_text(found_on_hold) || ' on hold', ''))
        || if(c.available > 0 and c.found_available = 0,
            known_fault('v4', 'v4 is known to book nothing for a remaining leg (contract 13.1)')
            || if(s.pending, known_fault('v3.8', 'v3.8 is known to forget a remaining leg when a hold is committed (contract 7.3)'), ''),
            '') as words,
    greatest(abs(c.available - c.found_available), abs(c.on_hold - c.found_on_hold)) as size,
    s.created_ns as at_ns, s.key_id, c.transaction_id
from compared c join suspects s using (transaction_id) left join plan.accounts a on a.account = c.account
where c.available <> c.found_available or c.on_hold <> c.found_on_hold
union all
select format('transaction {}: {} were asked for, and it says {}', uuid_text(booked_id), money_text(amount),
        money_text(booked_amount)), abs(booked_amount - amount), created_ns, key_id, booked_id
from facts.requests where booked_amount <> amount and not torn;
