-- What wrk sends, chosen by environment variables:
--   LOAD_TOKEN     the Authorization header
--   LOAD_MODE      get | pages (the path with offset=0, 50, 100, ...) | create | toggle
--                  | frontend (another user in each query) | ofrep (another user in each body)
--                  | metrics (of 50 flags) | register
--   LOAD_PREFIX    names of flags begin with this
--   LOAD_FLAGS     toggle: how many flags there are, prefix1 ... prefixN
--   LOAD_ENCODING  Accept-Encoding      LOAD_ETAG  If-None-Match
-- The last line of the output is one JSON object.

local mode = os.getenv("LOAD_MODE") or "get"
local prefix = os.getenv("LOAD_PREFIX") or "flag-"
local flags = tonumber(os.getenv("LOAD_FLAGS") or "1")
local features = "/api/admin/projects/default/features"
local sent = 0

function setup(thread)
  thread:set("number", 0)
end

function init()
  wrk.headers["Authorization"] = os.getenv("LOAD_TOKEN")
  wrk.headers["Accept-Encoding"] = os.getenv("LOAD_ENCODING")
  wrk.headers["If-None-Match"] = os.getenv("LOAD_ETAG")
  if mode ~= "get" and mode ~= "pages" and mode ~= "frontend" then wrk.headers["Content-Type"] = "application/json" end
  if mode == "metrics" then
    local counted = {}
    for i = 1, 50 do counted[i] = '"flag-' .. i .. '":{"yes":' .. i .. ',"no":1,"variants":{}}' end
    metrics = '{"appName":"web","instanceId":"i1","bucket":{"start":"2026-11-30T12:00:00Z","stop":"2026-11-30T12:01:00Z","toggles":{' ..
      table.concat(counted, ",") .. '}}}'
  end
end

function request()
  if mode == "get" then return wrk.format("GET") end
  sent = sent + 1
  if mode == "pages" then return wrk.format("GET", wrk.path .. "offset=" .. sent % 2000 * 50) end
  if mode == "frontend" then return wrk.format("GET", wrk.path .. "?appName=web&userId=u" .. sent) end
  if mode == "ofrep" then
    return wrk.format("POST", nil, nil, '{"context":{"appName":"web","targetingKey":"u' .. sent .. '"}}')
  end
  if mode == "metrics" then return wrk.format("POST", nil, nil, metrics) end
  if mode == "register" then
    return wrk.format("POST", nil, nil, '{"appName":"web","instanceId":"i' .. sent % 200 ..
      '","strategies":["default"],"started":"2026-11-30T12:00:00Z","interval":60000,"sdkVersion":"unleash-client-node:6.1.0"}')
  end
  if mode == "create" then
    return wrk.format("POST", features, nil, '{"name":"' .. prefix .. sent .. '","type":"release"}')
  end
  local flag = prefix .. (sent % flags + 1)
  local switch = math.floor(sent / flags) % 2 == 0 and "on" or "off"
  return wrk.format("POST", features .. "/" .. flag .. "/environments/development/" .. switch, nil, "{}")
end

function done(summary, latency)
  local wrong = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  print(string.format('{"requests":%d,"seconds":%.3f,"wrong":%d,"p50":%.3f,"p99":%.3f,"max":%.3f}', summary.requests,
    summary.duration / 1e6, wrong, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
