-- What follows from journal and book together; the invariants are written in these terms. `requests` is filled by
-- requests.sql, a stretch of keys at a time.
create schema facts;

-- The ids of external accounts are the ledger's own choice; the plan learns them from the balances.
update plan.accounts set account_id = known.account_id
from (from opening.balances union all by name from book.balances) known
where plan.accounts.external and plan.accounts.account = known.account;

-- Keys that were sent under more than one arrival: deliberate duplicates.
create table facts.repeated as
with again as (
    select distinct key_id from journal.attempts where action <= 6 and arrival_id <> key_id)
select key_id, count(*) as attempts, sum(tries) as tries, min(arrival_id) as earliest,
    bool_or(arrival_id = key_id) as has_origin, count(*) filter (outcome = 1) as accepted,
    count(*) filter (outcome = 3) as doubtful, count(*) filter (outcome = 2 and code = 84) as in_flight,
    max(transaction_id) filter (outcome = 1) as answered_id, max(code) as code, min(sent_ns) as sent_ns
from journal.attempts where action <= 6 and key_id in (from again) group by key_id;

-- Commits, cancels and reverts, by the transaction they are about.
create table facts.steps as
select subject,
    count(*) filter (action = 7 and outcome = 1) as committed, count(*) filter (action = 7 and outcome = 3) as maybe_committed,
    count(*) filter (action = 8 and outcome = 1) as cancelled, count(*) filter (action = 8 and outcome = 3) as maybe_cancelled,
    count(*) filter (action = 9 and outcome = 1 and not replayed) as reverted,
    count(*) filter (action = 9 and outcome = 1) as revert_answers,
    count(*) filter (action = 9 and outcome = 3) as maybe_reverted, count(*) filter (action = 9) as reverts,
    max(transaction_id) filter (action = 9 and outcome = 1) as reversal_id, any_value(ledger) as ledger,
    min(sent_ns) as sent_ns
from journal.attempts where action in (7, 8, 9) group by subject;

create table facts.reversals as
select parent, count(*) as copies, min(id) as transaction_id, sum(amount) as amount, min(created_ns) as created_ns
from book.transactions where parent is not null group by parent;

-- The prints (see schema.sql) of attempts with other legs than one payer and one payee: as moved, and as held.
create table facts.prints as
with gains as (
    select arrival_id, account, balance_key, sum(if(side = 0, -amount, amount)) as moved,
        sum(if(side = 0, amount, 0)) as held
    from journal.more_legs group by arrival_id, account, balance_key)
select arrival_id,
    coalesce(sum(print_of(account, balance_key, moved, 0)) filter (moved <> 0), 0) as moved,
    coalesce(sum(print_of(account, balance_key, -held, held)) filter (held <> 0), 0) as held
from gains group by arrival_id;
create table facts.leg_counts as
select arrival_id, count(*) as legs, sum(amount) filter (side = 0) as amount
from journal.more_legs group by arrival_id;

-- One row for each key that was sent: what was asked, what the ledger answered, what the book has. `origin` is the
-- attempt whose legs count; `torn` that the journal lost some of them; `as_asked` that the book's transaction did to each
-- balance what its status and those legs say; `ordinary` that it was acknowledged and is booked once, under that id, as
-- APPROVED, with no second step: most are, and need no closer look. `effect` is what the balances should have gained in the end: 'moved',
-- 'held' or 'nothing'; an acknowledged request counts whether or not the book has it, one in doubt where the book has it.
-- What is nearly always the same twice is stored where it differs only.
create table facts.stored_requests (
    key_id ubigint, origin ubigint, ledger uinteger, action utinyint, pending boolean, meant_to_fail boolean,
    torn boolean, payer integer, payee integer, amount money, attempts usmallint, tries usmallint, accepted usmallint,
    doubtful usmallint, in_flight usmallint, other_answer hugeint, code usmallint, sent_ns bigint, as_asked boolean,
    copies usmallint, booked_id hugeint, other_ledger uinteger, other_amount money, status varchar,
    created_ns bigint, ordinary boolean, effect varchar);
create view facts.requests as
select * exclude (other_answer, other_ledger, other_amount),
    coalesce(other_answer, if(accepted > 0, booked_id, null)) as answered_id,
    if(copies > 0, coalesce(other_ledger, ledger), null) as booked_ledger,
    if(copies > 0, coalesce(other_amount, amount), null) as booked_amount,
    coalesce(booked_id, other_answer) as transaction_id
from facts.stored_requests;
-- Transactions with a mark of this run whose key was never sent.
create table facts.unasked (id hugeint, ledger uinteger, key_id ubigint);

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

create macro ledger_text(row) as coalesce((select ledger_id from plan.ledgers where ledger = row), '?');
create macro mark_text(key) as
    (select run_id from plan.run) || '-' || (key // 68719476736)::varchar || '-' || (key % 68719476736)::varchar;

-- Commits, cancels and reverts of transactions that this run did not create.
create view facts.foreign_steps as
select * from facts.steps
where committed + cancelled + revert_answers + maybe_committed + maybe_cancelled + maybe_reverted > 0
    and subject not in (select transaction_id from facts.requests where transaction_id is not null);

-- Transactions that others made in ledgers this population shares, and the accounts they moved.
create view facts.others as
select t.id from book.transactions t join plan.ledgers p using (ledger) left join facts.steps s on s.subject = t.parent
where not p.own and t.key_id is null and s.subject is null
    and t.id > coalesce((select newest from opening.ledgers o where o.ledger = t.ledger), 0);
create table facts.touched_by_others as
select distinct account_id from book.operations where transaction_id in (from facts.others);
