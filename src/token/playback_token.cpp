#include "token/playback_token.hpp"

#include <nlohmann/json.hpp>

#include "token/jwt.hpp"

namespace mezz::token {

std::string sign_playback(const Key& key, const PlaybackGrant& grant) {
    using Json = nlohmann::ordered_json;
    Json claims{{"path", grant.path}, {"exp", grant.exp}};
    if (!grant.sub.empty()) claims["sub"] = grant.sub;
    if (!grant.sid.empty()) claims["sid"] = grant.sid;
    if (grant.max_height) claims["max_height"] = *grant.max_height;
    return sign_hs256(key, claims.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace mezz::token
