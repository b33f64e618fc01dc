// Calls about videos: list, read, edit, take down, stream.
#include <openssl/rand.h>

#include "api/list_query.hpp"
#include "api/requests.hpp"
#include "api/statements.hpp"
#include "core/hash.hpp"
#include "nginx/api_call.hpp"
#include "nginx/catalog_lookup.hpp"
#include "nginx/request_body.hpp"
#include "nginx/worker_state.hpp"

namespace mezz::nginx {
namespace {

constexpr int kNotReadySeconds = 3;

// A row of kGetVideo, from a column on.
struct StoredVideo {
    std::string video;  // JSON
    nlohmann::json facts;
    std::string status;
    std::string reason;
};

Result<StoredVideo> read_video(const PgRows& rows, int first) {
    const auto text = [&](int column) { return std::string(rows.text(0, first + column).value_or("")); };
    StoredVideo video{.video = text(0),
                      .facts = nlohmann::json::parse(text(1), nullptr, false),
                      .status = text(2),
                      .reason = text(3)};
    if (!video.facts.is_object()) return fail(ErrorCode::internal, "videos: a row without facts");
    return video;
}

// nullopt if there is no such video.
Task<Result<std::optional<StoredVideo>>> find_video(RequestFlow& flow, const std::string& video_id) {
    const PgQuery query{.sql = api::kGetVideo, .parameters = {video_id}};
    const auto rows = co_await run(flow, postgres_client(), query);
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->rows() == 0) co_return std::nullopt;
    auto video = read_video(*rows, 0);
    if (!video) co_return std::unexpected(video.error());
    co_return std::optional(std::move(*video));
}

Result<policy::Verdict> judge_video(RequestFlow& flow, const ApiCall& call, std::string_view rule,
                                    std::string_view action, const StoredVideo& video) {
    auto facts = common_facts(flow, call);
    if (!facts) return std::unexpected(facts.error());
    (*facts)["video"] = video.facts;
    if (!action.empty()) (*facts)["action"] = action;
    return judge(flow, rule, *facts);
}

api::Problem no_such_video() {
    return api::not_found("There is no such video.");
}

Result<ngx_int_t> answer_video(RequestFlow& flow, const ApiCall& call, std::string_view video) {
    const StreamLinks links(flow, call, {.expires = picture_expiry(mezz_conf(flow.request()).stream_ttl)});
    auto answer = api::video_answer(video, links.links());
    if (!answer) return std::unexpected(answer.error());
    return send_json(flow, NGX_HTTP_OK, std::move(*answer));
}

PgQuery list_statement(const ApiCall& call, const api::ListQuery& query) {
    const auto optional = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    PgQuery statement{
        .sql = query.q.empty() ? api::kBrowseVideos : api::kSearchVideos,
        .parameters = {optional(query.status), std::nullopt, std::nullopt, std::nullopt,
                       std::to_string(query.limit + 1), call.claims.has_scope("view") ? "true" : "false"}};
    if (!call.is_admin()) statement.parameters[1] = call.claims.sub;
    if (query.cursor) {
        statement.parameters[2] = std::to_string(query.cursor->uploaded_us);
        statement.parameters[3] = query.cursor->video_id;
    }
    if (query.q.empty()) return statement;
    statement.parameters.emplace_back(query.q);
    statement.parameters.emplace_back(query.cursor ? std::optional(query.cursor->rank) : std::nullopt);
    return statement;
}

std::vector<api::ListRow> list_rows(const PgRows& rows) {
    std::vector<api::ListRow> list;
    for (int i = 0; i < rows.rows(); ++i) {
        const std::string uploaded(rows.text(i, 2).value_or("0"));
        list.push_back({.video = rows.text(i, 0).value_or(""),
                        .rank = rows.text(i, 1).value_or("0"),
                        .uploaded_us = std::strtoll(uploaded.c_str(), nullptr, 10),
                        .video_id = rows.text(i, 3).value_or("")});
    }
    return list;
}

// What PostgreSQL has done is announced, whatever becomes of the request.
Task<Result<bool>> take_down(BackgroundFlow& flow, std::string video_id) {
    const PgQuery change{.sql = api::kTakedown, .parameters = {video_id}};
    const auto rows = co_await run(flow, postgres_client(), change);
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->rows() == 0) co_return false;
    const std::string entry(rows->text(0, 0).value_or(""));
    const auto announced = co_await announce_takedown(flow, video_id, entry);
    if (!announced) log_line(ngx_cycle->log, NGX_LOG_ERR, 0, "mezz: a takedown could not be announced");
    co_return true;
}

// A client may ask again because it was not told that the takedown was made; nor were the other nodes then.
Task<Result<bool>> repeat_takedown(BackgroundFlow& flow, std::string video_id) {
    const PgQuery ask{.sql = api::kCatalogEntry, .parameters = {video_id}};
    const auto rows = co_await run(flow, postgres_client(), ask);
    if (!rows) co_return std::unexpected(rows.error());
    const std::string text(rows->text(0, 0).value_or(""));
    const auto entry = catalog::parse_catalog_entry(text, video_id);
    if (!entry || entry->status != catalog::EntryStatus::gone) co_return false;
    const auto announced = co_await announce_takedown(flow, video_id, text);
    co_return announced.has_value();
}

// Of what players are told. Whatever becomes of it, PostgreSQL knows, and a worker tells it later.
Task<Result<bool>> tell_change(BackgroundFlow& flow, std::string video_id) {
    const auto announced = co_await announce_change(flow, video_id);
    co_return announced.has_value();
}

std::string new_session() {
    std::uint64_t number = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1) throw std::bad_alloc();
    return to_hex(number);
}

}  // namespace

Task<Result<ngx_int_t>> list_videos(RequestFlow& flow, const ApiCall& call) {
    const ngx_http_request_t* r = flow.request();
    const auto query = api::parse_list_query(view(r->args));
    if (!query) co_return send_problem(flow, query.error());
    const PgQuery statement = list_statement(call, *query);
    const auto rows = co_await run(flow, postgres_client(), statement);
    if (!rows) co_return std::unexpected(rows.error());
    const std::vector<api::ListRow> list = list_rows(*rows);
    const StreamLinks links(flow, call, {.expires = picture_expiry(mezz_conf(r).stream_ttl)});
    auto answer = api::list_answer(list, *query, links.links());
    if (!answer) co_return std::unexpected(answer.error());
    co_return send_json(flow, NGX_HTTP_OK, std::move(*answer));
}

Task<Result<ngx_int_t>> get_video(RequestFlow& flow, const ApiCall& call) {
    const auto video = co_await find_video(flow, call.route.id);
    if (!video) co_return std::unexpected(video.error());
    if (!*video) co_return send_problem(flow, no_such_video());
    const auto verdict = judge_video(flow, call, "manage", "read", **video);
    if (!verdict) co_return std::unexpected(verdict.error());
    if (!verdict->allow) co_return send_problem(flow, api::denied(verdict->reason));
    co_return answer_video(flow, call, (*video)->video);
}

Task<Result<ngx_int_t>> patch_video(RequestFlow& flow, const ApiCall& call) {
    const auto body = co_await read_text_body(flow, api::kMaxBody);
    if (!body) co_return std::unexpected(body.error());
    auto patch = api::parse_video_patch(*body);
    if (!patch) co_return send_problem(flow, patch.error());
    const auto video = co_await find_video(flow, call.route.id);
    if (!video) co_return std::unexpected(video.error());
    if (!*video) co_return send_problem(flow, no_such_video());
    const auto verdict = judge_video(flow, call, "manage", "edit", **video);
    if (!verdict) co_return std::unexpected(verdict.error());
    if (!verdict->allow) co_return send_problem(flow, api::denied(verdict->reason));

    const PgQuery change{.sql = api::kPatchVideo,
                         .parameters = {call.route.id, patch->title, patch->description, patch->access,
                                        patch->available_from, patch->available_until}};
    const auto rows = co_await run(flow, postgres_client(), change);
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->rows() == 0) co_return send_problem(flow, no_such_video());
    if (rows->text(0, 0) == "window")
        co_return send_problem(
            flow, api::invalid_field("available_until", "It must be later than available_from."));
    const auto changed = read_video(*rows, 1);
    if (!changed) co_return std::unexpected(changed.error());
    if (patch->title && changed->status == "ready") (void)co_await in_background(tell_change, call.route.id);
    co_return answer_video(flow, call, changed->video);
}

Task<Result<ngx_int_t>> delete_video(RequestFlow& flow, const ApiCall& call) {
    const auto video = co_await find_video(flow, call.route.id);
    if (!video) co_return std::unexpected(video.error());
    if (!*video) {
        const auto before = co_await in_background(repeat_takedown, call.route.id);
        if (!before) co_return std::unexpected(before.error());
        co_return send_problem(flow, no_such_video());
    }
    const auto verdict = judge_video(flow, call, "manage", "takedown", **video);
    if (!verdict) co_return std::unexpected(verdict.error());
    if (!verdict->allow) co_return send_problem(flow, api::denied(verdict->reason));

    const auto taken = co_await in_background(take_down, call.route.id);
    if (!taken) co_return std::unexpected(taken.error());
    if (!*taken) co_return send_problem(flow, no_such_video());
    co_return send_no_content(flow);
}

Task<Result<ngx_int_t>> stream_video(RequestFlow& flow, const ApiCall& call) {
    const auto video = co_await find_video(flow, call.route.id);
    if (!video) co_return std::unexpected(video.error());
    if (!*video) co_return send_problem(flow, no_such_video());
    const auto verdict = judge_video(flow, call, "watch", {}, **video);
    if (!verdict) co_return std::unexpected(verdict.error());
    if (!verdict->allow) co_return send_problem(flow, api::denied(verdict->reason));
    if ((*video)->status == "failed") co_return send_problem(flow, api::video_failed((*video)->reason));
    if ((*video)->status != "ready") co_return send_problem(flow, api::not_ready(kNotReadySeconds));

    const std::int64_t now = ngx_time();
    std::int64_t expires = now + mezz_conf(flow.request()).stream_ttl;
    if (verdict->ttl_s) expires = std::min(expires, now + *verdict->ttl_s);
    // Whom the rule lets in after the end, such as the uploader, needs URLs that work.
    const auto closes = (*video)->facts.find("available_until");
    if (closes != (*video)->facts.end() && closes->is_number() &&
        closes->get<double>() > static_cast<double>(now))
        expires = std::min(expires, static_cast<std::int64_t>(closes->get<double>()));
    const StreamGrant grant{.expires = expires, .session = new_session(), .max_height = verdict->max_height};
    const StreamLinks links(flow, call, grant);
    auto answer = api::stream_answer((*video)->video, links.links(), expires);
    if (!answer) co_return std::unexpected(answer.error());
    co_return send_json(flow, NGX_HTTP_OK, std::move(*answer));
}

}  // namespace mezz::nginx
