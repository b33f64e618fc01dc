-- Who may change a video, take it down, or read its data while nobody can watch it yet.
local claims_of = require "claims"

return function(facts)
    local claims, video = facts.claims, facts.video
    if claims_of.has_scope(claims, "admin") then return true end
    if facts.action == "read" and (claims_of.has_scope(claims, "view") or claims_of.owns(claims, video)) then
        return true
    end
    if claims_of.owns(claims, video) and claims_of.has_scope(claims, "upload") then return true end
    if facts.action == "read" then
        return false, "The token lacks the scope \"view\"."
    end
    return false, "Only the owner of a video, with the scope \"upload\", and admins may change it."
end
