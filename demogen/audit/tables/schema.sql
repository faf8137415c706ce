-- What the invariants may look at. Money is a decimal of 18 digits after the point; ids are 128-bit integers.
create type money as decimal(38, 18);

create macro wide(hi, lo) as hi::hugeint * 18446744073709551616 + lo::hugeint;
create macro atto_money(hi, lo) as wide(hi, lo)::decimal(38, 0) * 0.000000000000000001::decimal(18, 18);
create macro uuid_text(id) as regexp_replace(
    format('{:032x}', id), '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5');
create macro id_of(uuid) as ('0x' || replace(uuid, '-', ''))::hugeint;
create macro money_text(amount) as case
    when amount is null then '?'
    else rtrim(rtrim((amount::decimal(38, 18))::varchar, '0'), '.') end;
create macro moment_text(wall_ns) as case
    when coalesce(wall_ns, 0) = 0 then '?'
    else strftime(make_timestamp(wall_ns // 1000), '%Y-%m-%d %H:%M:%S.%f') end;

-- A decimal text as money; an error where it is finer than 18 digits, since a cast would round it away.
create macro exact_money(amount) as case
    when length(split_part(amount, '.', 2)) > 18 then error('finer than 18 digits: ' || amount)
    else amount::decimal(38, 18) end;
-- The key that a mark of this run names: generation * 2^36 + arrival; null for anybody else's mark.
create macro key_of_mark(mark, run_id) as case when starts_with(mark, run_id || '-') then
    try_cast(split_part(substr(mark, length(run_id) + 2), '-', 1) as ubigint) * 68719476736
    + try_cast(split_part(substr(mark, length(run_id) + 2), '-', 2) as ubigint) end;

create schema plan;
create table plan.ledgers (ledger uinteger, organization_id varchar, ledger_id varchar, own boolean);
create table plan.accounts (
    account integer, account_id hugeint, alias varchar, asset varchar, ledger uinteger, external boolean);
create table plan.run (run_id varchar, depth varchar, dialect varchar);
-- What a version of the ledger is known to do, appended to the words of what looks like it.
create macro known_fault(dialect, words) as if((select r.dialect from plan.run r) = dialect, '; ' || words, '');

-- The journal: one row for each arrival that was sent, however often; times are wall-clock nanoseconds. A leg of zero
-- is a leg too, but makes no operation (contract 4.1).
create schema journal;
create table journal.patterns (process usmallint, pattern usmallint, name varchar);
create table journal.attempts (
    arrival_id ubigint, key_id ubigint, action utinyint, pattern usmallint, phase usmallint, flags usmallint,
    leg_count utinyint, ledger uinteger, subject hugeint, outcome utinyint, status usmallint, code usmallint,
    replayed boolean, fault utinyint, tries usmallint, transaction_id hugeint, due_ns bigint, sent_ns bigint,
    answered_ns bigint, process usmallint, payer integer, payee integer, amount money);
-- Most attempts have one payer and one payee on their default balances; these are all the other legs.
create table journal.more_legs (
    arrival_id ubigint, account integer, side utinyint, balance_key varchar, amount money);
create view journal.legs as
select arrival_id, payer as account, 0::utinyint as side, 'default' as balance_key, amount
from journal.attempts where payer is not null
union all
select arrival_id, payee, 1, 'default', amount from journal.attempts where payer is not null
union all
select * from journal.more_legs;

-- The ledger as read back: `opening` just before the load, `book` after it. Times are wall-clock nanoseconds.
create schema opening;
create table opening.balances (
    balance_id hugeint, ledger uinteger, account integer, account_id hugeint, alias varchar, balance_key varchar,
    asset varchar, available money, on_hold money, version bigint, direction varchar, account_type varchar);
create table opening.ledgers (ledger uinteger, newest hugeint, read_ns bigint);

create schema book;
create table book.balances (
    balance_id hugeint, ledger uinteger, account integer, account_id hugeint, alias varchar, balance_key varchar,
    asset varchar, available money, on_hold money, version bigint, direction varchar, account_type varchar);
-- `operations` to `mixed` sum up a transaction's own operations (see footprints): how many there are, what they leave
-- over, what they hold, a print of what each balance gained, and whether they are of several assets.
create table book.transactions (
    id hugeint, ledger uinteger, parent hugeint, status varchar, amount money, asset varchar, mark varchar,
    key_id ubigint, created_ns bigint, operations usmallint, residue money, held money, print hugeint, mixed boolean);
create table book.operations (
    id hugeint, transaction_id hugeint, ledger uinteger, account integer, account_id hugeint, alias varchar,
    balance_id hugeint, balance_key varchar, type varchar, direction varchar, asset varchar, amount money,
    available_before money, on_hold_before money, version_before bigint,
    available_after money, on_hold_after money, version_after bigint, moves_balance boolean);

-- Balances in one sign: what they are worth to the sum that never changes (contract 8.2). An overdraft companion
-- belongs to its account's default balance.
create macro worth(amount, direction) as if(direction = 'debit', -amount, amount);
create macro main_key(balance_key) as if(balance_key = 'overdraft', 'default', balance_key);
-- A number for one balance's gain; a transaction's print is the sum of its balances', so their order does not matter.
create macro print_of(account, balance_key, available, on_hold) as hash(
    account::integer, balance_key::varchar, available::decimal(38, 18), on_hold::decimal(38, 18));
-- What operations (a table of the shape of book.operations) did to each balance, by transaction.
create macro moves_of(from_table) as table
select o.transaction_id, any_value(o.ledger) as ledger, o.account, o.account_id, any_value(o.alias) as alias,
    main_key(o.balance_key) as balance_key, any_value(o.asset) as asset, min(o.asset) <> max(o.asset) as mixed,
    count(*) as operations, sum(o.on_hold_after - o.on_hold_before) as on_hold,
    sum(worth(o.available_after - o.available_before,
        coalesce(b.direction, if(starts_with(o.alias, '@external/'), 'debit', 'credit')))) as available
from query_table(from_table) o left join (select balance_id, direction from book.balances) b using (balance_id)
where o.moves_balance
group by o.transaction_id, o.account, o.account_id, main_key(o.balance_key);
create macro footprints(from_table) as table
select transaction_id, sum(operations)::usmallint as operations, sum(available + on_hold) as residue,
    sum(on_hold) as held, any_value(asset) as asset,
    coalesce(sum(print_of(account, balance_key, available, on_hold)) filter (available <> 0 or on_hold <> 0), 0) as print,
    bool_or(mixed) or min(asset) <> max(asset) as mixed
from moves_of(from_table) group by transaction_id;
