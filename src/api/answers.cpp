#include "api/answers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/times.hpp"

namespace mezz::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPictures = "/thumbs";
constexpr std::string_view kPoster = "/thumbs/poster.jpg";
constexpr std::string_view kStoryboard = "/thumbs/storyboard.vtt";

// Whatever a title holds, the answer is UTF-8.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// null if there is none.
Json member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? Json() : *found;
}

std::unexpected<Error> bad_row() noexcept {
    return fail(ErrorCode::internal, "api: a row is not what the statement gives");
}

// What the token in a video's URLs opens: who may see that there is a video need not be one who may watch it.
enum class Opens { pictures, everything };

// The URLs of one video.
class VideoLinks {
public:
    VideoLinks(const Links& links, const std::string& video_id, Opens opens) {
        std::string path(links.stream_location);
        path += video_id;
        before_ = links.base;
        before_ += path;
        if (opens == Opens::pictures) path += kPictures;
        const std::string token = links.sign ? links.sign(path) : std::string();
        if (token.empty()) return;
        after_ = '?';
        after_ += links.token_arg;
        after_ += '=';
        after_ += token;
    }

    [[nodiscard]] std::string url(std::string_view leaf) const {
        std::string url = before_;
        url += leaf;
        return url += after_;
    }

    // null if the video has no such picture.
    [[nodiscard]] Json picture(const Json& thumbs, const char* name, std::string_view leaf) const {
        return thumbs.is_object() && thumbs.contains(name) ? Json(url(leaf)) : Json();
    }

private:
    std::string before_;
    std::string after_;
};

// A row's JSON, taken to be an object with an id.
std::optional<Json> read_row(std::string_view text) {
    Json row = Json::parse(text, nullptr, false);
    if (!row.is_object() || !member(row, "video_id").is_string()) return std::nullopt;
    return row;
}

// The members that lists and single videos have in common.
Json common_members(const Json& row, const VideoLinks& links) {
    Json out = Json::object();
    for (const char* name : {"video_id", "title", "description", "status", "progress", "reason",
                             "duration_ms", "uploader_id", "uploaded_at", "processed_at"})
        out[name] = member(row, name);
    out["poster_url"] = links.picture(member(row, "thumbs"), "poster", kPoster);
    return out;
}

Json made_renditions(const Json& list) {
    Json out = Json::array();
    for (const Json& made : list) {
        if (!made.is_object()) continue;
        Json item = Json::object();
        for (const char* name : {"name", "width", "height", "codecs", "bandwidth", "language"})
            item[name] = member(made, name);
        item["progress"] = 100;
        out.push_back(std::move(item));
    }
    return out;
}

Json renditions_in_work(const Json& progress) {
    Json out = Json::array();
    if (!progress.is_object()) return out;
    for (const auto& [name, percent] : progress.items()) {
        Json item{{"name", name}};
        for (const char* unknown : {"width", "height", "codecs", "bandwidth", "language"})
            item[unknown] = nullptr;
        item["progress"] = percent;
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace

Result<std::string> list_answer(std::span<const ListRow> rows, const ListQuery& query, const Links& links) {
    const auto limit = static_cast<std::size_t>(query.limit);
    Json videos = Json::array();
    for (const ListRow& found : rows.first(std::min(limit, rows.size()))) {
        const auto row = read_row(found.video);
        if (!row) return bad_row();
        const VideoLinks urls(links, std::string(found.video_id), Opens::pictures);
        videos.push_back(common_members(*row, urls));
    }
    Json next;
    if (rows.size() > limit) {
        const ListRow& last = rows[limit - 1];
        const Cursor cursor{.rank = std::string(last.rank),
                            .uploaded_us = last.uploaded_us,
                            .video_id = std::string(last.video_id)};
        next = write_cursor(cursor, query.q, query.status);
    }
    return text_of(Json{{"videos", std::move(videos)}, {"next_cursor", std::move(next)}});
}

Result<std::string> video_answer(std::string_view video, const Links& links) {
    const auto row = read_row(video);
    if (!row) return bad_row();
    const VideoLinks urls(links, member(*row, "video_id").get<std::string>(), Opens::pictures);
    const Json thumbs = member(*row, "thumbs");
    const Json made = member(*row, "renditions");
    const Json notes = member(*row, "notes");
    Json out = common_members(*row, urls);
    // What can be watched as a copy or a draft is still in work.
    const bool in_work =
        out["status"] == "processing" || (out["status"] == "ready" && out["processed_at"].is_null());
    out["stage"] = in_work ? member(*row, "stage") : Json();
    out["renditions"] =
        made.is_array() ? made_renditions(made) : renditions_in_work(member(*row, "progress_by_rendition"));
    out["thumbnails"] = {{"poster_url", out["poster_url"]},
                         {"storyboard_url", urls.picture(thumbs, "storyboard", kStoryboard)}};
    out["notes"] = notes.is_array() ? notes : Json::array();
    for (const char* name : {"access", "available_from", "available_until", "updated_at"})
        out[name] = member(*row, name);
    return text_of(out);
}

Result<std::string> stream_answer(std::string_view video, const Links& links, std::int64_t expires) {
    const auto row = read_row(video);
    if (!row) return bad_row();
    const VideoLinks urls(links, member(*row, "video_id").get<std::string>(), Opens::everything);
    const Json thumbs = member(*row, "thumbs");
    const std::string hls = urls.url("/hls/master.m3u8");
    return text_of(Json{{"url", hls},
                        {"hls_url", hls},
                        {"cmaf_url", urls.url("/cmaf/master.m3u8")},
                        {"dash_url", urls.url("/cmaf/manifest.mpd")},
                        {"poster_url", urls.picture(thumbs, "poster", kPoster)},
                        {"storyboard_url", urls.picture(thumbs, "storyboard", kStoryboard)},
                        {"expires_at", time_text(expires * 1'000'000)}});
}

std::string upload_created_answer(const UploadCreated& upload) {
    return text_of(Json{
        {"upload_id", upload.upload_id},
        {"upload_url", upload.upload_url},
        {"method", "PUT"},
        {"headers", {{"Content-Type", upload.content_type}, {"Content-Length", std::to_string(upload.size)}}},
        {"expires_at", time_text(upload.expires * 1'000'000)}});
}

std::string upload_stored_answer(std::string_view upload_id, std::uint64_t size) {
    return text_of(Json{{"upload_id", upload_id}, {"size", size}});
}

std::string video_created_answer(std::string_view video_id) {
    return text_of(Json{{"video_id", video_id}, {"status", "processing"}});
}

}  // namespace mezz::api
