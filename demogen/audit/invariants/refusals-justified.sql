-- No request was refused for a reason that the book disproves.
-- Source: contract 4.3, 7.1, 7.2, 10. Catches: false-refusal.
-- Needs: journal, opening, balances, transactions.
-- A refusal for want of funds is wrong where even a balance's lowest point since before the load was enough.
with refused as (
    select arrival_id, key_id, action, subject, code, sent_ns from journal.attempts
    where outcome = 2 and code in (18, 87, 99) and action not in (3, 4)),
unreverted as (
    from book.operations where transaction_id in (select subject from refused where code = 18 and action = 9)),
asked as (
    select r.arrival_id, a.account_id, a.alias, l.balance_key, sum(l.amount) as amount
    from refused r join journal.legs l using (arrival_id) join plan.accounts a using (account)
    where r.code = 18 and l.side = 0 and l.amount > 0 and r.action <= 6
    group by r.arrival_id, a.account_id, a.alias, l.balance_key
    union all
    select r.arrival_id, m.account_id, any_value(m.alias), m.balance_key, sum(m.available)
    from refused r join moves_of('unreverted') m on m.transaction_id = r.subject
    where r.code = 18 and r.action = 9 group by r.arrival_id, m.account_id, m.balance_key having sum(m.available) > 0),
lowest as (
    select account_id, balance_key, min(available) as available from (
        select account_id, balance_key, available from opening.balances where account_type <> 'external'
        union all
        select account_id, balance_key, least(available_before, available_after)
        from book.operations where moves_balance and account_id in (select account_id from asked))
    group by account_id, balance_key),
sufficient as (
    select q.arrival_id, bool_and(coalesce(l.available >= q.amount, false)) as enough,
        any_value(q.alias) as alias, max(q.amount) as amount, min(l.available) as available
    from asked q left join lowest l using (account_id, balance_key) group by q.arrival_id)
select format('request {} was refused for want of {} on {}, which never stood below {}', mark_text(r.key_id),
        money_text(s.amount), s.alias, money_text(s.available)) as words,
    s.amount as size, r.sent_ns as at_ns, r.key_id, null::hugeint as transaction_id
from refused r join sufficient s using (arrival_id) where s.enough
union all
select format('the revert of {} was refused as done already, and no reversal of it is in the book', uuid_text(r.subject)),
    0, r.sent_ns, r.key_id, r.subject
from refused r join book.transactions t on t.id = r.subject left join facts.reversals v on v.parent = r.subject
where r.code = 87 and v.parent is null
union all
select format('{} of {} was refused for its status, which is {}', if(r.action = 7, 'the commit', 'the cancel'),
        uuid_text(r.subject), t.status), 0, r.sent_ns, r.key_id, r.subject
from refused r join book.transactions t on t.id = r.subject
where r.code = 99 and r.action in (7, 8) and t.status = 'PENDING';
