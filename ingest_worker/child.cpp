#include "child.hpp"

#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

#include "channel.hpp"
#include "child_process.hpp"
#include "chunk_work.hpp"
#include "library_log.hpp"
#include "output_files.hpp"
#include "remux.hpp"
#include "sandbox.hpp"
#include "storyboard.hpp"
#include "transcode.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

bool send(const Channel& channel, const Json& message) {
    return channel.send(message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

class ChannelProgress final : public ProgressSink {
public:
    explicit ChannelProgress(const Channel& channel) noexcept : channel_(channel) {}

    void progressed(const Progress& progress) override {
        (void)send(channel_, {{"progress",
                               {{"stage", progress.stage},
                                {"rendition", progress.rendition},
                                {"percent", progress.percent}}}});
    }

private:
    const Channel& channel_;
};

Outcome<TranscodeReport> work(const Channel& channel) {
    const auto message = channel.receive();
    const auto order = message ? parse_order(message->text) : std::nullopt;
    if (!order) return give_up(FailureKind::internal, "The worker gave no order.");
    if (auto ok = enter_sandbox(order->limits, kChannelFd); !ok)
        return std::unexpected(std::move(ok.error()));
    const OutputFiles files(channel);
    ChannelProgress progress(channel);
    try {
        switch (order->work) {
            case Work::transcode:
            case Work::sound:
                return transcode(kSourceFd, *order, files, progress);
            case Work::chunk:
                return make_chunk(kSourceFd, *order, files, progress);
            case Work::sheets:
                return make_sheets(kSourceFd, order->piece, files);
            case Work::remux:
                return remux(kSourceFd, *order, files, progress);
        }
        return give_up(FailureKind::internal, "The worker gave no order.");
    } catch (const std::bad_alloc&) {
        return give_up(FailureKind::limit, "The file needs more memory than it may have.");
    } catch (const std::system_error& error) {  // std::thread without memory for a stack
        return give_up(FailureKind::limit, "The file needs more memory than it may have.", error.what());
    }
}

bool report(const Channel& channel, const Outcome<TranscodeReport>& outcome) {
    if (outcome) return channel.send(R"({"done":)" + outcome->to_json() + '}');
    const Failure& failure = outcome.error();
    std::string detail = failure.detail;
    for (const std::string& line : last_library_errors())
        detail += (detail.empty() ? "" : "; ") + line;
    return send(
        channel,
        {{"failed", {{"kind", to_text(failure.kind)}, {"reason", failure.reason}, {"detail", detail}}}});
}

}  // namespace

int run_child() {
    capture_library_errors();
    const Channel channel{UniqueFd(kChannelFd)};
    return report(channel, work(channel)) ? 0 : 1;
}

}  // namespace mezz::worker
