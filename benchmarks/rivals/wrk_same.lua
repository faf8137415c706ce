-- The work of ours_locust.py as one writes it for wrk: drawn accounts and amounts, three patterns, refunds, outcomes
-- counted. wrk does not say which answer belongs to which request, so outcomes are not told apart by pattern.
local ledger = "/v1/organizations/01980000-0000-7000-8000-000000000004/ledgers/01980000-0000-7000-8000-000000000005"
local path = ledger .. "/transactions/json"
local number, outcomes, refunds = 0, {}, {}

local function amount()
  local normal = math.sqrt(-2 * math.log(1 - math.random())) * math.cos(2 * math.pi * math.random())
  return math.max(1, math.floor(2500 * math.exp(0.8 * normal) + 0.5))
end

local function text(cents) return string.format("%.2f", cents / 100) end
local function customer() return "@customer-" .. math.random(0, 399) end

local function leg(account, cents)
  return '{"accountAlias":"' .. account .. '","amount":{"asset":"USD","value":"' .. text(cents) .. '"}}'
end

local function post(to, body)
  number = number + 1
  local key = "r20260101-000000-0000-1-" .. number
  return wrk.format("POST", to, {["Content-Type"] = "application/json", ["X-Idempotency"] = key}, body and body(key))
end

request = function()
  local refunded = table.remove(refunds)
  if refunded then return post(ledger .. "/transactions/" .. refunded .. "/revert") end
  local cents, drawn, pattern, targets = amount(), math.random() * 8, "split", nil
  if drawn < 4 then
    pattern, targets = "payment", leg("@merchant-" .. math.random(0, 39), cents)
  elseif drawn < 7 then
    pattern, targets = "transfer", leg(customer(), cents)
  else
    local first, second = math.floor(cents / 2), math.floor(cents * 3 / 10)
    targets = leg(customer(), first) .. "," .. leg(customer(), second) .. "," .. leg(customer(), cents - first - second)
  end
  return post(path, function(key)
    return '{"description":"' .. pattern .. '","metadata":{"demogen_key":"' .. key .. '"},"send":{"asset":"USD","value":"'
      .. text(cents) .. '","source":{"from":[' .. leg(customer(), cents) .. ']},"distribute":{"to":[' .. targets .. ']}}}'
  end)
end

response = function(status, _, body)
  local id = status == 201 and string.match(body, '^{"id":"([^"]+)"')
  local outcome = id and "accepted" or status < 500 and "rejected" or "indeterminate"
  outcomes[outcome] = (outcomes[outcome] or 0) + 1
  if id and math.random() < 0.05 then refunds[#refunds + 1] = id end
end
