-- What follows from journal and book together; the invariants are written in these terms.
create schema facts;

-- The ids of external accounts are the ledger's own choice; the plan learns them from the balances.
update plan.accounts set account_id = known.account_id
from (from opening.balances union all by name from book.balances) known
where plan.accounts.external and plan.accounts.account = known.account;

-- Our marked creates as the book has them. A revert copies its original's mark, so it is left out (design 4.1).
create table facts.booked as
select key_id, count(*) as copies, min(id) as transaction_id, arg_min(ledger, id) as ledger,
    arg_min(status, id) as status, min(created_ns) as created_ns
from book.transactions where key_id is not null and parent is null group by key_id;

-- What was asked under each key, and what the ledger answered. `origin` is the attempt whose legs count.
create table facts.creates as
select key_id, arg_min(arrival_id, if(arrival_id = key_id, 0, 1)) as origin,
    arg_min(ledger, if(arrival_id = key_id, 0, 1)) as ledger, arg_min(action, if(arrival_id = key_id, 0, 1)) as action,
    bool_or(flags & 1 <> 0) as pending, bool_or(flags & 2 <> 0) as meant_to_fail,
    arg_min(leg_count, if(arrival_id = key_id, 0, 1)) as leg_count, count(*) as attempts, sum(tries) as tries,
    count(*) filter (outcome = 1) as accepted, count(*) filter (outcome = 3) as doubtful,
    count(*) filter (outcome = 2 and code = 84) as in_flight,
    max(transaction_id) filter (outcome = 1) as answered_id, min(sent_ns) as sent_ns, max(code) as code
from journal.attempts where action <= 6 group by key_id;

-- Commits, cancels and reverts, by the transaction they are about.
create table facts.steps as
select subject,
    count(*) filter (action = 7 and outcome = 1) as committed, count(*) filter (action = 7 and outcome = 3) as maybe_committed,
    count(*) filter (action = 8 and outcome = 1) as cancelled, count(*) filter (action = 8 and outcome = 3) as maybe_cancelled,
    count(*) filter (action = 9 and outcome = 1 and not replayed) as reverted,
    count(*) filter (action = 9 and outcome = 1) as revert_answers,
    count(*) filter (action = 9 and outcome = 3) as maybe_reverted, count(*) filter (action = 7) as commits,
    count(*) filter (action = 8) as cancels, count(*) filter (action = 9) as reverts,
    max(transaction_id) filter (action = 9 and outcome = 1) as reversal_id, any_value(ledger) as ledger,
    min(sent_ns) as sent_ns
from journal.attempts where action in (7, 8, 9) group by subject;

create table facts.reversals as
select parent, count(*) as copies, min(id) as transaction_id, sum(amount) as amount, min(created_ns) as created_ns
from book.transactions where parent is not null group by parent;

-- What each key should have done to the balances in the end: 'moved', 'held' or 'nothing'. An acknowledged request
-- counts whether or not the book has it; one in doubt counts where the book has it.
create table facts.effects as
with joined as (
    select c.key_id, c.origin, c.ledger, c.action, c.pending, c.leg_count, b.transaction_id as booked_id,
        coalesce(b.transaction_id, c.answered_id) as transaction_id, b.status, c.sent_ns,
        c.accepted > 0 or (c.doubtful + c.in_flight > 0 and b.key_id is not null) as in_effect
    from facts.creates c left join facts.booked b using (key_id)),
stepped as (
    select j.*, coalesce(s.committed > 0 or (s.maybe_committed > 0 and j.status = 'APPROVED'), false) as committed,
        coalesce(s.cancelled > 0 or (s.maybe_cancelled > 0 and j.status = 'CANCELED'), false) as cancelled,
        coalesce(s.revert_answers > 0 or (s.maybe_reverted > 0 and r.parent is not null), false) as reverted
    from joined j left join facts.steps s on s.subject = j.transaction_id
    left join facts.reversals r on r.parent = j.transaction_id)
select *, case
    when not in_effect or action = 4 or reverted then 'nothing'
    when not pending then 'moved'
    when committed then 'moved'
    when cancelled then 'nothing'
    else 'held' end as effect
from stepped;

-- Commits, cancels and reverts of transactions that this run did not create.
create view facts.foreign_steps as
select * from facts.steps where committed + cancelled + revert_answers + maybe_committed + maybe_cancelled + maybe_reverted > 0
    and subject not in (select transaction_id from facts.effects where transaction_id is not null);

-- Balances in one sign: what they are worth to the sum that never changes (contract 8.2). An overdraft companion
-- belongs to its account's default balance.
create macro worth(amount, direction) as if(direction = 'debit', -amount, amount);
create macro main_key(balance_key) as if(balance_key = 'overdraft', 'default', balance_key);
create table facts.balances_before as
select account_id, main_key(balance_key) as balance_key, any_value(account) as account, any_value(ledger) as ledger,
    any_value(alias) as alias, any_value(asset) as asset, arg_min(direction, balance_key = 'overdraft') as direction,
    sum(worth(available, direction)) as available, sum(on_hold) as on_hold
from opening.balances group by account_id, main_key(balance_key);
create table facts.balances_now as
select account_id, main_key(balance_key) as balance_key, any_value(account) as account, any_value(ledger) as ledger,
    any_value(alias) as alias, any_value(asset) as asset, arg_min(direction, balance_key = 'overdraft') as direction,
    sum(worth(available, direction)) as available, sum(on_hold) as on_hold
from book.balances group by account_id, main_key(balance_key);

-- What each transaction did to each balance, as the ledger's own operations tell it.
create view facts.moves as
select o.transaction_id, o.ledger, o.account, o.account_id, any_value(o.alias) as alias,
    main_key(o.balance_key) as balance_key, any_value(o.asset) as asset, count(*) as operations,
    sum(worth(o.available_after - o.available_before, b.direction)) as available,
    sum(o.on_hold_after - o.on_hold_before) as on_hold
from book.operations o left join (select balance_id, direction from book.balances) b using (balance_id)
where o.moves_balance
group by o.transaction_id, o.ledger, o.account, o.account_id, main_key(o.balance_key);

create macro ledger_text(row) as coalesce((select ledger_id from plan.ledgers where ledger = row), '?');
create macro mark_text(key) as (select run_id from plan.run) || '-' || (key // 68719476736)::varchar || '-' || (key % 68719476736)::varchar;

-- Transactions that others made in ledgers this population shares, and the accounts they moved.
create view facts.others as
select t.* from book.transactions t join plan.ledgers p using (ledger) left join facts.steps s on s.subject = t.parent
where not p.own and t.key_id is null and s.subject is null
    and t.id > coalesce((select newest from opening.ledgers o where o.ledger = t.ledger), 0);
create table facts.touched_by_others as
select distinct account_id from book.operations where transaction_id in (select id from facts.others);

-- Booked attempts whose legs the journal lost: a tail torn between the intent and its legs.
create table facts.torn as
with counted as (select arrival_id, count(*) as legs from journal.legs group by arrival_id)
select e.key_id, e.origin from facts.effects e left join counted c on c.arrival_id = e.origin
where e.effect <> 'nothing' and coalesce(c.legs, 0) < e.leg_count;
