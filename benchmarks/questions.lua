-- For wrk: asks for the paths of a file in turn and over again; prints what came of it as JSON, on the last line.
-- wrk -t1 … -s questions.lua ADDRESS -- FILE

function init(args)
   paths, at = {}, 0
   for line in io.lines(args[1]) do paths[#paths + 1] = line end
end

function request()
   at = at % #paths + 1
   return wrk.format("GET", paths[at])
end

function done(summary, latency, requests)
   local failed = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "errors": %d, "seconds": %f, "p50_ms": %f, "p90_ms": %f, "p99_ms": %f}\n',
      summary.requests,
      failed.connect + failed.read + failed.write + failed.status + failed.timeout,
      summary.duration / 1e6,
      latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000
   ))
end
