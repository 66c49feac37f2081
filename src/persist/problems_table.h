// Warnings as a table, so that they are still reported when another process loads a partial or
// plan.
#pragma once

#include <vector>

#include "persist/columns.h"
#include "persist/table_folder.h"

namespace robomerge::persist {

struct ProblemsTable {
  Integers code;
  Texts kind, what, source, where, expected, found, hint;
  TextLists context;

  template <typename Visitor>
  void Visit(Visitor&& visit) {
    visit("code", code), visit("kind", kind), visit("what", what), visit("source", source),
        visit("where", where);
    visit("expected", expected), visit("found", found), visit("hint", hint),
        visit("context", context);
  }
};

ProblemsTable ToTable(const std::vector<Problem>& problems);
/// `name`: the table's, for messages.
Result<std::vector<Problem>> FromTable(const TableFolder& folder, const std::string& name,
                                       ProblemsTable table);

}  // namespace robomerge::persist
