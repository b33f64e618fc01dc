-- What the rules ask of a token's claims.
local claims_of = {}

-- The items of a list, or the one of a single text; anything else has none.
function claims_of.items(value)
    if type(value) == "table" then return value end
    if type(value) == "string" then return { value } end
    return {}
end

-- True if `list`, a text or a list of texts, has the text `wanted`.
function claims_of.contains(list, wanted)
    for _, item in ipairs(claims_of.items(list)) do
        if item == wanted then return true end
    end
    return false
end

-- True if two lists (or texts) have an item in common.
function claims_of.overlap(one, other)
    for _, item in ipairs(claims_of.items(one)) do
        if claims_of.contains(other, item) then return true end
    end
    return false
end

-- True if the token has the scope. The claim is one text with spaces between scopes, or a list.
function claims_of.has_scope(claims, wanted)
    local scope = claims.scope
    if type(scope) ~= "string" then return claims_of.contains(scope, wanted) end
    for word in scope:gmatch("%S+") do
        if word == wanted then return true end
    end
    return false
end

-- True if the token's subject uploaded the video.
function claims_of.owns(claims, video)
    return type(claims.sub) == "string" and claims.sub ~= "" and claims.sub == video.uploader_id
end

return claims_of
