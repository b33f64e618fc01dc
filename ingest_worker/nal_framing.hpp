// The NAL units of H.264 and HEVC packets, brought into the form that a mezzanine file wants.
#pragma once

#include <vector>

#include "av.hpp"
#include "core/bytes.hpp"

namespace mezz::worker {

/// Takes parameter sets and access unit delimiters out of the packets, where the sets are those of the
/// stream's head. The framing stays what the head says (start codes, or lengths, always of 4 bytes).
class NalFraming {
public:
    /// Reads the stream's head: avcC, hvcC (ISO/IEC 14496-15 §5.3.3.1, §8.3.3.1) or Annex B. Fails with kind
    /// source if it is broken or holds no parameter sets.
    [[nodiscard]] static Outcome<NalFraming> open(const AVCodecParameters& stream);

    /// The head that fits the packets that rewrite() makes.
    [[nodiscard]] Bytes head() const noexcept { return head_; }

    /// True if decoding can begin at the packet: it holds an IDR picture, or another random access picture of
    /// HEVC. Fails with kind source if a unit exceeds the packet or parameter sets differ from the head's.
    [[nodiscard]] Outcome<bool> rewrite(AVPacket& packet) const;

private:
    enum class Role : std::uint8_t { other, random_access, parameter_set, delimiter };

    explicit NalFraming(bool hevc) noexcept : hevc_(hevc) {}

    [[nodiscard]] bool read_head(Bytes head);
    [[nodiscard]] bool keep_sets(const std::vector<Bytes>& units);
    [[nodiscard]] Role role(Bytes unit) const noexcept;
    [[nodiscard]] bool is_known(Bytes set) const;
    [[nodiscard]] bool split(Bytes data, std::vector<Bytes>& units) const;
    void replace(AVPacket& packet, const std::vector<Bytes>& units, std::size_t bytes) const;

    bool hevc_;
    std::size_t length_size_ = 0;  // 0: start codes
    std::vector<std::byte> head_;
    std::vector<std::vector<std::byte>> sets_;
};

}  // namespace mezz::worker
