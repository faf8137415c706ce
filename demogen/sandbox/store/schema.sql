-- Everything the sandbox keeps. Keys come from one growing generator (ids.py), so every table is appended to at its end.
create table if not exists meta (name text primary key, value text not null) without rowid;

-- Organizations, ledgers, assets, portfolios, segments, accounts, types, routes, rates, indexes: one JSON body each.
create table if not exists documents (
    key integer primary key,
    kind text not null,
    scope integer not null,   -- the ledger, or for ledgers the organization, or 0
    name text,                -- natural key: alias, code, key value
    body text not null,
    deleted integer
);
create index if not exists documents_by_scope on documents (kind, scope, key) where deleted is null;
create index if not exists documents_by_name on documents (kind, scope, name) where deleted is null and name is not null;

create table if not exists balances (
    key integer primary key,
    ledger integer not null,
    account integer not null,
    alias text not null,
    name text not null,       -- the balance key: default, overdraft, ...
    asset text not null,
    account_type text not null,
    direction text not null,
    available text not null,
    on_hold text not null,
    version integer not null,
    overdraft_used text not null,
    allow_sending integer not null,
    allow_receiving integer not null,
    settings text,
    created integer not null,
    updated integer not null,
    deleted integer,
    ruling_sending integer not null,
    ruling_receiving integer not null,
    ruling_until integer not null
);
create unique index if not exists balances_by_alias on balances (ledger, alias, name) where deleted is null;
create index if not exists balances_by_account on balances (account, key) where deleted is null;
create index if not exists balances_by_ledger on balances (ledger, key) where deleted is null;

create table if not exists transactions (
    key integer primary key,
    ledger integer not null,
    parent integer,
    status text not null,
    kind text not null,       -- json, annotation, block, unblock
    description text not null,
    amount text not null,
    asset text not null,
    group_name text not null,
    route text not null,
    route_id text,
    metadata text,
    sides text not null,      -- ["source alias", ...] and ["destination alias", ...] in leg order
    first_from integer, first_to integer,    -- keys of the operations of the create
    second_from integer, second_to integer,  -- keys of the operations of commit or cancel
    created integer not null,
    updated integer not null,
    stepped integer,          -- when it was committed or cancelled
    mark text,                -- idempotency key or body hash
    mark_until integer not null
);
-- Wide enough to list and to count without a look at the rows.
create index if not exists transactions_by_ledger on transactions (ledger, key, created, status);
create index if not exists transactions_by_parent on transactions (parent) where parent is not null;

create table if not exists operations (
    key integer primary key,
    transaction_key integer not null,
    account integer not null,
    balance integer not null,
    type text not null,
    direction text not null,
    amount text not null,
    available_before text not null, on_hold_before text not null, version_before integer not null, used_before text not null,
    available_after text not null, on_hold_after text not null, version_after integer not null, used_after text not null,
    affected integer not null,
    asset text not null,
    alias text not null,
    name text not null,
    description text not null,
    chart text not null,
    route text not null,
    route_id text, route_code text, route_description text,
    metadata text,
    created integer not null,
    updated integer not null
);

-- Which operations an account has. Filled in sorted batches and not row by row: see journal.py.
create table if not exists account_operations (account integer, operation integer, primary key (account, operation)) without rowid;

-- Legs of pending transactions, kept until commit or cancel.
create table if not exists holds (transaction_key integer primary key, body text not null);

-- First answers that a later PATCH would change, kept for replays (contract 6).
create table if not exists answers (transaction_key integer primary key, body blob not null);

-- Idempotency marks with a time to live of their own.
create table if not exists long_marks (ledger integer, mark text, transaction_key integer, until integer, primary key (ledger, mark)) without rowid;
