// What is left out of a merge that may leave out what is broken (docs/skip-broken.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "model/partial.h"
#include "publish/preflight.h"
#include "robomerge/options.h"
#include "robomerge/report.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge {

/// Describes a source. If it cannot be merged and the wish allows it, the partial is that of its
/// sound episodes, or of no source, and says what is left out. Fails where no source is at fault:
/// for rules, a machine that is short of memory, a stop.
Result<Partial> DescribeWhatIsSound(
    const SourceSpec& source, SkipBroken wish,
    const std::function<Result<Partial>(const SourceSpec& source)>& describe);

/// The sources that `root` holds: `given` without those that are left out as a whole, each with the
/// rules by which it was read.
std::vector<SourceSpec> KeptSources(const std::vector<SourceSpec>& given, const Partial& root);

/// How a list of what is left out begins.
inline constexpr std::string_view kSkippedBegin = R"({"message_type":"skipped")";
/// What is left out, as JSON Lines: the text of the file, and of --json.
std::string SkippedLines(const std::vector<Skipped>& skipped);

/// The sources in which nothing may be written. One whose links cannot be followed holds nothing,
/// and is left out later.
std::vector<std::string> PlacesOf(const io::FileSystem& file_system,
                                  const std::vector<std::string>& locations, SkipBroken wish);

/// Names `--skip-broken` in the refusal of a merge of many sources of which most could be merged.
void NameTheWayOn(size_t num_sources, size_t num_sound, std::vector<Problem>& problems);
/// How many sources the problems are of.
size_t NumSources(const std::vector<Problem>& problems);

/// Adds to the hint of a problem.
void AddHint(const std::string& more, Problem& problem);

}  // namespace robomerge
