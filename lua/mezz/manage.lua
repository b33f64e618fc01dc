-- Who may change a video, take it down, or read its data while nobody can watch it yet.
local claims_of = require "claims"

-- What lists show to everybody: see "Read, find, edit" in conf/API.md.
local function is_public(video, now)
    return video.status == "ready" and not (video.available_from and now < video.available_from)
        and not (video.available_until and now >= video.available_until)
end

return function(facts)
    local claims, video = facts.claims, facts.video
    if claims_of.has_scope(claims, "admin") then return true end
    if facts.action == "read" then
        if claims_of.owns(claims, video) then return true end
        if not claims_of.has_scope(claims, "view") then return false, "The token lacks the scope \"view\"." end
        if is_public(video, facts.now) then return true end
        return false, "This video is not available."
    end
    if claims_of.owns(claims, video) and claims_of.has_scope(claims, "upload") then return true end
    return false, "Only the owner of a video, with the scope \"upload\", and admins may change it."
end
