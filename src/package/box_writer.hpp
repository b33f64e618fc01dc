// Writes a box whose size is known when its scope ends.
#pragma once

#include "core/bytes.hpp"
#include "media/box.hpp"

namespace mezz::package {

/// Between construction and destruction, what is written to `out` is the payload of a box.
class BoxWriter {
public:
    BoxWriter(ByteWriter& out, media::FourCc type) : out_(out), start_(out.size()) {
        out.u32(0);
        out.u32(type);
    }
    ~BoxWriter() { out_.patch_u32(start_, static_cast<std::uint32_t>(out_.size() - start_)); }
    BoxWriter(const BoxWriter&) = delete;
    BoxWriter& operator=(const BoxWriter&) = delete;

private:
    ByteWriter& out_;
    std::size_t start_;
};

}  // namespace mezz::package
