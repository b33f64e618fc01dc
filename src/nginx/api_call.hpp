// One call of the REST API: who makes it, and what its handlers share.
#pragma once

#include <nlohmann/json.hpp>

#include "api/answers.hpp"
#include "api/route.hpp"
#include "nginx/api_respond.hpp"
#include "policy/policy.hpp"
#include "token/api_claims.hpp"

namespace mezz::nginx {

/// Outlives the handlers it is given to.
struct ApiCall {
    api::Route route;
    token::ApiClaims claims;
    nlohmann::json claims_json;

    [[nodiscard]] bool is_admin() const noexcept { return claims.has_scope("admin"); }
};

/// "https://host:port" as mezz_public_url says, or as the client sees this server; empty if it does not say.
[[nodiscard]] std::string base_url(const ngx_http_request_t* r);

/// The facts that every rule is told: claims, vars, now.
[[nodiscard]] Result<nlohmann::json> common_facts(RequestFlow& flow, const ApiCall& call);

/// What a rule of the operator decides. A rule that fails denies, and its error is logged.
[[nodiscard]] policy::Verdict judge(RequestFlow& flow, std::string_view rule, const nlohmann::json& facts);

/// What the tokens in playback URLs say.
struct StreamGrant {
    std::int64_t expires = 0;                   ///< seconds since 1970
    std::string session{};                      ///< none if empty
    std::optional<std::uint32_t> max_height{};  ///< lines; see token::PlaybackGrant
};

/// How playback URLs of this call are made and signed. Refers to the flow and the call.
class StreamLinks {
public:
    StreamLinks(RequestFlow& flow, const ApiCall& call, StreamGrant grant);

    [[nodiscard]] api::Links links() const;

private:
    RequestFlow& flow_;
    const ApiCall& call_;
    StreamGrant grant_;
    std::string base_;
};

/// Until when posters of lists are signed: the same for all requests of an hour, so that they can be cached.
[[nodiscard]] std::int64_t picture_expiry(std::int64_t ttl) noexcept;

// The handlers. Each answers, a problem included; an Error is for serve_api() to log and to answer.
[[nodiscard]] Task<Result<ngx_int_t>> create_upload(RequestFlow& flow, const ApiCall& call);
[[nodiscard]] Task<Result<ngx_int_t>> put_upload(RequestFlow& flow, std::string upload_id);
[[nodiscard]] Task<Result<ngx_int_t>> create_video(RequestFlow& flow, const ApiCall& call);
[[nodiscard]] Task<Result<ngx_int_t>> list_videos(RequestFlow& flow, const ApiCall& call);
[[nodiscard]] Task<Result<ngx_int_t>> get_video(RequestFlow& flow, const ApiCall& call);
[[nodiscard]] Task<Result<ngx_int_t>> patch_video(RequestFlow& flow, const ApiCall& call);
[[nodiscard]] Task<Result<ngx_int_t>> delete_video(RequestFlow& flow, const ApiCall& call);
[[nodiscard]] Task<Result<ngx_int_t>> stream_video(RequestFlow& flow, const ApiCall& call);

}  // namespace mezz::nginx
