#include "nginx/top_answer.hpp"

#include <algorithm>

#include "nginx/answer_head.hpp"
#include "nginx/kept_text.hpp"
#include "package/playlist.hpp"
#include "package/rendition_choice.hpp"

namespace mezz::nginx {
namespace {

using package::Choice;
using package::Resource;
using package::TitleView;

constexpr std::string_view kManifestType = "application/dash+xml";
// A title of which a transport stream cannot carry the pictures or the sound: the same in a format that can.
constexpr std::string_view kElsewhere = "../cmaf/master.m3u8";

Task<Result<std::vector<LoadedFile>>> load_files(RequestFlow& flow, const LoadedTitle& title) {
    std::vector<LoadedFile> files;
    for (std::uint32_t i = 0; i < title.view().files().size(); ++i) {
        auto file = co_await load_file(flow, title, i);
        if (!file) co_return std::unexpected(file.error());
        files.push_back(std::move(*file));
    }
    co_return files;
}

media::TrackView track_of(std::span<const LoadedFile> files, const package::RenditionRecord& rendition) {
    return files[rendition.file].view().track(rendition.track);
}

// Players give up on renditions that have nothing to play.
void leave_out_empty(const TitleView& title, std::span<const LoadedFile> files,
                     const std::optional<package::Clip>& clip, Choice& choice) {
    const auto renditions = title.renditions();
    for (std::size_t i = 0; i < renditions.size(); ++i) {
        const package::TrackTimeline line = timeline(title, track_of(files, renditions[i]));
        choice[i] = choice[i] && has_media(line, clip);
    }
}

Result<Choice> choose_renditions(const AnswerContext& context) {
    const TitleView title = context.title.view();
    Choice choice = package::choose(title, context.filter, context.path.format);
    if (!package::leaves_each_kind(title, choice, context.path.format))
        return fail(ErrorCode::not_found, "query: no rendition passes the filter");
    return choice;
}

std::string make_playlist(RequestFlow& flow, const AnswerContext& context, const TitleView& title) {
    const auto write = [&](std::string_view query, std::string& out) {
        package::write_multivariant_playlist(title, context.path.format, query, out, context.clip,
                                             context.title.name());
    };
    return make_text(flow, context, write);
}

std::string make_manifest(RequestFlow& flow, const AnswerContext& context, const TitleView& title,
                          std::span<const LoadedFile> files) {
    std::vector<media::TrackView> tracks;
    for (const package::RenditionRecord& rendition : title.renditions())
        tracks.push_back(track_of(files, rendition));
    const auto write = [&](std::string_view query, std::string& out) {
        package::write_manifest(title, tracks, query, out, context.clip);
    };
    return make_text(flow, context, write);
}

}  // namespace

Task<Result<ngx_int_t>> answer_top(RequestFlow& flow, const AnswerContext& context) {
    const bool manifest = context.path.resource == Resource::manifest;
    const std::string etag = text_etag(context);
    ResponseHead head = text_head(context, manifest ? kManifestType : kPlaylistType, etag);
    if (!manifest && context.title.video)
        head.modified = kUnknownTime;  // it has what the title is called now
    if (auto kept = find_kept_text(flow, context))
        co_return send_text(flow.request(), head, std::move(*kept));
    TitleView title = context.title.view();
    if (!package::carries_each_kind(title, context.path.format))
        co_return redirect(flow.request(), kElsewhere, head.caching);
    auto choice = choose_renditions(context);
    if (!choice) co_return std::unexpected(choice.error());
    std::vector<LoadedFile> files;
    if (manifest || context.clip) {
        auto loaded = co_await load_files(flow, context.title);
        if (!loaded) co_return std::unexpected(loaded.error());
        files = std::move(*loaded);
    }
    if (context.clip) leave_out_empty(title, files, context.clip, *choice);
    if (std::ranges::find(*choice, true) == choice->end())
        co_return fail(ErrorCode::not_found, "query: no rendition has anything of the clip");
    std::vector<std::byte> block;
    if (std::ranges::find(*choice, false) != choice->end()) {
        block = package::with_renditions(title, *choice);
        title = TitleView(block);
    }
    std::string text =
        manifest ? make_manifest(flow, context, title, files) : make_playlist(flow, context, title);
    co_return send_text(flow.request(), head, std::move(text));
}

}  // namespace mezz::nginx
