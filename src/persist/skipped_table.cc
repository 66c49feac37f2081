#include "persist/skipped_table.h"

#include <iterator>

namespace robomerge::persist {

SkippedTables ToTables(const std::vector<Skipped>& skipped) {
  SkippedTables tables;
  std::vector<Problem> reasons;
  for (const Skipped& one : skipped) {
    tables.skipped.position.push_back(static_cast<int64_t>(one.position));
    tables.skipped.source.push_back(one.source);
    tables.skipped.name.push_back(one.name);
    tables.skipped.episodes.push_back(one.episodes);
    tables.skipped.num_reasons.push_back(static_cast<int64_t>(one.reasons.size()));
    reasons.insert(reasons.end(), one.reasons.begin(), one.reasons.end());
  }
  tables.reasons = ToTable(reasons);
  return tables;
}

void AddWish(SkipBroken wish, json::Json& fields) {
  if (wish != SkipBroken::kNothing) fields["skip_broken"] = NameOf(wish);
}

void AddTables(SkipBroken wish, SkippedTables& tables, TableFolderWriter& writer) {
  if (wish == SkipBroken::kNothing) return;
  writer.Add("skipped", tables.skipped);
  writer.Add("skipped_reasons", tables.reasons);
}

Result<StoredSkips> ReadSkips(const TableFolder& folder) {
  StoredSkips stored;
  if (!folder.Has("skip_broken")) return stored;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string word, folder.Text("skip_broken"));
  const std::optional<SkipBroken> wish = FromName<SkipBroken>(word);
  if (!wish) {
    return folder.OtherVersion("what is to be left out is not known",
                               folder.header_path() + ": skip_broken", word);
  }
  stored.wish = *wish;
  ROBOMERGE_ASSIGN_OR_RETURN(SkippedTable table, folder.Read<SkippedTable>("skipped"));
  ROBOMERGE_ASSIGN_OR_RETURN(ProblemsTable problems, folder.Read<ProblemsTable>("skipped_reasons"));
  ROBOMERGE_ASSIGN_OR_RETURN(std::vector<Problem> reasons,
                             FromTable(folder, "skipped_reasons", std::move(problems)));
  IndexCheck index(folder, "skipped");
  auto next = reasons.begin();
  for (size_t row = 0; row < table.position.size(); ++row) {
    Skipped& one = stored.skipped.emplace_back();
    one.position = index.Count("position", row, table.position[row]);
    const auto num_left = static_cast<size_t>(reasons.end() - next);
    const uint32_t num_reasons = index("num_reasons", row, table.num_reasons[row], num_left + 1);
    ROBOMERGE_RETURN_NOT_OK(index.status());
    if (row > 0 && one.position <= stored.skipped[row - 1].position) {
      return folder.DamagedProblem("what is left out is not in the order of the sources",
                                   StrCat(folder.TablePath("skipped"), ": position, row ", row));
    }
    one.source = std::move(table.source[row]);
    one.name = std::move(table.name[row]);
    one.episodes = std::move(table.episodes[row]);
    one.reasons.assign(std::make_move_iterator(next), std::make_move_iterator(next + num_reasons));
    next += num_reasons;
  }
  return stored;
}

}  // namespace robomerge::persist
