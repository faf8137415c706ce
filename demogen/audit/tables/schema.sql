-- What the invariants may look at. Money is a decimal of 18 digits after the point; ids are 128-bit integers.
create type money as decimal(38, 18);

create macro wide(hi, lo) as hi::hugeint * 18446744073709551616 + lo::hugeint;
create macro uuid_text(id) as regexp_replace(
    format('{:032x}', id), '^(.{8})(.{4})(.{4})(.{4})(.{12})$', '\1-\2-\3-\4-\5');
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
create table plan.run (run_id varchar, depth varchar);

-- The journal: one row for each arrival that was sent, however often; times are wall-clock nanoseconds. A leg of zero
-- is a leg too, but makes no operation (contract 4.1).
create schema journal;
create table journal.attempts (
    arrival_id ubigint, key_id ubigint, action utinyint, pattern usmallint, phase usmallint, flags usmallint,
    leg_count utinyint, ledger uinteger, subject hugeint, outcome utinyint, status usmallint, code usmallint,
    replayed boolean, fault utinyint, tries usmallint, transaction_id hugeint, due_ns bigint, sent_ns bigint,
    answered_ns bigint, process usmallint);
create table journal.legs (
    arrival_id ubigint, account integer, side utinyint, balance_key varchar, amount money);

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
create table book.transactions (
    id hugeint, ledger uinteger, parent hugeint, status varchar, amount money, asset varchar, mark varchar,
    key_id ubigint, created_ns bigint);
create table book.operations (
    id hugeint, transaction_id hugeint, ledger uinteger, account integer, account_id hugeint, alias varchar,
    balance_id hugeint, balance_key varchar, type varchar, direction varchar, asset varchar, amount money,
    available_before money, on_hold_before money, version_before bigint,
    available_after money, on_hold_after money, version_after bigint, moves_balance boolean);
