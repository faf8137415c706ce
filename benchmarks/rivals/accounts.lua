-- Posts each line of a file once: accounts that a plan made, in order. Arguments: path, file, count.
local bodies, nth, answered, refused, began, last = {}, 0, 0, 0, nil, nil
local path, wanted

local ffi = require("ffi")
ffi.cdef [[ typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *); ]]
local function now()
  local moment = ffi.new("moment")
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) + tonumber(moment.ns) / 1e9
end

function init(args)
  path, wanted = args[1], tonumber(args[3])
  for line in io.lines(args[2]) do bodies[#bodies + 1] = line end
end

function request()
  began = began or now()
  nth = nth + 1
  return wrk.format("POST", path, { ["Content-Type"] = "application/json" }, bodies[(nth - 1) % #bodies + 1])
end

function response(status)
  if answered < wanted then
    answered = answered + 1
    if status ~= 201 then refused = refused + 1 end
    if answered == wanted then
      last = now()
      print(string.format("posted %d in %.6f s, %d refused", answered, last - began, refused))
      wrk.thread:stop()
    end
  end
end
