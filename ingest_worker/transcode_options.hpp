// Options about transcoding that the subcommands share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "job.hpp"

namespace mezz::worker {

struct TranscodeOptions {
    std::string ladder_file;  ///< empty: the default ladder
    std::string preset;       ///< for all rungs; empty: the rung's own
    int threads = 0;          ///< for all rungs; 0: the rung's own
    int decoder_threads = 2;
    bool per_title = true;
    std::string clamd;  ///< socket of the virus scanner; empty: none is asked
    Limits limits;
};

/// Adds an option that takes "on" or "off". `value` is its default, too, and must outlive the command.
void add_switch(CLI::App& command, const std::string& name, bool& value, const std::string& about);

void add_transcode_options(CLI::App& command, TranscodeOptions& options);

/// The ladder of the options' file, or the default one. Fails with a text for whoever started the program.
[[nodiscard]] Outcome<std::vector<Rung>> read_ladder(const TranscodeOptions& options);

/// What the process that reads a file is told.
[[nodiscard]] TranscodeOrder make_order(std::vector<Rung> ladder, const TranscodeOptions& options);

/// A ladder with the preset and threads of the options. Fails if they are not possible.
[[nodiscard]] Outcome<std::vector<Rung>> with_options(std::vector<Rung> ladder,
                                                      const TranscodeOptions& options);

}  // namespace mezz::worker
