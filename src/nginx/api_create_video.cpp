// POST videos: an upload becomes a video, and a job.
#include "api/requests.hpp"
#include "api/statements.hpp"
#include "catalog/catalog_entry.hpp"
#include "nginx/api_call.hpp"
#include "nginx/upload_file.hpp"
#include "nginx/worker_state.hpp"

namespace mezz::nginx {
namespace {

// A row of kGetUpload.
struct StoredUpload {
    std::string uploader_id;
    std::string filename;
    std::uint64_t size = 0;
    std::string content_type;
    std::string video_id;  // empty: not used yet
    bool expired = false;
};

StoredUpload read_upload(const PgRows& rows) {
    const auto text = [&rows](int column) { return std::string(rows.text(0, column).value_or("")); };
    return {.uploader_id = text(0),
            .filename = text(1),
            .size = std::strtoull(text(2).c_str(), nullptr, 10),
            .content_type = text(3),
            .video_id = text(4),
            .expired = text(5) == "t"};
}

std::expected<StoredUpload, api::Problem> usable_upload(const PgRows& rows, const ApiCall& call) {
    if (rows.rows() == 0) return std::unexpected(api::not_found("There is no such upload."));
    StoredUpload upload = read_upload(rows);
    if (upload.uploader_id != call.claims.sub && !call.is_admin())
        return std::unexpected(api::not_found("There is no such upload."));
    if (!upload.video_id.empty()) return std::unexpected(api::upload_used(upload.video_id));
    if (upload.expired) return std::unexpected(api::upload_expired());
    return upload;
}

// The renditions that the operator's rule wants, as JSON; nullopt: the worker's own.
Result<std::optional<std::string>> choose_ladder(RequestFlow& flow, const nlohmann::json& facts) {
    if (!rules().has("ladder")) return std::nullopt;
    const auto ladder = rules().choose("ladder", facts);
    if (!ladder) {
        log_line(flow.log(), NGX_LOG_ERR, 0, "mezz: rule \"ladder\" failed, so the video is refused: %s",
                 ladder.error().c_str());
        return fail(ErrorCode::internal, "ladder: the rule failed");
    }
    if (ladder->is_null()) return std::nullopt;
    if (!ladder->is_array() || ladder->empty()) {
        log_line(flow.log(), NGX_LOG_ERR, 0,
                 "mezz: rule \"ladder\" returned neither nil nor a list of rungs, so the video is refused");
        return fail(ErrorCode::internal, "ladder: no list of rungs");
    }
    return ladder->dump();
}

// Redis only speeds things up: the workers find the job in PostgreSQL as well.
Task<Result<void>> queue_job(RequestFlow& flow, const std::string& job_id, const std::string& video_id) {
    RedisClient* redis = redis_client();
    if (redis != nullptr) {
        const RedisCommand add("XADD", catalog::kJobsStream, "MAXLEN", "~", catalog::kJobsMaxLength, "*",
                               "job_id", job_id, "video_id", video_id);
        const auto added = co_await run(flow, *redis, add);
        if (added) co_return {};
    }
    const PgQuery note{.sql = api::kJobNotQueued, .parameters = {job_id}};
    const auto noted = co_await run(flow, postgres_client(), note);
    if (!noted) flow.log_error(noted.error());
    co_return {};
}

api::Problem problem_of_outcome(std::string_view outcome, std::string_view video_id) {
    if (outcome == "used") return api::upload_used(video_id);
    if (outcome == "expired") return api::upload_expired();
    return api::not_found("There is no such upload.");
}

PgQuery insertion(const ApiCall& call, const api::VideoRequest& wanted, std::optional<std::string> ladder) {
    return {.sql = api::kCreateVideo,
            .parameters = {wanted.upload_id, call.claims.sub, call.is_admin() ? "true" : "false",
                           wanted.title, wanted.description, wanted.access, wanted.available_from,
                           wanted.available_until, std::move(ladder)}};
}

}  // namespace

Task<Result<ngx_int_t>> create_video(RequestFlow& flow, const ApiCall& call) {
    const ngx_http_request_t* r = flow.request();
    const auto body = co_await read_text_body(flow, api::kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    const auto wanted = api::parse_video_request(*body);
    if (!wanted) co_return send_problem(flow, wanted.error());

    const PgQuery find{.sql = api::kGetUpload, .parameters = {wanted->upload_id}};
    const auto found = co_await run(flow, postgres_client(), find);
    if (!found) co_return std::unexpected(found.error());
    const auto upload = usable_upload(*found, call);
    if (!upload) co_return send_problem(flow, upload.error());

    auto facts = common_facts(flow, call);
    if (!facts) co_return std::unexpected(facts.error());
    (*facts)["request"] = {
        {"filename", upload->filename}, {"size", upload->size}, {"content_type", upload->content_type}};
    const policy::Verdict verdict = judge(flow, "upload", *facts);
    if (!verdict.allow) co_return send_problem(flow, api::denied(verdict.reason));

    const UploadPlace place{.root = std::string(view(mezz_conf(r).raw_root)),
                            .upload_id = wanted->upload_id,
                            .filename = upload->filename,
                            .size = upload->size};
    const auto complete = co_await is_uploaded(flow, place);
    if (!complete) co_return std::unexpected(complete.error());
    if (!*complete) co_return send_problem(flow, api::upload_incomplete());

    (*facts)["upload"] = (*facts)["request"];
    auto ladder = choose_ladder(flow, *facts);
    if (!ladder) co_return std::unexpected(ladder.error());
    const PgQuery insert = insertion(call, *wanted, std::move(*ladder));
    const auto rows = co_await run(flow, postgres_client(), insert);
    if (!rows) co_return std::unexpected(rows.error());
    const std::string_view outcome = rows->text(0, 0).value_or("");
    const std::string video_id(rows->text(0, 1).value_or(""));
    if (outcome == "used" && video_id.empty()) {  // made by another request at this very moment
        const PgQuery ask{.sql = api::kVideoOfUpload, .parameters = {wanted->upload_id}};
        const auto other = co_await run(flow, postgres_client(), ask);
        if (!other) co_return std::unexpected(other.error());
        co_return send_problem(flow, api::upload_used(other->text(0, 0).value_or("")));
    }
    if (outcome != "created") co_return send_problem(flow, problem_of_outcome(outcome, video_id));
    const std::string job_id(rows->text(0, 2).value_or(""));
    const auto queued = co_await queue_job(flow, job_id, video_id);
    if (!queued) co_return std::unexpected(queued.error());

    std::string location(view(mezz_conf(r).prefix));
    location += "videos/";
    location += video_id;
    co_return send_json(flow, NGX_HTTP_CREATED, api::video_created_answer(video_id), location);
}

}  // namespace mezz::nginx
