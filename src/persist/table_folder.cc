#include "persist/table_folder.h"

#include "base/fingerprint.h"
#include "base/path.h"
#include "io/unique_name.h"

namespace robomerge::persist {
namespace {

using json::Json;

// Far above any real header: what grows with the sources is in tables.
constexpr uint64_t kMostHeaderBytes = uint64_t{64} << 20;
constexpr const char* kFingerprint = "fingerprint";

// The header without who wrote it, which is no part of the content.
std::string Content(Json header) {
  header.erase("made_by");
  header.erase(kFingerprint);
  return json::Dump(header);
}

}  // namespace

std::string HeaderFingerprint(const Json& header) {
  Fingerprint all;
  all.Add(Content(header));
  return all.Hex();
}

TableFolderWriter::TableFolderWriter(const FolderKind& kind, Json fields) : kind_(kind) {
  header_["format"] = kind.format;
  header_["version"] = Json::array({kind.major, kind.minor});
  for (const auto& [name, value] : fields.items()) header_[name] = value;
  header_["tables"] = Json::array();
}

void TableFolderWriter::Add(const std::string& name, const FingerprintColumns& fingerprint,
                            std::unique_ptr<parquet::TableWriter> writer) {
  Json table = Json::object();
  table["name"] = name;
  table["num_rows"] = fingerprint.num_rows();
  table["fingerprint"] = fingerprint.Hex();
  header_["tables"].push_back(std::move(table));
  tables_.push_back({name, std::move(writer)});
}

std::string TableFolderWriter::Header() const {
  Json header = header_;
  header[kFingerprint] = HeaderFingerprint(header_);
  return json::Dump(header) + "\n";
}

Status TableFolderWriter::WriteFiles(io::FileSystem& file_system, const std::string& path,
                                     bool sync) {
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(path));
  for (Stored& table : tables_) {
    const std::string file_path = io::JoinPath(path, table.name + ".parquet");
    ROBOMERGE_ASSIGN_OR_RETURN(const std::unique_ptr<io::OutputFile> file,
                               file_system.Create(file_path, io::Sharing::kForbidden));
    ROBOMERGE_ASSIGN_OR_RETURN(const uint64_t size_bytes, table.writer->Write(*file));
    static_cast<void>(size_bytes);
    ROBOMERGE_RETURN_NOT_OK(file->Close(sync));
  }
  const std::string header = Header();
  ROBOMERGE_RETURN_NOT_OK(io::WriteNewFile(file_system, io::JoinPath(path, kind_.header_name),
                                           std::as_bytes(std::span(header)), sync));
  return sync ? file_system.SyncDirectory(path) : Status();
}

Result<TableFolderWriter::Outcome> TableFolderWriter::Write(io::FileSystem& file_system,
                                                            const std::string& path, bool sync) {
  const auto compare = [&]() -> Result<Outcome> {
    ROBOMERGE_ASSIGN_OR_RETURN(const TableFolder there,
                               TableFolder::Open(file_system, path, kind_));
    return Content(there.header()) == Content(header_) ? Outcome::kAlreadyThere : Outcome::kDiffers;
  };
  ROBOMERGE_ASSIGN_OR_RETURN(const bool exists, io::Exists(file_system, path));
  // What is removed now that the whole folder is there may still be written by another attempt,
  // which fails then and finds the whole folder.
  if (exists) {
    io::RemoveTemporaries(file_system, path);
    return compare();
  }
  const std::string parent = ParentOf(path);
  ROBOMERGE_RETURN_NOT_OK(file_system.MakeDirectories(parent));
  const std::string temporary = io::TemporaryNameFor(path);
  Status status = WriteFiles(file_system, temporary, sync);
  if (status.ok()) status = file_system.RenameNew(temporary, path);
  if (!status.ok()) {
    static_cast<void>(file_system.RemoveAll(temporary).ok());
    // Another process was faster, and may have removed what this one was writing. That is the same
    // as if the folder had been there before.
    const Result<bool> is_there = io::Exists(file_system, path);
    if (is_there.ok() && *is_there) return compare();
    return status;
  }
  io::RemoveTemporaries(file_system, path);
  if (sync) ROBOMERGE_RETURN_NOT_OK(file_system.SyncDirectory(parent));
  return Outcome::kWritten;
}

Result<TableFolder> TableFolder::Open(const io::FileSystem& file_system, const std::string& path,
                                      const FolderKind& kind) {
  TableFolder folder(file_system, path, kind);
  const std::string header_path = folder.header_path();
  const Result<std::string> text = io::ReadWholeFile(file_system, header_path, kMostHeaderBytes);
  if (!text.ok() && text.status().code() == Code::kNotFound) {
    return Problem(Code::kNotFound, StrCat("there is no ", kind.format, " here"))
        .Kind(StrCat(kind.error_kind, "-missing"))
        .At(header_path);
  }
  ROBOMERGE_RETURN_NOT_OK(folder.Damaged(text.status()));
  Result<Json> header = json::Parse(*text, header_path);
  ROBOMERGE_RETURN_NOT_OK(folder.Damaged(header.status()));
  folder.header_ = std::move(header).value();
  const Json& fields = folder.header_;
  if (!fields.is_object() || !fields.contains("format") ||
      fields.at("format") != Json(kind.format)) {
    return folder.DamagedProblem(StrCat("this is no ", kind.format), header_path + ": format");
  }
  const Json version = fields.contains("version") ? fields.at("version") : Json();
  if (!version.is_array() || version.size() != 2 || !version[0].is_number_integer()) {
    return folder.DamagedProblem("version is not [major, minor]", header_path + ": version");
  }
  if (version[0] != Json(kind.major)) {
    Problem problem =
        folder.OtherVersion(StrCat(kind.format, " is of another version than this robomerge reads"),
                            header_path + ": version", json::DumpLine(version));
    problem.expected = StrCat("[", kind.major, ", any]");
    return problem;
  }
  const std::string fingerprint = HeaderFingerprint(fields);
  if (!fields.contains(kFingerprint) || fields.at(kFingerprint) != Json(fingerprint)) {
    Problem problem = folder.DamagedProblem(
        StrCat("fields of the ", kind.format, " are not as they were written"),
        header_path + ": " + kFingerprint);
    problem.expected = fingerprint;
    problem.found =
        fields.contains(kFingerprint) ? json::DumpLine(fields.at(kFingerprint)) : "none";
    return problem;
  }
  return folder;
}

Problem TableFolder::OtherVersion(std::string what, std::string where, std::string found) const {
  return Problem(Code::kUnsupported, std::move(what))
      .Kind(StrCat(kind_.error_kind, "-version"))
      .At(std::move(where))
      .Found(std::move(found))
      .Hint("use the robomerge that wrote it, or write it anew with this one");
}

Problem TableFolder::DamagedProblem(std::string what, std::string where) const {
  return Problem(Code::kCorrupt, std::move(what))
      .Kind(StrCat(kind_.error_kind, "-damaged"))
      .At(std::move(where))
      .Hint("remove this folder and make it again");
}

Status TableFolder::Damaged(const Status& status) const {
  if (status.ok() || status.code() == Code::kIo) return status;
  Problem problem = status.problems().front();
  problem.code = Code::kCorrupt;
  problem.kind = StrCat(kind_.error_kind, "-damaged");
  // Hints are of files of datasets, which are copied.
  problem.hint = "remove this folder and make it again";
  return problem;
}

Result<parquet::Table> TableFolder::ReadTable(const std::string& name) const {
  const std::string path = TablePath(name);
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system_->OpenForReading(path);
  ROBOMERGE_RETURN_NOT_OK(Damaged(file.status()));
  Result<parquet::Table> table = parquet::Table::Read(**file);
  ROBOMERGE_RETURN_NOT_OK(Damaged(table.status()));
  return table;
}

Status TableFolder::CheckFingerprint(const std::string& name,
                                     const FingerprintColumns& fingerprint) const {
  const std::string place = StrCat(header_path(), ": tables, ", name);
  if (header_.contains("tables") && header_.at("tables").is_array()) {
    for (const Json& entry : header_.at("tables")) {
      if (!entry.is_object() || !entry.contains("name") || entry.at("name") != Json(name)) continue;
      if (entry.contains("num_rows") && entry.at("num_rows") == Json(fingerprint.num_rows()) &&
          entry.contains("fingerprint") && entry.at("fingerprint") == Json(fingerprint.Hex())) {
        return Status();
      }
      Problem problem = DamagedProblem("table does not hold what its header says", TablePath(name));
      problem.expected = StrCat(json::DumpLine(entry), "   from ", place);
      problem.found =
          StrCat(WithSeparators(fingerprint.num_rows()), " rows, fingerprint ", fingerprint.Hex());
      return problem;
    }
  }
  return DamagedProblem("header does not name this table", place);
}

Result<Json> TableFolder::Field(const std::string& field) const {
  if (header_.contains(field)) return header_.at(field);
  return DamagedProblem(StrCat("there is no field `", field, "`"), header_path());
}

Result<std::string> TableFolder::Text(const std::string& field) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const Json value, Field(field));
  if (value.is_string()) return value.get<std::string>();
  return DamagedProblem("field is no text", StrCat(header_path(), ": ", field));
}

Result<uint64_t> TableFolder::Count(const std::string& field) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const Json value, Field(field));
  if (value.is_number_integer() && (value.is_number_unsigned() || value.get<int64_t>() >= 0))
    return value.get<uint64_t>();
  return DamagedProblem("field is no count", StrCat(header_path(), ": ", field));
}

Result<double> TableFolder::Number(const std::string& field) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const Json value, Field(field));
  if (value.is_number()) return value.get<double>();
  return DamagedProblem("field is no number", StrCat(header_path(), ": ", field));
}

Result<bool> TableFolder::Flag(const std::string& field) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const Json value, Field(field));
  if (value.is_boolean()) return value.get<bool>();
  return DamagedProblem("field is neither true nor false", StrCat(header_path(), ": ", field));
}

Result<std::vector<std::string>> TableFolder::TextList(const std::string& field) const {
  ROBOMERGE_ASSIGN_OR_RETURN(const Json value, Field(field));
  std::vector<std::string> texts;
  if (value.is_array()) {
    for (const Json& item : value) {
      if (item.is_string()) texts.push_back(item.get<std::string>());
    }
    if (texts.size() == value.size()) return texts;
  }
  return DamagedProblem("field is no list of texts", StrCat(header_path(), ": ", field));
}

uint32_t IndexCheck::operator()(const char* column, size_t row, int64_t value, size_t limit) {
  if (value >= 0 && static_cast<uint64_t>(value) < limit && value <= UINT32_MAX)
    return static_cast<uint32_t>(value);
  if (status_.ok()) {
    Problem problem =
        folder_.DamagedProblem("number points nowhere", StrCat(path_, ": ", column, ", row ", row));
    problem.expected = StrCat("0 to ", static_cast<int64_t>(limit) - 1);
    problem.found = std::to_string(value);
    status_ = std::move(problem);
  }
  return 0;
}

uint64_t IndexCheck::Count(const char* column, size_t row, int64_t value) {
  if (value >= 0) return static_cast<uint64_t>(value);
  if (status_.ok()) {
    Problem problem =
        folder_.DamagedProblem("count is negative", StrCat(path_, ": ", column, ", row ", row));
    problem.found = std::to_string(value);
    status_ = std::move(problem);
  }
  return 0;
}

Result<StatsMode> ReadStatsMode(const TableFolder& folder) {
  if (!folder.Has("stats")) return StatsMode::kFold;
  ROBOMERGE_ASSIGN_OR_RETURN(const std::string text, folder.Text("stats"));
  if (const std::optional<StatsMode> mode = FromName<StatsMode>(text)) return *mode;
  return folder.OtherVersion("mode of statistics is not known", folder.header_path() + ": stats",
                             text);
}

Result<Adaptation> LoadAdaptation(const TableFolder& folder, size_t row, const std::string& text) {
  if (std::optional<Adaptation> adaptation = AdaptationFromText(text)) return *adaptation;
  return folder.OtherVersion("a source has rules that this robomerge does not know",
                             StrCat(folder.TablePath("sources"), ": adaptation, row ", row), text);
}

}  // namespace robomerge::persist
