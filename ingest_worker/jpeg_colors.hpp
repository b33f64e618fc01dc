// The colours of JPEG (JFIF 1.02): BT.601 of full range.
#pragma once

#include "av.hpp"

namespace mezz::worker {

/// Copies 4:2:0 pictures of equal, even size, 8 bits a sample, from one with that matrix and range to one
/// with the colours of JPEG. Matrices other than BT.709 count as BT.601.
void copy_as_jpeg(const AVFrame& from, AVColorSpace matrix, bool full_range, AVFrame& to);

}  // namespace mezz::worker
