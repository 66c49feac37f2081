// A data file spliced: its row groups raw with bookkeeping columns made anew, in other groups, so
// that all is decoded, and under rules. The result is compared with the source, column by column.
#include <algorithm>

#include "formats/parquet/compare_rows.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/memory_file_internal.h"
#include "fuzz/check.h"
#include "fuzz/mutate.h"
#include "testing/guarded_file_system.h"
#include "testing/memory_file_system.h"

namespace robomerge {
using parquet::Footer;

FUZZ_MUTATE_WITH(fuzz::MutateParquet);

namespace {

const std::vector<std::string> kBookkeeping = {"episode_index", "index", "task_index"};

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class SpliceOfInput {
 public:
  SpliceOfInput(const io::RandomAccessFile& file, const Footer& footer)
      : file_(file), footer_(footer) {
    for (const std::string& name : footer.column_names()) {
      if (Has(kBookkeeping, name))
        replaced_.push_back(name);
      else
        kept_.push_back(name);
    }
    // The first single number is cast, the last column left out, the others renamed; one is new.
    const auto single =
        std::find_if(footer.leaves().begin(), footer.leaves().end(), [](const parquet::Leaf& leaf) {
          return leaf.path.size() == 1 && leaf.type != parquet::PhysicalType::kByteArray &&
                 !Has(kBookkeeping, leaf.path.front());
        });
    for (const std::string& name : replaced_) columns_.push_back({name, name});
    for (const std::string& name : kept_) {
      const bool is_cast = single != footer.leaves().end() && name == single->path.front();
      if (!is_cast && name == kept_.back()) {
        rules_.left_out.push_back(name);
        continue;
      }
      columns_.push_back({"new " + name, name, is_cast ? "float32" : "", {}});
      rules_.columns.push_back(
          {.column = "new " + name, .source_column = name, .is_cast = is_cast});
    }
    columns_.push_back({"filled", "", "float64", {2}});
    rules_.columns.push_back({.column = "filled", .source_column = "", .fill = 0.5, .shape = {2}});
  }

  void Run(const std::vector<std::pair<uint64_t, uint64_t>>& groups,
           const parquet::SpliceOptions& options, bool has_rules = false) const {
    const parquet::ColumnChanges* rules = has_rules ? &rules_ : nullptr;
    const Result<parquet::DestinationSchema> schema = parquet::DestinationSchema::From(
        file_, footer_, replaced_, {},
        has_rules ? columns_ : std::vector<parquet::DestinationColumn>());
    if (!fuzz::Fine(schema)) return;
    std::vector<parquet::RowGroupSource> row_groups;
    uint64_t num_rows = 0;
    for (const auto& [first, count] : groups) {
      parquet::RowGroupSource& row_group = row_groups.emplace_back();
      row_group.first_row = first;
      row_group.num_rows = count;
      num_rows += count;
      for (const std::string& name : replaced_)
        row_group.replaced.emplace_back(name, parquet::Int64Run{static_cast<int64_t>(first), 1});
    }
    const parquet::SpliceSource source{&file_, &footer_, nullptr, rules};
    io::MemoryFileSystem memory;
    io::GuardedFileSystem files(memory, {"/file.parquet"});
    const std::string path = "/file.parquet";
    auto output = files.Create(path, io::Sharing::kForbidden);
    const Result<parquet::SpliceReport> report =
        parquet::WriteSplice({&source, 1}, row_groups, *schema, options, **output);
    if (!fuzz::Fine(report)) return;
    FUZZ_CHECK(report->file_size_bytes == files.Stat(path)->size_bytes,
               "the report names another size");
    const auto result = std::move(files.OpenForReading(path)).value();
    const Result<Footer> spliced = Footer::Read(*result);
    FUZZ_CHECK(fuzz::Fine(spliced), spliced.status().ToString());
    FUZZ_CHECK(spliced->num_rows() == static_cast<int64_t>(num_rows) &&
                   spliced->row_groups().size() == groups.size(),
               "rows or row groups are missing");
    parquet::RowComparer comparer(*result, *spliced, file_, footer_,
                                  parquet::ColumnsInDestination(rules, kept_), {}, rules);
    uint64_t first_in_result = 0;
    for (const auto& [first, count] : groups) {
      const Result<parquet::ComparedRows> compared =
          comparer.Compare(first_in_result, first, count);
      first_in_result += count;
      if (!fuzz::Fine(compared))
        return;  // a source whose pages are damaged can still be spliced raw
      for (const parquet::RowDifference& difference : compared->differences) {
        FUZZ_CHECK(false,
                   difference.column + ": " + difference.expected + " became " + difference.found);
      }
    }
  }

 private:
  const io::RandomAccessFile& file_;
  const Footer& footer_;
  std::vector<std::string> replaced_, kept_;
  std::vector<parquet::DestinationColumn> columns_;
  parquet::ColumnChanges rules_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const parquet::MemoryFile file("file.parquet", std::string(fuzz::Text(data, size)));
  const Result<Footer> footer = Footer::Read(file);
  if (!fuzz::Fine(footer) || footer->num_rows() == 0) return 0;
  const SpliceOfInput splice(file, *footer);
  std::vector<std::pair<uint64_t, uint64_t>> as_they_are;
  uint64_t first = 0;
  for (const parquet::RowGroup& row_group : footer->row_groups()) {
    const auto num_rows = static_cast<uint64_t>(row_group.num_rows);
    if (num_rows > 0) as_they_are.emplace_back(first, num_rows);
    first += num_rows;
  }
  splice.Run(as_they_are, {});
  splice.Run(as_they_are,
             {.alignment_bytes = 512, .keep_page_index = false, .leaves_copies = false});
  const auto num_rows = static_cast<uint64_t>(footer->num_rows());
  const uint64_t cut = num_rows / 3 + 1;
  std::vector<std::pair<uint64_t, uint64_t>> regrouped = {{0, cut}};
  if (cut < num_rows) regrouped.emplace_back(cut, num_rows - cut);
  splice.Run(regrouped, {});
  splice.Run(as_they_are, {}, /*has_rules=*/true);
  splice.Run(regrouped, {}, /*has_rules=*/true);
  for (const std::string& column : kBookkeeping)
    static_cast<void>(fuzz::Fine(parquet::ReadInt64Column(file, *footer, column)));
  return 0;
}

}  // namespace robomerge
