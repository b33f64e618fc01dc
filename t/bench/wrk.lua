-- For wrk: asks for the paths in a file, one after the other, and prints what came of it as JSON.
-- usage: wrk … -s wrk.lua URL -- FILE
local requests, n = {}, 0

function init(args)
    for path in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
end

function request()
    n = n % #requests + 1
    return requests[n]
end

function done(summary, latency, _)
    local e = summary.errors
    io.write(string.format(
        '\nJSON {"seconds":%.6f,"requests":%d,"bytes":%d,"p50":%.3f,"p99":%.3f,"errors":%d}\n',
        summary.duration / 1e6, summary.requests, summary.bytes, latency:percentile(50) / 1e3,
        latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
