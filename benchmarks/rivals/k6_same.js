// The work of ours_locust.py as one writes it for k6: drawn accounts and amounts, three patterns, refunds, outcomes
// judged and counted by pattern. No journal and no export: k6 is spared these.
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";

const ledger = "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005";
const customers = Array.from({ length: 400 }, (_, i) => `@customer-${i}`);
const merchants = Array.from({ length: 40 }, (_, i) => `@merchant-${i}`);
const outcomes = new Counter("outcomes");
const service = new Trend("service_time", true);

export const options = { vus: 32, duration: "120s" };

const pick = (from) => from[Math.floor(Math.random() * from.length)];

function amount() {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.max(1, Math.round(2500 * Math.exp(0.8 * normal)));
}

const text = (cents) => (cents / 100).toFixed(2);
const leg = (account, cents) => ({ accountAlias: account, amount: { asset: "USD", value: text(cents) } });

function send(pattern, path, body, key) {
  const answer = http.post(`${__ENV.TARGET}${ledger}/transactions/${path}`, body, {
    headers: { "Content-Type": "application/json", "X-Idempotency": key },
    tags: { name: pattern },
  });
  const id = answer.status === 201 ? answer.json("id") : "";
  outcomes.add(1, { pattern: pattern, outcome: id ? "accepted" : answer.status < 500 ? "rejected" : "indeterminate" });
  service.add(answer.timings.duration, { pattern: pattern });
  return id;
}

function book(pattern, cents, payer, targets) {
  const key = `r20260101-000000-${__VU}-1-${__ITER}`;
  const body = JSON.stringify({
    description: pattern,
    metadata: { demogen_key: key },
    send: { asset: "USD", value: text(cents), source: { from: [leg(payer, cents)] }, distribute: { to: targets } },
  });
  return send(pattern, "json", body, key);
}

export default function () {
  const cents = amount();
  const payer = pick(customers);
  const drawn = Math.random() * 8;
  if (drawn < 4) {
    const id = book("payment", cents, payer, [leg(pick(merchants), cents)]);
    if (id && Math.random() < 0.1) {
      send("payment", `${id}/revert`, null, `r20260101-000000-${__VU}-2-${__ITER}`);
    }
  } else if (drawn < 7) {
    book("transfer", cents, payer, [leg(pick(customers), cents)]);
  } else {
    const first = Math.floor(cents / 2);
    const second = Math.floor((cents * 3) / 10);
    const parts = [first, second, cents - first - second];
    book("split", cents, payer, parts.map((part) => leg(pick(customers), part)));
  }
}
