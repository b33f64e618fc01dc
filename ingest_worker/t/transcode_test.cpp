// The protected process's work in this process, where the sanitizers see it: small files of the corpus
// (MEZZ_CORPUS; skipped where it is absent).
#include "transcode.hpp"

#include <fcntl.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "check.hpp"
#include "library_log.hpp"
#include "mezzanine_check.hpp"
#include "staging.hpp"

using namespace mezz;
using namespace mezz::worker;

namespace fs = std::filesystem;

namespace {

class Silence final : public ProgressSink {
public:
    void progressed(const Progress& /*progress*/) override {}
};

class GoOn final : public JobControl {
public:
    [[nodiscard]] std::optional<Failure> stopped() override { return std::nullopt; }
};

// Gives out files as the worker does, until the other end is closed.
void serve(const Channel& channel, Staging& staging) {
    while (const auto message = channel.receive()) {
        const auto question = nlohmann::json::parse(message->text, nullptr, false);
        const auto name = question.find("create");
        auto file = name == question.end() ? staging.scratch() : staging.create(name->get<std::string>());
        if (!file || !channel.send("{}", file->get())) return;
    }
}

const char* make_title(const fs::path& source, const fs::path& folder) {
    auto staging = Staging::make(folder.string());
    MEZZ_CHECK(staging.has_value());
    auto ends = Channel::make_pair();
    MEZZ_CHECK(ends.has_value());
    Channel ours = std::move(ends->first);
    std::jthread server([&] { serve(ends->second, *staging); });
    TranscodeOrder order{.ladder = default_ladder(), .limits = {}, .decoder_threads = 2};
    for (Rung& rung : order.ladder)
        rung.preset = "ultrafast";
    const UniqueFd fd(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    const OutputFiles files(ours);
    Silence silence;
    const auto report = transcode(fd.get(), order, files, silence);
    ours.close();
    server.join();
    MEZZ_CHECK(report && !report->renditions.empty());
    for (const MadeRendition& made : report->renditions) {
        const auto file = staging->open(made.name + ".mp4");
        MEZZ_CHECK(file && check_mezzanine(file->get()));
    }
    GoOn control;
    MEZZ_CHECK(staging->create(kAssetFile) && staging->publish(kAssetFile, control));
    return test::kFine;
}

const char* make_titles() {
    const char* const variable = std::getenv("MEZZ_CORPUS");
    const fs::path corpus = variable != nullptr ? variable : "../shared/corpus";
    char pattern[] = "/tmp/mezz-transcode-XXXXXX";
    const fs::path folder = ::mkdtemp(pattern);
    const char* wrong = test::kFine;
    for (const char* name :
         {"iphone_ios9_rot90.mov", "audio_shorter.mp4", "subs_srt.mkv", "d_vp9_odd_321x181.webm",
          "avchd_1080i_ac3.mts", "d_hevc_main10_hdr10_tagged.mkv", "audio_eac3.mp4"})
        if (wrong == test::kFine && fs::exists(corpus / name))
            wrong = make_title(corpus / name, folder / name);
    fs::remove_all(folder);
    return wrong;
}

}  // namespace

int main() {
    capture_library_errors();
    const CMUnitTest tests[] = {cmocka_unit_test(test::checked<make_titles>)};
    return cmocka_run_group_tests_name("transcode", tests, nullptr, nullptr);
}
