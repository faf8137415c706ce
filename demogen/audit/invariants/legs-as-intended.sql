-- Every booked transaction of this run moved, in each balance, what its legs asked for and nothing else.
-- Source: contract 4.1, 7.1. Catches: leg-of-another-asset, swapped-direction, remaining-wrong, scale-truncation.
-- Needs: journal, balances, transactions.
with ours as (
    select t.id as transaction_id, t.key_id, e.origin, t.created_ns, case
            when e.action = 4 or t.status = 'CANCELED' then 'nothing'
            when t.status = 'PENDING' then 'held' else 'moved' end as effect
    from book.transactions t join facts.effects e using (key_id)
    where t.parent is null and e.origin not in (select origin from facts.torn)),
intended as (
    select o.transaction_id, l.account, l.balance_key,
        sum(case when l.side = 0 then -l.amount when o.effect = 'moved' then l.amount else 0 end) as available,
        sum(if(l.side = 0 and o.effect = 'held', l.amount, 0)) as on_hold
    from ours o join journal.legs l on l.arrival_id = o.origin
    where o.effect <> 'nothing' group by o.transaction_id, l.account, l.balance_key),
found as (
    select m.* from facts.moves m where m.transaction_id in (select transaction_id from ours)),
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
        if(on_hold <> 0 or found_on_hold <> 0, ' and ' || money_text(found_on_hold) || ' on hold', '')) as words,
    greatest(abs(c.available - c.found_available), abs(c.on_hold - c.found_on_hold)) as size,
    o.created_ns as at_ns, o.key_id, c.transaction_id
from compared c join ours o using (transaction_id) left join plan.accounts a on a.account = c.account
where c.available <> c.found_available or c.on_hold <> c.found_on_hold
union all
select format('transaction {}: {} of {} are booked', uuid_text(o.transaction_id), money_text(t.amount), money_text(asked.amount)),
    abs(t.amount - asked.amount), o.created_ns, o.key_id, o.transaction_id
from ours o join book.transactions t on t.id = o.transaction_id
join (select arrival_id, greatest(sum(amount) filter (side = 0), sum(amount) filter (side = 1)) as amount
      from journal.legs group by arrival_id) asked on asked.arrival_id = o.origin
where t.amount <> asked.amount;
