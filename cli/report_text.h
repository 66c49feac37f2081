// Reports as text for people.
#pragma once

#include <string>
#include <vector>

#include "robomerge/edit.h"
#include "robomerge/report.h"
#include "robomerge/stages.h"

namespace robomerge::cli {

/// One line per destination file: path, exact size, how it is made, from which files (the first
/// two, or all of them).
std::string FileTable(const MergeReport& report, bool all_sources);

/// The totals of the table.
std::string TotalsText(const MergeReport& report);

/// What, where, how much, how long: lines of at most 80 columns, but for the path.
std::string SuccessText(const MergeReport& report, const EditOptions* edit = nullptr);

/// The same of `append`, or of `remove-source`.
std::string GrowthText(const MergeReport& report, bool is_append, bool backup);

/// What a single stage did.
std::string StageText(const StageReport& report);

/// What an inspection found. Problems and warnings are only counted.
std::string InspectText(const InspectReport& report);

}  // namespace robomerge::cli
