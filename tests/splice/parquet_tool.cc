// A command line around the Parquet splice, for tests/splice/test_parquet_splice.py:
//
//   parquet_tool splice OUT [--align N] [--regroup COLUMN] [--replace NAME=FIRST,STEP]...
//       [--int64 NAME]... [--rules FILE] IN...
//   parquet_tool tasks OUT TASK...
//
// `splice` makes one row group per row group of the sources, or with --regroup one per run of equal
// values of COLUMN. A replaced column continues across row groups. Rules are JSON: `columns` of the
// destination, and `sources` with the changes of each; the fields are those of DestinationColumn
// and ColumnChanges. `tasks` writes a table with a pandas index. Prints figures of the splice as
// JSON.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "formats/json/json.h"
#include "formats/parquet/file_splice.h"
#include "formats/parquet/table.h"
#include "io/file_system.h"

namespace robomerge {
namespace {

using parquet::RowGroupSource;

struct Replacement {
  std::string column;
  int64_t first = 0;
  int64_t step = 0;
};

struct Arguments {
  std::string output;
  std::vector<std::string> sources;
  std::vector<Replacement> replacements;
  std::vector<std::string> int64_columns;
  std::string regroup;
  std::string rules;
  uint64_t alignment_bytes = 1;
};

Result<Replacement> ParseReplacement(const std::string& text) {
  const size_t equals = text.rfind('='), comma = text.rfind(',');
  if (equals == std::string::npos || comma == std::string::npos || comma < equals) {
    return Problem(Code::kInvalidArgument, "a replacement is NAME=FIRST,STEP").Found(text);
  }
  return Replacement{text.substr(0, equals), std::atoll(text.substr(equals + 1).c_str()),
                     std::atoll(text.substr(comma + 1).c_str())};
}

Result<Arguments> ParseArguments(const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool is_option = words[i].starts_with("--");
    if (is_option && i + 1 == words.size())
      return Problem(Code::kInvalidArgument, "an option lacks its value").Found(words[i]);
    if (words[i] == "--align") {
      arguments.alignment_bytes = std::strtoull(words[++i].c_str(), nullptr, 10);
    } else if (words[i] == "--regroup") {
      arguments.regroup = words[++i];
    } else if (words[i] == "--rules") {
      arguments.rules = words[++i];
    } else if (words[i] == "--int64") {
      arguments.int64_columns.push_back(words[++i]);
    } else if (words[i] == "--replace") {
      ROBOMERGE_ASSIGN_OR_RETURN(Replacement replacement, ParseReplacement(words[++i]));
      arguments.replacements.push_back(std::move(replacement));
    } else if (is_option) {
      return Problem(Code::kInvalidArgument, "unknown option").Found(words[i]);
    } else if (arguments.output.empty()) {
      arguments.output = words[i];
    } else {
      arguments.sources.push_back(words[i]);
    }
  }
  if (arguments.sources.empty())
    return Problem(Code::kInvalidArgument, "parquet_tool splice OUT IN...");
  return arguments;
}

parquet::FillValue FillOf(const json::Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return std::monostate();
}

struct Rules {
  std::vector<parquet::DestinationColumn> columns;
  std::vector<parquet::ColumnChanges> sources;
};

Result<Rules> ReadRules(const std::string& path) {
  Rules rules;
  if (path.empty()) return rules;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, io::ReadWholeFile(io::Posix(), path));
  ROBOMERGE_ASSIGN_OR_RETURN(const json::Json all, json::Parse(text, path));
  using Shape = std::vector<int64_t>;
  for (const json::Json& column : all.at("columns")) {
    rules.columns.push_back({column.at("name"), column.value("owner_column", ""),
                             column.value("dtype", ""), column.value("shape", Shape())});
  }
  for (const json::Json& source : all.at("sources")) {
    parquet::ColumnChanges& changes = rules.sources.emplace_back();
    changes.left_out = source.value("left_out", std::vector<std::string>());
    for (const json::Json& one : source.value("columns", json::Json::array())) {
      changes.columns.push_back({.column = one.at("column"),
                                 .source_column = one.value("source_column", ""),
                                 .fill = FillOf(one.value("fill", json::Json())),
                                 .shape = one.value("shape", Shape()),
                                 .elements = one.value("elements", std::vector<int32_t>()),
                                 .is_cast = one.value("is_cast", false)});
    }
  }
  return rules;
}

// The row ranges of one source: its row groups, or runs of equal values.
Result<std::vector<RowGroupSource>> Ranges(const Arguments& arguments, uint32_t source_index,
                                           const io::RandomAccessFile& file,
                                           const parquet::Footer& footer) {
  std::vector<RowGroupSource> ranges;
  const auto add = [&](uint64_t first_row, uint64_t num_rows) {
    RowGroupSource range;
    range.source_index = source_index;
    range.first_row = first_row;
    range.num_rows = num_rows;
    ranges.push_back(std::move(range));
  };
  if (arguments.regroup.empty()) {
    uint64_t row = 0;
    for (const parquet::RowGroup& row_group : footer.row_groups()) {
      const auto num_rows = static_cast<uint64_t>(row_group.num_rows);
      if (num_rows > 0) add(row, num_rows);
      row += num_rows;
    }
    return ranges;
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<int64_t> values,
                             parquet::ReadInt64Column(file, footer, arguments.regroup));
  for (size_t begin = 0, end = 0; begin < values.size(); begin = end) {
    while (end < values.size() && values[end] == values[begin]) ++end;
    add(begin, end - begin);
  }
  return ranges;
}

Status RunSplice(const Arguments& arguments) {
  io::FileSystem& file_system = io::Posix();
  std::vector<std::unique_ptr<io::RandomAccessFile>> files;
  std::vector<parquet::Footer> footers;
  for (const std::string& path : arguments.sources) {
    ROBOMERGE_ASSIGN_OR_RETURN(auto file, file_system.OpenForReading(path));
    ROBOMERGE_ASSIGN_OR_RETURN(auto footer, parquet::Footer::Read(*file));
    files.push_back(std::move(file));
    footers.push_back(std::move(footer));
  }
  ROBOMERGE_ASSIGN_OR_RETURN(const Rules rules, ReadRules(arguments.rules));
  std::vector<parquet::SpliceSource> sources;
  std::vector<RowGroupSource> row_groups;
  for (size_t i = 0; i < files.size(); ++i) {
    sources.push_back({files[i].get(), &footers[i], nullptr,
                       i < rules.sources.size() ? &rules.sources[i] : nullptr});
    ROBOMERGE_ASSIGN_OR_RETURN(auto ranges,
                               Ranges(arguments, static_cast<uint32_t>(i), *files[i], footers[i]));
    for (RowGroupSource& range : ranges) row_groups.push_back(std::move(range));
  }
  int64_t row = 0;
  for (RowGroupSource& row_group : row_groups) {
    for (const Replacement& replacement : arguments.replacements) {
      row_group.replaced.emplace_back(
          replacement.column,
          parquet::Int64Run{replacement.first + row * replacement.step, replacement.step});
    }
    row += static_cast<int64_t>(row_group.num_rows);
  }
  ROBOMERGE_ASSIGN_OR_RETURN(
      const auto schema, parquet::DestinationSchema::From(
                             *files[0], footers[0], arguments.int64_columns, {}, rules.columns));
  ROBOMERGE_ASSIGN_OR_RETURN(auto output,
                             file_system.Create(arguments.output, io::Sharing::kAllowed));
  parquet::SpliceOptions options;
  options.alignment_bytes = arguments.alignment_bytes;
  ROBOMERGE_ASSIGN_OR_RETURN(const parquet::SpliceReport report,
                             parquet::WriteSplice(sources, row_groups, schema, options, *output));
  ROBOMERGE_RETURN_NOT_OK(output->Close(/*sync=*/false));
  std::cout << "{\"file_size_bytes\": " << report.file_size_bytes
            << ", \"copied_bytes\": " << report.raw.copied_bytes
            << ", \"shared_bytes\": " << report.raw.shared_bytes
            << ", \"encoded_bytes\": " << report.encoded_bytes
            << ", \"num_chunks_decoded\": " << report.num_chunks_decoded << "}\n";
  return Status();
}

Status RunTasks(const std::vector<std::string>& words) {
  if (words.empty()) return Problem(Code::kInvalidArgument, "parquet_tool tasks OUT TASK...");
  const std::vector<std::string> tasks(words.begin() + 1, words.end());
  std::vector<int64_t> indexes;
  for (size_t i = 0; i < tasks.size(); ++i) indexes.push_back(static_cast<int64_t>(i));
  parquet::TableWriter writer;
  writer.AddInt64("task_index", std::move(indexes));
  writer.AddString("task", tasks);
  writer.SetPandasIndex("task");
  ROBOMERGE_ASSIGN_OR_RETURN(auto output, io::Posix().Create(words[0], io::Sharing::kAllowed));
  ROBOMERGE_RETURN_NOT_OK(writer.Write(*output).status());
  return output->Close(/*sync=*/false);
}

Status Run(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? std::string() : words[0];
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "tasks") return RunTasks(rest);
  if (command != "splice")
    return Problem(Code::kInvalidArgument, "parquet_tool splice|tasks OUT ...");
  ROBOMERGE_ASSIGN_OR_RETURN(const Arguments arguments, ParseArguments(rest));
  return RunSplice(arguments);
}

}  // namespace
}  // namespace robomerge

int main(int argc, char** argv) {
  const robomerge::Status status = robomerge::Run(std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::cerr << robomerge::FormatProblems(status.problems(), "error");
  return 1;
}
