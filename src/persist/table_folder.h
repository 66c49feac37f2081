// A folder with a small readable JSON file and Parquet tables, written whole or not at all, and
// never changed: the form of partials and plans.
//
// The JSON names every table with its rows and the fingerprint of its values. Format:
// docs/formats/plan-directory.md.
#pragma once

#include <string>

#include "base/text.h"
#include "formats/json/json.h"
#include "io/file_system.h"
#include "model/adaptation.h"
#include "persist/columns.h"
#include "robomerge/status.h"

namespace robomerge::persist {

/// Which kind of folder.
struct FolderKind {
  const char* format;       ///< "robomerge plan"
  const char* header_name;  ///< "plan.json"
  const char* error_kind;   ///< "E-plan": E-plan-version, E-plan-damaged
  int64_t major = 1;        ///< a reader knows one, and refuses all others
  int64_t minor = 0;        ///< fields a reader does not know are ignored
};

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

  /// The text of the JSON file: equal texts, equal content.
  std::string Header() const;

  enum class Outcome { kWritten, kAlreadyThere, kDiffers };
  /// Writes the folder at `path` under another name, syncs it (when `sync`) and renames it. What is
  /// there is left alone: kAlreadyThere if it holds the same, kDiffers if not.
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

/// A folder that was opened: its JSON is read and of a known version.
class TableFolder {
 public:
  /// kNotFound where there is no such folder; kUnsupported (<kind>-version); kCorrupt
  /// (<kind>-damaged).
  static Result<TableFolder> Open(const io::FileSystem& file_system, const std::string& path,
                                  const FolderKind& kind);

  const json::Json& header() const { return header_; }
  std::string header_path() const { return io::JoinPath(path_, kind_.header_name); }

  /// Reads a table and holds it against the rows and the fingerprint that the header names.
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

  /// A field of the header: a text, a number that is not negative, a list of texts.
  Result<std::string> Text(const std::string& field) const;
  Result<uint64_t> Count(const std::string& field) const;
  Result<double> Number(const std::string& field) const;
  Result<bool> Flag(const std::string& field) const;
  Result<std::vector<std::string>> TextList(const std::string& field) const;

  /// What another version of robomerge has written: <kind>-version.
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

/// Where an index that was stored points to: kCorrupt unless 0 <= value < limit.
class IndexCheck {
 public:
  IndexCheck(const TableFolder& folder, const std::string& table)
      : folder_(folder), path_(folder.TablePath(table)) {}
  /// Remembers the first value out of range and gives 0 for it.
  uint32_t operator()(const char* column, size_t row, int64_t value, size_t limit);
  /// As above for a count, which may be anything that is not negative.
  uint64_t Count(const char* column, size_t row, int64_t value);
  const Status& status() const { return status_; }

 private:
  const TableFolder& folder_;
  const std::string path_;
  Status status_;
};

/// The adaptation in row `row` of the table `sources`. A rule that this program does not know is
/// refused (…-version): without it the merge would be another one.
Result<Adaptation> LoadAdaptation(const TableFolder& folder, size_t row, const std::string& text);

}  // namespace robomerge::persist
