-- Each balance is one unbroken chain: every operation begins where the one before it ended, versions have no gap,
-- the first begins at the balance before the load, the last ends at the balance now, and each moves its own amount in
-- its own direction.
-- Source: contract 8.1, 4.4. Catches: stale-balance-read, version-gap.
-- Needs: opening, balances, transactions.
-- An operation of an older transaction belongs to the chain where it came after the opening: a late commit.
with later as not materialized (
    select o.* from book.operations o left join opening.ledgers l using (ledger)
    left join (select balance_id, version from opening.balances) b using (balance_id)
    where o.moves_balance and (o.transaction_id > coalesce(l.newest, 0) or version_before >= coalesce(b.version, 0))),
-- A chain is whole exactly when the states its links leave are the states its links enter: compare them as multisets
-- (sums of hashes), which needs no sort, and look closely only where they differ.
ends as (
    select balance_id, sum(hash(version_after, available_after, on_hold_after)) as left_behind,
        sum(hash(version_before, available_before, on_hold_before)) as entered
    from later group by balance_id
    union all
    select balance_id, hash(version, available, on_hold), 0 from opening.balances
    union all
    select balance_id, 0, hash(version, available, on_hold) from book.balances),
broken as (select balance_id from ends group by balance_id having sum(left_behind) <> sum(entered)),
links as (
    select balance_id, id, transaction_id, alias, balance_key, version_before, available_before, on_hold_before,
        version_after, available_after, on_hold_after
    from later where balance_id in (from broken)
    union all
    select balance_id, null, null, alias, balance_key, null, null, null, version, available, on_hold
    from opening.balances where balance_id in (from broken)
    union all
    select balance_id, null, null, alias, balance_key, version, available, on_hold, null, null, null
    from book.balances where balance_id in (from broken)),
walked as (
    select links.*, lag(version_after) over link as last_version, lag(available_after) over link as last_available,
        lag(on_hold_after) over link as last_on_hold
    from links
    window link as (partition by balance_id order by coalesce(version_after, 9223372036854775807),
        coalesce(version_before, -1), id))
select format('balance {} ({}): {} version {} with {} available and {} on hold, but {}', alias, balance_key,
        if(transaction_id is null, 'the ledger says it is at', 'transaction ' || uuid_text(transaction_id) || ' begins at'),
        version_before, money_text(available_before), money_text(on_hold_before),
        if(last_version is null, 'nothing stood before it', format('before {} version {} with {} and {}',
            if(transaction_id is null, 'that it was left at', 'it stood'), last_version, money_text(last_available),
            money_text(last_on_hold)))) as words,
    abs(coalesce(last_available, 0) - available_before) + abs(coalesce(last_on_hold, 0) - on_hold_before) as size,
    coalesce(t.created_ns, 9223372036854775807) as at_ns, t.key_id, walked.transaction_id
from walked left join book.transactions t on t.id = walked.transaction_id
where version_before is not null
    and (last_version, last_available, last_on_hold) is distinct from (version_before, available_before, on_hold_before)
    and not (last_version is null and version_before = 0 and available_before = 0 and on_hold_before = 0)
union all
select format('transaction {}: a {} of {} on {} ({}) changes the balance by {} and {} on hold, version {} to {}',
        uuid_text(o.transaction_id), o.type || if(lower(o.type) = o.direction, '', ' (' || o.direction || ')'),
        money_text(o.amount), o.alias, o.balance_key,
        money_text(o.available_after - o.available_before), money_text(o.on_hold_after - o.on_hold_before),
        o.version_before, o.version_after),
    abs(abs(o.available_after - o.available_before) - abs(o.amount)), t.created_ns, t.key_id, o.transaction_id
from book.operations o left join book.transactions t on t.id = o.transaction_id
left join (select balance_id, direction from book.balances) b on b.balance_id = o.balance_id
where o.moves_balance
    -- Nearly all are as simple as this; only the others are looked at closely.
    and not (o.version_after = o.version_before + 1 and o.on_hold_after = o.on_hold_before
        and o.available_after - o.available_before
            = if((o.direction = 'credit') = starts_with(o.alias, '@external/'), -o.amount, o.amount)
        and ((o.type = 'CREDIT' and o.direction = 'credit') or (o.type = 'DEBIT' and o.direction = 'debit')))
    and (o.version_after <> o.version_before + 1
    -- What a source gives goes down, what a target receives goes up; on a debit balance the other way round.
    or (o.type in ('DEBIT', 'CREDIT') and lower(o.type) <> o.direction)
    or (o.type in ('DEBIT', 'CREDIT') and sign(worth(o.available_after - o.available_before,
        coalesce(b.direction, if(starts_with(o.alias, '@external/'), 'debit', 'credit')))) = if(o.type = 'DEBIT', 1, -1))
    or abs(o.amount) <> greatest(abs(o.available_after - o.available_before), abs(o.on_hold_after - o.on_hold_before))
    or (abs(o.available_after - o.available_before) not in (0, abs(o.amount)))
    or (abs(o.on_hold_after - o.on_hold_before) not in (0, abs(o.amount))));
-- Unknown: a ledger whose balances were not read before the load.
select format('ledger {} was not read before the load', ledger_id) as reason
from plan.ledgers where ledger not in (select ledger from opening.ledgers);
