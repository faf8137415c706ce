-- Every reversal names an original, undoes exactly what that did, once, and is no reversal of a reversal.
-- Source: contract 7.2. Catches: reversal-not-linked, double-reversal.
-- Needs: journal, balances, transactions.
with answered as (
    select a.subject, a.transaction_id, a.sent_ns, t.id, t.parent
    from journal.attempts a left join book.transactions t on t.id = a.transaction_id
    where a.action = 9 and a.outcome = 1 and not a.replayed),
linked as (
    select t.id, t.parent, t.amount, t.asset, t.created_ns, p.id as original, p.parent as grandparent,
        p.amount as original_amount, p.asset as original_asset, p.status as original_status
    from book.transactions t left join book.transactions p on p.id = t.parent where t.parent is not null),
pairs as (
    select id, parent, created_ns, id as part from linked where original_status = 'APPROVED'
    union all
    select id, parent, created_ns, original from linked where original_status = 'APPROVED'),
with_originals as (from book.operations where transaction_id in (select part from pairs)),
gains as (from moves_of('with_originals')),
undone as (
    select p.id, p.parent, g.account_id, g.balance_key, any_value(g.alias) as alias, sum(g.available) as residue,
        any_value(p.created_ns) as created_ns
    from pairs p join gains g on g.transaction_id = p.part
    group by p.id, p.parent, g.account_id, g.balance_key having sum(g.available) <> 0)
select format('the reversal {} of {} {}', uuid_text(transaction_id), uuid_text(subject),
        if(id is null, 'is not in the book', 'names ' || coalesce(uuid_text(parent), 'no original'))) as words,
    1::double as size, sent_ns as at_ns, null::ubigint as key_id, transaction_id
from answered where id is null or parent is distinct from subject
union all
select format('the reversal {} of {} {}', uuid_text(id), uuid_text(parent), case
        when grandparent is not null then 'reverses a reversal'
        when original_status <> 'APPROVED' then 'reverses a transaction that is ' || original_status
        else format('moves {} {} instead of {} {}', money_text(amount), asset, money_text(original_amount), original_asset) end),
    abs(amount - coalesce(original_amount, amount))::double, created_ns, null, id
from linked where original is not null and (grandparent is not null or original_status <> 'APPROVED'
    or (amount, asset) is distinct from (original_amount, original_asset))
union all
select format('the reversal {} of {} leaves {} on {} ({})', uuid_text(id), uuid_text(parent), money_text(residue), alias, balance_key),
    abs(residue)::double, created_ns, null, id
from undone
union all
select format('transaction {} has {} reversals', uuid_text(parent), copies), copies::double, created_ns, null, parent
from facts.reversals where copies > 1;
