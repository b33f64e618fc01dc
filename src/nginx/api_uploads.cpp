// Calls about uploads: announcing one, and the upload itself.
#include "api/content_type.hpp"
#include "api/requests.hpp"
#include "api/statements.hpp"
#include "nginx/api_call.hpp"
#include "nginx/upload_file.hpp"
#include "nginx/worker_state.hpp"
#include "token/upload_url.hpp"

namespace mezz::nginx {
namespace {

using api::Problem;

std::string upload_url(const ngx_http_request_t* r, const token::UploadGrant& grant) {
    const token::Key& key = mezz_main_conf(r).verifier->keys().back();
    std::string url = base_url(r);
    url += view(mezz_conf(r).prefix);
    if (!url.ends_with('/')) url += '/';
    url += "uploads/";
    url += grant.upload_id;
    url += '?';
    url += token::sign_upload(key, grant);
    return url;
}

std::optional<Problem> check_length(const ngx_http_request_t* r, std::uint64_t size) {
    const off_t length = r->headers_in.content_length_n;
    if (length < 0) return api::length_required();
    if (static_cast<std::uint64_t>(length) > size)
        return api::too_large("The file is larger than was announced.");
    if (static_cast<std::uint64_t>(length) < size) return api::length_mismatch();
    return std::nullopt;
}

std::optional<Problem> check_type(const ngx_http_request_t* r, const std::string& signed_type) {
    const ngx_table_elt_t* header = r->headers_in.content_type;
    const auto type = header == nullptr ? std::nullopt : api::canonical_content_type(view(header->value));
    if (type && *type == signed_type) return std::nullopt;
    return api::unsupported_media_type(signed_type);
}

// What can be told of a PUT before its body is read.
std::expected<token::UploadGrant, Problem> check_put(const ngx_http_request_t* r,
                                                     const std::string& upload_id) {
    const auto keys = mezz_main_conf(r).verifier->keys();
    auto grant = token::verify_upload(keys, upload_id, view(r->args), ngx_time());
    if (!grant) {
        const bool expired = grant.error() == token::Verdict::expired;
        return std::unexpected(expired ? api::expired_upload_url() : api::bad_upload_signature());
    }
    if (auto problem = check_length(r, grant->size)) return std::unexpected(std::move(*problem));
    if (auto problem = check_type(r, grant->content_type)) return std::unexpected(std::move(*problem));
    return std::move(*grant);
}

}  // namespace

Task<Result<ngx_int_t>> create_upload(RequestFlow& flow, const ApiCall& call) {
    const ngx_http_request_t* r = flow.request();
    const LocationConf& conf = mezz_conf(r);
    const auto body = co_await read_text_body(flow, api::kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    const auto wanted = api::parse_upload_request(*body, static_cast<std::uint64_t>(conf.upload_max_size));
    if (!wanted) co_return send_problem(flow, wanted.error());

    auto facts = common_facts(flow, call);
    if (!facts) co_return std::unexpected(facts.error());
    (*facts)["request"] = {
        {"filename", wanted->filename}, {"size", wanted->size}, {"content_type", wanted->content_type}};
    const policy::Verdict verdict = judge(flow, "upload", *facts);
    if (!verdict.allow) co_return send_problem(flow, api::denied(verdict.reason));

    const std::int64_t expires =
        ngx_time() + std::min<std::int64_t>(conf.upload_ttl, verdict.ttl_s.value_or(conf.upload_ttl));
    const PgQuery insert{.sql = api::kInsertUpload,
                         .parameters = {call.claims.sub, wanted->filename, std::to_string(wanted->size),
                                        wanted->content_type, std::to_string(expires)}};
    const auto rows = co_await run(flow, postgres_client(), insert);
    if (!rows) co_return std::unexpected(rows.error());
    const token::UploadGrant grant{.upload_id = std::string(rows->text(0, 0).value_or("")),
                                   .filename = wanted->filename,
                                   .size = wanted->size,
                                   .content_type = wanted->content_type,
                                   .expires = expires};
    const std::string url = upload_url(r, grant);
    const api::UploadCreated created{.upload_id = grant.upload_id,
                                     .upload_url = url,
                                     .content_type = grant.content_type,
                                     .size = grant.size,
                                     .expires = expires};
    co_return send_json(flow, NGX_HTTP_CREATED, api::upload_created_answer(created));
}

Task<Result<ngx_int_t>> put_upload(RequestFlow& flow, std::string upload_id) {
    const ngx_http_request_t* r = flow.request();
    const auto grant = check_put(r, upload_id);
    if (!grant) co_return send_problem(flow, grant.error());
    // What was stored once and removed by a takedown must not come back. The signature is enough if
    // PostgreSQL cannot be asked.
    const PgQuery ask{.sql = api::kGetUpload, .parameters = {grant->upload_id}};
    const auto known = co_await run(flow, postgres_client(), ask);
    const std::string used(known && known->rows() > 0 ? known->text(0, 4).value_or("") : "");
    if (!used.empty()) co_return send_problem(flow, api::upload_used(used));
    const UploadPlace place{.root = std::string(view(mezz_conf(r).raw_root)),
                            .upload_id = grant->upload_id,
                            .filename = grant->filename,
                            .size = grant->size};
    const auto stored = co_await store_upload(flow, place);
    if (!stored) co_return std::unexpected(stored.error());
    switch (*stored) {
        case StoreResult::stored:
            co_return send_json(flow, NGX_HTTP_CREATED,
                                api::upload_stored_answer(grant->upload_id, grant->size));
        case StoreResult::exists:
            co_return send_problem(flow, api::upload_exists());
        case StoreResult::no_room:
            log_line(flow.log(), NGX_LOG_CRIT, 0, "mezz: no room for an upload of %uL bytes in \"%V\"",
                     grant->size, &mezz_conf(r).raw_root);
            co_return send_problem(flow, api::no_space());
    }
    co_return fail(ErrorCode::internal, "upload: an unknown result");
}

}  // namespace mezz::nginx
