// What other nodes have not been told yet.
#pragma once

#include <string>
#include <vector>

#include "nginx/redis_client.hpp"
#include "nginx/worker_timer.hpp"

namespace mezz::nginx {

/// One command that keeps a video's entry in Redis and tells all subscribers of the change: of two commands,
/// on two connections, the second might be first.
[[nodiscard]] RedisCommand announcement(std::string_view video_id, std::string_view entry);

/// Changes of videos that Redis did not take, tried again until it does or no old entry can be left in it.
/// One per worker, made in init_process and destroyed in exit_process, before its client.
class Announcer {
public:
    explicit Announcer(RedisClient& redis) noexcept;

    /// Makes Redis forget the video's entry, and all subscribers look it up anew, as soon as that is
    /// possible.
    void announce_later(std::string video_id);

private:
    struct Owed {
        std::string video_id;
        ngx_msec_t since;
    };

    void try_again() noexcept;
    [[nodiscard]] bool tell(const Owed& owed) noexcept;

    RedisClient& redis_;
    std::vector<Owed> owed_;
    WorkerTimer timer_;
};

}  // namespace mezz::nginx
