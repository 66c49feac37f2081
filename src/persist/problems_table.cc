#include "persist/problems_table.h"

namespace robomerge::persist {

ProblemsTable ToTable(const std::vector<Problem>& problems) {
  ProblemsTable table;
  for (const Problem& problem : problems) {
    table.code.push_back(static_cast<int64_t>(problem.code));
    table.kind.push_back(problem.kind);
    table.what.push_back(problem.what);
    table.source.push_back(problem.source);
    table.where.push_back(problem.where);
    table.expected.push_back(problem.expected);
    table.found.push_back(problem.found);
    table.hint.push_back(problem.hint);
    table.context.push_back(problem.context);
  }
  return table;
}

Result<std::vector<Problem>> FromTable(const TableFolder& folder, const std::string& name,
                                       ProblemsTable table) {
  IndexCheck index(folder, name);
  std::vector<Problem> problems;
  for (size_t row = 0; row < table.code.size(); ++row) {
    const uint32_t code =
        index("code", row, table.code[row], static_cast<size_t>(Code::kInternal) + 1);
    Problem& problem = problems.emplace_back(static_cast<Code>(code), std::move(table.what[row]));
    problem.kind = std::move(table.kind[row]);
    problem.source = std::move(table.source[row]);
    problem.where = std::move(table.where[row]);
    problem.expected = std::move(table.expected[row]);
    problem.found = std::move(table.found[row]);
    problem.hint = std::move(table.hint[row]);
    problem.context = std::move(table.context[row]);
  }
  ROBOMERGE_RETURN_NOT_OK(index.status());
  return problems;
}

}  // namespace robomerge::persist
