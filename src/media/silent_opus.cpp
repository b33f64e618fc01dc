#include "media/silent_opus.hpp"

#include "core/bytes.hpp"

namespace mezz::media {

// In each stream one CELT frame, fullband, whose first bit says that it is silence (RFC 6716 §3.1, §4.3). Of
// all but the last stream the packet tells its length (§B).
std::vector<std::byte> silent_opus(unsigned streams, unsigned coupled) {
    constexpr unsigned kMono = 0xF8, kStereo = 0xFC, kSilence = 0xFFFE, kSize = 2;
    std::vector<std::byte> packet;
    ByteWriter out(packet);
    for (unsigned i = 0; i < streams; ++i) {
        out.u8(i < coupled ? kStereo : kMono);
        if (i + 1 < streams) out.u8(kSize);
        out.u16(kSilence);
    }
    return packet;
}

}  // namespace mezz::media
