// A folder with a small readable JSON file and Parquet tables: what partials and plans are on disk.
// It is written whole or not at all, and never changed in place.
//
// The JSON file is the header: it names every table with the number of its rows and the fingerprint
// of its values. Format: docs/formats/plan-directory.md.
#pragma once

#include <string>

#include "base/text.h"
#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/adaptation.h"
#include "persist/columns.h"
#include "robomerge/options.h"
#include "robomerge/status.h"

namespace robomerge::persist {

/// What differs between the kinds of folders.
struct FolderKind {
  const char* format;       ///< "robomerge plan"
  const char* header_name;  ///< "plan.json"
  const char* error_kind;   ///< "E-plan": E-plan-version, E-plan-damaged
  int64_t major = 1;        ///< a reader knows one, and refuses all others
  int64_t minor = 0;        ///< a reader takes any, and ignores fields that it does not know
};

/// The field `fingerprint` of a header: of all others but `made_by`, so that none is edited without
/// a word.
std::string HeaderFingerprint(const json::Json& header);

/// Gathers the content of a folder, then writes it.
class TableFolderWriter {
 public:
  TableFolderWriter(const FolderKind& kind, json::Json fields);

  template <typename Table>
  void Add(const std::string& name, Table& table) {
    FingerprintColumns fingerprint;
    table.Visit(fingerprint);
    auto writer = std::make_unique<parquet::TableWriter>();
    table.Visit(WriteColumns(*writer));
    Add(name, fingerprint, std::move(writer));
  }

  /// The text of the JSON file. Equal texts mean equal content.
  std::string Header() const;

  enum class Outcome { kWritten, kAlreadyThere, kDiffers };
  /// Writes the folder under a temporary name, syncs it (with `sync`) and renames it to `path`. If
  /// something is there already it stays: kAlreadyThere if it holds the same, kDiffers if not.
  Result<Outcome> Write(io::FileSystem& file_system, const std::string& path, bool sync);

 private:
  struct Stored {
    std::string name;
    std::unique_ptr<parquet::TableWriter> writer;
  };

  void Add(const std::string& name, const FingerprintColumns& fingerprint,
           std::unique_ptr<parquet::TableWriter> writer);
  Status WriteFiles(io::FileSystem& file_system, const std::string& path, bool sync);

  const FolderKind kind_;
  json::Json header_;
  std::vector<Stored> tables_;
};

/// An open folder: its header is read, and of a known version.
class TableFolder {
 public:
  /// kNotFound (<kind>-missing) if there is no such folder; kUnsupported (<kind>-version); kCorrupt
  /// (<kind>-damaged), also if a field of the header was edited.
  static Result<TableFolder> Open(const io::FileSystem& file_system, const std::string& path,
                                  const FolderKind& kind);

  const json::Json& header() const { return header_; }
  std::string header_path() const { return io::JoinPath(path_, kind_.header_name); }

  /// Reads a table. kCorrupt (<kind>-damaged) unless it has the rows and the fingerprint that the
  /// header names.
  template <typename Table>
  Result<Table> Read(const std::string& name) const {
    ROBOMERGE_ASSIGN_OR_RETURN(const parquet::Table stored, ReadTable(name));
    Table table;
    ReadColumns columns(stored);
    table.Visit(columns);
    ROBOMERGE_RETURN_NOT_OK(Damaged(columns.status()));
    FingerprintColumns fingerprint;
    table.Visit(fingerprint);
    ROBOMERGE_RETURN_NOT_OK(CheckFingerprint(name, fingerprint));
    return table;
  }

  /// A field of the header; kCorrupt (<kind>-damaged) if it is missing or of another type. A count
  /// is an integer that is not negative.
  Result<std::string> Text(const std::string& field) const;
  Result<uint64_t> Count(const std::string& field) const;
  Result<double> Number(const std::string& field) const;
  Result<bool> Flag(const std::string& field) const;
  Result<std::vector<std::string>> TextList(const std::string& field) const;
  bool Has(const std::string& field) const { return header_.contains(field); }

  /// A problem with what another version of robomerge has written: <kind>-version.
  Problem OtherVersion(std::string what, std::string where, std::string found) const;
  /// A problem with the content of one of its files: <kind>-damaged.
  Problem DamagedProblem(std::string what, std::string where) const;
  std::string TablePath(const std::string& name) const {
    return io::JoinPath(path_, name + ".parquet");
  }

 private:
  TableFolder(const io::FileSystem& file_system, std::string path, const FolderKind& kind)
      : file_system_(&file_system), path_(std::move(path)), kind_(kind) {}

  Result<parquet::Table> ReadTable(const std::string& name) const;
  Status CheckFingerprint(const std::string& name, const FingerprintColumns& fingerprint) const;
  Status Damaged(const Status& status) const;
  Result<json::Json> Field(const std::string& field) const;

  const io::FileSystem* file_system_;
  std::string path_;
  FolderKind kind_;
  json::Json header_;
};

/// Checks stored indexes: status() is kCorrupt (<kind>-damaged) unless all are in range.
class IndexCheck {
 public:
  IndexCheck(const TableFolder& folder, const std::string& table)
      : folder_(folder), path_(folder.TablePath(table)) {}
  /// Returns `value` if 0 <= value < limit. Else returns 0, and status() names the first such
  /// value.
  uint32_t operator()(const char* column, size_t row, int64_t value, size_t limit);
  /// The same for a count, which must only not be negative.
  uint64_t Count(const char* column, size_t row, int64_t value);
  const Status& status() const { return status_; }

 private:
  const TableFolder& folder_;
  const std::string path_;
  Status status_;
};

/// The field `stats` of the header; kFold if there is none.
Result<StatsMode> ReadStatsMode(const TableFolder& folder);

/// The adaptation in row `row` of the table `sources`. kUnsupported (<kind>-version) if it has a
/// rule that this program does not know: without that rule the result would be another one.
Result<Adaptation> LoadAdaptation(const TableFolder& folder, size_t row, const std::string& text);

}  // namespace robomerge::persist
