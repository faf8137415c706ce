-- Every account's balance before the load, plus what the journal did to it, is what the ledger says now.
-- Source: contract 8.2, 7.1, 7.2. Catches: lost-update, double-commit.
-- Needs: journal, opening, balances.
with gains as (
    select payer as account, 'default' as balance_key, sum(-amount) as available,
        sum(amount) filter (effect = 'held') as on_hold
    from facts.requests where payer is not null and effect <> 'nothing' group by payer
    union all
    select payee, 'default', sum(amount), 0
    from facts.requests where payer is not null and effect = 'moved' group by payee
    union all
    select l.account, l.balance_key, sum(case when l.side = 0 then -l.amount when r.effect = 'moved' then l.amount end),
        sum(l.amount) filter (l.side = 0 and r.effect = 'held')
    from journal.more_legs l join facts.requests r on r.origin = l.arrival_id
    where r.effect <> 'nothing' group by l.account, l.balance_key),
intended as (
    select a.account_id, g.balance_key, sum(g.available) as available, sum(g.on_hold) as on_hold
    from gains g join plan.accounts a using (account) group by a.account_id, g.balance_key),
compared as (
    select coalesce(n.account_id, b.account_id, i.account_id) as account_id,
        coalesce(n.balance_key, b.balance_key, i.balance_key) as balance_key,
        coalesce(n.alias, b.alias) as alias, coalesce(n.asset, b.asset) as asset,
        coalesce(n.direction, b.direction, 'credit') as direction,
        coalesce(b.available, 0) + coalesce(i.available, 0) as expected, coalesce(n.available, 0) as found,
        coalesce(b.on_hold, 0) + coalesce(i.on_hold, 0) as expected_hold, coalesce(n.on_hold, 0) as found_hold
    from facts.balances_now n
    full join facts.balances_before b using (account_id, balance_key)
    full join intended i
        on i.account_id = coalesce(n.account_id, b.account_id) and i.balance_key = coalesce(n.balance_key, b.balance_key)),
wrong as (
    select * from compared
    where (expected <> found or expected_hold <> found_hold)
        and account_id not in (select account_id from facts.touched_by_others)),
-- Why, as far as one request or one operation can tell: the earliest for each account.
suspects as (
    select key_id, origin, sent_ns, payer, payee, booked_id, case
            when accepted > 0 and copies = 0 then 'request ' || mark_text(key_id) || ' was acknowledged and is not booked'
            when copies > 1 then 'request ' || mark_text(key_id) || ' is booked ' || copies || ' times'
            when accepted = 0 and doubtful = 0 and in_flight = 0 and copies > 0
                then 'request ' || mark_text(key_id) || ' was refused and is booked'
            when not as_asked then 'transaction ' || uuid_text(booked_id) || ' did not do what was asked'
        end as cause
    from facts.requests where not ordinary or not as_asked),
blamed as (
    select a.account_id, s.sent_ns as at_ns, s.cause
    from suspects s join plan.accounts a on a.account in (s.payer, s.payee)
    where s.cause is not null and a.account_id in (select account_id from wrong)
    union all
    select a.account_id, s.sent_ns, s.cause
    from suspects s join journal.more_legs l on l.arrival_id = s.origin join plan.accounts a using (account)
    where s.cause is not null and a.account_id in (select account_id from wrong)
    union all
    select o.account_id, t.created_ns, 'transaction ' || uuid_text(o.id) || ' of ' || moment_text(t.created_ns)
        || ' began at ' || money_text(o.available_before) || ' where ' || money_text(o.last_available) || ' had been left'
    from (select account_id, transaction_id as id, available_before, lag(available_after) over (
              partition by balance_id order by version_after, id) as last_available
          from book.operations where moves_balance and account_id in (select account_id from wrong)) o
    join book.transactions t on t.id = o.id
    where o.last_available <> o.available_before),
causes as (select account_id, min(at_ns) as at_ns, arg_min(cause, at_ns) as cause from blamed group by account_id)
select format('account {} ({}, {}): expected {}{}, the ledger says {}{}', coalesce(alias, uuid_text(account_id)),
        coalesce(asset, '?'), balance_key, money_text(worth(expected, direction)),
        if(expected_hold <> 0 or found_hold <> 0, ' and ' || money_text(expected_hold) || ' on hold', ''),
        money_text(worth(found, direction)),
        if(expected_hold <> 0 or found_hold <> 0, ' and ' || money_text(found_hold) || ' on hold', ''))
        || coalesce('; ' || c.cause, '') as words,
    greatest(abs(expected - found), abs(expected_hold - found_hold)) as size, coalesce(c.at_ns, 0) as at_ns, account_id
from wrong left join causes c using (account_id);
-- Unknown: what the journal alone cannot replay.
select format('ledger {} was not read before the load', ledger_id) as reason
from plan.ledgers where ledger not in (select ledger from opening.ledgers)
union all
select format('{} requests are in doubt, and transactions were not read', count(*))
from journal.attempts where outcome = 3 and (select depth from plan.run) = 'balances' having count(*) > 0
union all
select format('{} balances of shared ledgers were moved by others', count(*))
from facts.touched_by_others having count(*) > 0
union all
select format('{} commits, cancels or reverts are of transactions from before the run', count(*))
from facts.foreign_steps having count(*) > 0
union all
select format('the legs of {} booked attempts are missing from the journal', count(*))
from facts.requests where torn and effect <> 'nothing' having count(*) > 0;
