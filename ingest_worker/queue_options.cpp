#include "queue_options.hpp"

#include <unistd.h>

#include <array>
#include <random>

namespace mezz::worker {

std::string make_worker_id() {
    constexpr std::size_t kLongest = 64;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, kLongest> host{};
    ::gethostname(host.data(), host.size() - 1);
    std::string id;
    for (const char* c = host.data(); *c != '\0'; ++c)
        id += *c > ' ' && *c < 0x7F ? *c : '_';
    id += '-' + std::to_string(::getpid()) + '-';
    std::random_device random;
    for (int i = 0; i < 8; ++i)
        id += kDigits[random() % kDigits.size()];
    return id;
}

}  // namespace mezz::worker
