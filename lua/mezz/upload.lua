-- Who may upload which file.
local claims_of = require "claims"
local settings = require "settings"

local function is_taken(content_type)
    local essence = content_type:lower():match("^%s*([^%s;]+)")
    if not essence then return false end
    for _, taken in ipairs(settings.upload_types) do
        local family = taken:match("^(.+/)%*$")
        if essence == taken or (family and #essence > #family and essence:sub(1, #family) == family) then return true end
    end
    return false
end

return function(facts)
    local claims, request = facts.claims, facts.request
    if not (claims_of.has_scope(claims, "upload") or claims_of.has_scope(claims, "admin")) then
        return false, "The token lacks the scope \"upload\"."
    end
    local largest = claims.max_upload_bytes
    if largest == nil then largest = settings.max_upload_bytes end
    if type(largest) ~= "number" then
        return false, "The claim max_upload_bytes is not a number."
    end
    if request.size > largest then
        return false, ("The file has more than the %.0f bytes that are allowed."):format(largest)
    end
    if not is_taken(request.content_type) then
        return false, "Files of this content type are not taken."
    end
    return true
end
