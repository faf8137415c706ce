-- Each request with its own body of about 500 bytes and its own key.
local path = "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005/transactions/json"
local padding = string.rep(" ", 380)
local number = 0

request = function()
  number = number + 1
  local key = "r20260101-000000-0000-1-" .. number
  local body = '{"metadata":{"demogen_key":"' .. key .. '"},"send":{"asset":"USD","value":"10.5"}}' .. padding
  return wrk.format("POST", path, {["Content-Type"] = "application/json", ["X-Idempotency"] = key}, body)
end
