-- For wrk: asks for the paths in a file, one after the other, and prints what came of it as JSON.
-- usage: wrk … -s wrk.lua URL -- FILE [PACE]: with a pace, each connection asks once in so many milliseconds.
local requests, n, pace, asked = {}, 0, nil, 0

function init(args)
    for path in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
    pace = tonumber(args[2])
    math.randomseed(1)
    if not pace then
        delay = nil
    end
end

function request()
    n = n % #requests + 1
    return requests[n]
end

-- The first requests are spread over the pace, so that not all come at once.
function delay()
    asked = asked + 1
    if asked <= (wrk.thread_connections or 1e9) and asked <= 10000 then
        return math.random(0, pace)
    end
    return pace
end

function done(summary, latency, _)
    local e = summary.errors
    io.write(string.format(
        '\nJSON {"seconds":%.6f,"requests":%d,"bytes":%d,"p50":%.3f,"p99":%.3f,"max":%.3f,"errors":%d}\n',
        summary.duration / 1e6, summary.requests, summary.bytes, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, latency.max / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
