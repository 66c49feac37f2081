// What is left out of a merge, as tables. A folder has them only if that was asked for.
#pragma once

#include <vector>

#include "persist/problems_table.h"
#include "robomerge/options.h"
#include "robomerge/report.h"

namespace robomerge::persist {

struct SkippedTable {
  Integers position, num_reasons;
  Texts source, name, episodes;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("position", position), visit("source", source), visit("name", name),
        visit("episodes", episodes), visit("num_reasons", num_reasons);
  }
};

struct SkippedTables {
  SkippedTable skipped;
  ProblemsTable reasons;  ///< those of all rows of `skipped`, one after another
};

SkippedTables ToTables(const std::vector<Skipped>& skipped);

/// Enters the wish in a header; nothing where there is none.
void AddWish(SkipBroken wish, json::Json& fields);
/// Adds the tables to a folder, if there is a wish.
void AddTables(SkipBroken wish, SkippedTables& tables, TableFolderWriter& writer);

struct StoredSkips {
  SkipBroken wish = SkipBroken::kNothing;
  std::vector<Skipped> skipped;  ///< ascending by position, each once
};
Result<StoredSkips> ReadSkips(const TableFolder& folder);

}  // namespace robomerge::persist
