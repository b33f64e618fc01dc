// Titles made from files that are made from descriptions.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "media/text_parser.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"
#include "package/title_builder.hpp"

namespace mezz::test {

/// A title with all that it is made of.
class MadeTitle {
public:
    /// Adds a file; the members of `source` that come from the file are filled in.
    void add(Buffer file, package::SourceFile source = {}) {
        auto block = scan(file);
        if (!block) throw std::runtime_error(block.error().text);
        source.size = file.size();
        files_.push_back(std::move(file));
        blocks_.push_back(std::move(*block));
        sources_.push_back(std::move(source));
        for (std::size_t i = 0; i < blocks_.size(); ++i)
            sources_[i].index = media::FileIndexView(blocks_[i]);
    }
    void add(const FileSpec& spec, package::SourceFile source = {}) {
        add(make_mp4(spec).bytes, std::move(source));
    }

    /// Adds a text track, of what stands in its file.
    void add_text(std::string_view text, package::SourceText source) {
        auto block = media::index_text_file(text);
        if (!block) throw std::runtime_error(block.error().text);
        source.size = text.size();
        text_blocks_.push_back(std::move(*block));
        texts_.push_back(std::move(source));
        for (std::size_t i = 0; i < texts_.size(); ++i)
            texts_[i].index = media::TextIndexView(text_blocks_[i]);
    }

    /// Why it cannot be put together.
    [[nodiscard]] std::string refused() const {
        const auto block = package::build_title(sources_, {{6000}}, revision(), texts_, facts_);
        return block ? "" : block.error().text;
    }

    /// Puts the title together.
    void build(std::vector<std::uint32_t> segment_ms = {6000}) {
        options_ = {std::move(segment_ms)};
        auto block = package::build_title(sources_, options_, revision(), texts_, facts_);
        if (!block) throw std::runtime_error(block.error().text);
        title_ = std::move(*block);
    }

    [[nodiscard]] std::string revision(std::string_view catalog = "") const {
        return package::make_revision(sources_, options_, catalog, texts_);
    }
    [[nodiscard]] package::TitleView view() const { return package::TitleView(title_); }
    [[nodiscard]] const package::RenditionRecord& rendition(std::string_view name) const {
        const auto* found = view().find(name);
        if (found == nullptr) throw std::runtime_error("no rendition " + std::string(name));
        return *found;
    }
    [[nodiscard]] media::TrackView track(const package::RenditionRecord& rendition) const {
        return media::FileIndexView(blocks_.at(rendition.file)).track(rendition.track);
    }
    [[nodiscard]] package::TrackTimeline line(std::string_view name) const {
        return package::timeline(view(), track(rendition(name)));
    }
    [[nodiscard]] std::vector<media::TrackView> tracks() const {
        std::vector<media::TrackView> all;
        for (const auto& r : view().renditions())
            all.push_back(track(r));
        return all;
    }
    [[nodiscard]] const Buffer& file(std::size_t i) const { return files_.at(i); }
    [[nodiscard]] std::vector<package::SourceFile>& sources() { return sources_; }
    [[nodiscard]] std::vector<package::SourceText>& texts() { return texts_; }

    [[nodiscard]] package::TitleFacts& facts() { return facts_; }

    /// The names of the renditions, in their order, with a space behind each.
    [[nodiscard]] std::string names() const {
        std::string all;
        for (const auto& r : view().renditions())
            all += std::string(r.name.data()) + ' ';
        return all;
    }

private:
    std::vector<Buffer> files_;
    std::vector<Buffer> blocks_;
    std::vector<package::SourceFile> sources_;
    std::vector<Buffer> text_blocks_;
    std::vector<package::SourceText> texts_;
    package::TitleOptions options_{{6000}};
    package::TitleFacts facts_;
    Buffer title_;
};

/// 13 s of video and audio: GOPs of 2 s, `size` bytes a key frame.
inline FileSpec film(std::uint32_t size = 40, const std::string& language = "und") {
    TrackSpec video = video_track(13 * 25, 50);
    for (Frame& frame : video.frames)
        if (frame.sync) frame.size = size;
    TrackSpec audio = audio_track(560);
    audio.language = language;
    return {.tracks = {std::move(video), std::move(audio)}};
}

}  // namespace mezz::test
