-- Who may watch which video.
local claims_of = require "claims"

-- A wrong kind of value must not open what it was meant to close.
local function is_understood(access)
    if type(access) ~= "table" then return false end
    for _, name in ipairs { "subscription", "countries", "blocked_countries" } do
        local kind = type(access[name])
        if kind ~= "nil" and kind ~= "string" and kind ~= "table" then return false end
    end
    return true
end

local function country_refusal(access, country)
    local allowed, blocked = access.countries, access.blocked_countries
    if allowed == nil and (blocked == nil or #blocked == 0) then return nil end
    if type(country) ~= "string" or country == "" then
        return "It is not known from which country you watch, and this video is not for all."
    end
    country = country:upper()
    local function has(list)
        for _, item in ipairs(claims_of.items(list)) do
            if type(item) == "string" and item:upper() == country then return true end
        end
        return false
    end
    if (allowed ~= nil and not has(allowed)) or has(blocked) then
        return "This video is not available in your country."
    end
    return nil
end

return function(facts)
    local claims, video, now = facts.claims, facts.video, facts.now
    if claims_of.has_scope(claims, "admin") or claims_of.owns(claims, video) then return true end
    if not claims_of.has_scope(claims, "view") then
        return false, "The token lacks the scope \"view\"."
    end
    if video.available_from and now < video.available_from then
        return false, "This video is not available yet."
    end
    if video.available_until and now >= video.available_until then
        return false, "This video is no longer available."
    end
    local access = video.access or {}
    if not is_understood(access) then
        return false, "The rules of this video are not understood."
    end
    if access.subscription ~= nil and not claims_of.overlap(access.subscription, claims.subscription) then
        return false, "This video needs another subscription."
    end
    local refusal = country_refusal(access, facts.vars.country)
    if refusal then return false, refusal end
    -- What is granted ends with the window.
    if video.available_until then return { allow = true, ttl = math.max(1, video.available_until - now) } end
    return true
end
