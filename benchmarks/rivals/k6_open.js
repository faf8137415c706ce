// An open loop at a fixed rate, with as many virtual users as it is given.
import http from "k6/http";

const path =
  "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005/transactions/json";
const padding = " ".repeat(380);

export const options = {
  scenarios: {
    open: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE),
      timeUnit: "1s",
      duration: `${__ENV.SECONDS}s`,
      preAllocatedVUs: Number(__ENV.VUS),
      maxVUs: Number(__ENV.VUS),
    },
  },
};

export default function () {
  const key = `r20260101-000000-${__VU}-1-${__ITER}`;
  const body = `{"metadata":{"demogen_key":"${key}"},"send":{"asset":"USD","value":"10.5"}}` + padding;
  http.post(__ENV.TARGET + path, body, { headers: { "Content-Type": "application/json", "X-Idempotency": key } });
}
