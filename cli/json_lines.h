// The lines of --json. docs/cli.md documents every field; fields are only added.
//
// Each function returns one line with its line feed, and "message_type" comes first. Bytes that are
// no UTF-8 become U+FFFD.
#pragma once

#include <string>

#include "cli/progress.h"
#include "formats/json/json.h"
#include "robomerge/append.h"
#include "robomerge/compare.h"
#include "robomerge/merge.h"
#include "robomerge/options.h"
#include "robomerge/page.h"
#include "robomerge/report.h"
#include "robomerge/stages.h"
#include "robomerge/stats.h"
#include "robomerge/status.h"

namespace robomerge::cli {

std::string StageLine(const std::string& stage);
std::string StatusLine(const ProgressState& state);
std::string WarningLine(const Problem& problem);
/// Something that is wrong with an inspected dataset. The command has not failed.
std::string ProblemLine(const Problem& problem);
std::string ErrorLine(const Problem& problem, int exit_code);
std::string SkippedLine(const Skipped& skipped);

std::string SourceLine(const LoggedSource& source);
std::string EpisodeLine(const ListedEpisode& episode);
std::string FileLine(const ReportedFile& file);
std::string SummaryLine(const MergeReport& report);
std::string StageSummaryLine(const StageReport& report);

/// `report`: the fields of a push, as the Python that did it gives them.
std::string PushSummaryLine(const json::Json& report);

std::string FindingLine(const Finding& finding);
/// The last line of a verification.
std::string VerifySummaryLine(const VerifyReport& report, int exit_code);

/// All lines of an inspection: "dataset", then each "file", "warning", "problem", "note" and
/// "finding", then
/// "summary".
std::string InspectLines(const InspectReport& report, int exit_code);

/// All lines of `stats`: each "element", "note" and "finding", then "summary".
std::string StatsLines(const StatsReport& report, int exit_code);

/// The one line of `report`.
std::string ReportLine(const PageReport& report, int exit_code);

/// All lines of a comparison: each "difference" and "problem", then "summary".
std::string CompareLines(const CompareReport& report, int exit_code);

}  // namespace robomerge::cli
