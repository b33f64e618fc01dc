#include "package/dash_tiles.hpp"

#include <algorithm>

#include "package/xml_attribute.hpp"

namespace mezz::package {

void write_tile_set(const TitleView& title, std::string_view query, unsigned id, std::string& out) {
    const Storyboard& board = title.header().storyboard;
    if (board.sheets == 0) return;
    const std::uint64_t duration = std::uint64_t{board.columns} * board.rows * board.interval_ms;
    out += "<AdaptationSet";
    append_attribute(out, "id", id);
    // No rendition's name has an underscore.
    out += " contentType=\"image\" mimeType=\"image/jpeg\"><Representation id=\"thumbnail_tiles\"";
    append_attribute(out, "bandwidth", std::max<std::uint64_t>(board.largest * 8 * 1000 / duration, 1));
    append_attribute(out, "width", std::uint64_t{board.columns} * board.tile_width);
    append_attribute(out, "height", std::uint64_t{board.rows} * board.tile_height);
    out += "><EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/thumbnail_tile\" value=\"";
    append_number(out, board.columns);
    out += 'x';
    append_number(out, board.rows);
    out += "\"/><SegmentTemplate media=\"../thumbs/storyboard_$Number$.jpg";
    append_xml(out, query);
    out += '"';
    append_attribute(out, "timescale", 1000);
    append_attribute(out, "duration", duration);
    append_attribute(out, "startNumber", 0);
    append_attribute(out, "endNumber", board.sheets - 1);
    out += "/></Representation></AdaptationSet>\n";
}

}  // namespace mezz::package
