#include "chapter_list.hpp"

#include <algorithm>

#include "subtitle_text.hpp"

namespace mezz::worker {
namespace {

std::string escaped(std::string_view title) {
    std::string text;
    for (const char c : title) {
        if (c == '&')
            text += "&amp;";
        else if (c == '<')
            text += "&lt;";
        else if (c == '>')
            text += "&gt;";
        else
            text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return text;
}

}  // namespace

std::vector<MadeChapter> chapters_of_title(std::vector<MadeChapter> chapters, std::int64_t start,
                                           std::int64_t length) {
    for (MadeChapter& chapter : chapters) {
        chapter.start_ms = std::clamp<std::int64_t>(chapter.start_ms - start, 0, length);
        chapter.end_ms = std::clamp<std::int64_t>(chapter.end_ms - start, 0, length);
    }
    std::erase_if(chapters, [](const MadeChapter& chapter) { return chapter.end_ms <= chapter.start_ms; });
    std::ranges::stable_sort(chapters, {}, &MadeChapter::start_ms);
    return chapters;
}

std::string chapter_text(const std::vector<MadeChapter>& chapters) {
    std::string text = "WEBVTT\n";
    for (std::size_t i = 0; i < chapters.size(); ++i) {
        const std::string title = escaped(chapters[i].title);
        text += '\n';
        text += cue_time(chapters[i].start_ms) + " --> " + cue_time(chapters[i].end_ms) + '\n';
        text += title.empty() ? std::to_string(i + 1) : title;
        text += '\n';
    }
    return text;
}

Outcome<void> write_chapters(const OutputFiles& files, const std::vector<MadeChapter>& chapters) {
    if (chapters.empty()) return {};
    return write_file(files, kChaptersFile, as_bytes(chapter_text(chapters)));
}

}  // namespace mezz::worker
