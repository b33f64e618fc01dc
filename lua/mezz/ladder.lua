-- Which renditions a video gets: a list of rungs, or nil for what the worker makes by itself. See ../README.md.
return function(facts)
    return nil
end
