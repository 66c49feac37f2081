// Columns of a stored table. A struct of vectors names them once, in Visit; writing, reading and
// fingerprinting use that.
//
//   struct TasksTable {
//     std::vector<std::string> task;
//     template <typename Visitor> void Visit(Visitor&& visit) { visit("task", task); }
//   };
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fingerprint.h"
#include "formats/parquet/table.h"
#include "robomerge/status.h"

namespace robomerge::persist {

using Texts = std::vector<std::string>;
using TextLists = std::vector<std::vector<std::string>>;
using Integers = std::vector<int64_t>;
using IntegerLists = std::vector<std::vector<int64_t>>;
using Numbers = std::vector<double>;
using NumberLists = std::vector<std::vector<double>>;

/// Fingerprints the values, not the bytes of the Parquet file, which depend on its writer's
/// version.
class FingerprintColumns {
 public:
  void operator()(const char* name, const Texts& column);
  void operator()(const char* name, const TextLists& column);
  void operator()(const char* name, const Integers& column);
  void operator()(const char* name, const IntegerLists& column);
  void operator()(const char* name, const Numbers& column);
  void operator()(const char* name, const NumberLists& column);

  uint64_t num_rows() const { return num_rows_; }
  std::string Hex() const { return all_.Hex(); }

 private:
  void Begin(const char* name, uint64_t num_rows);

  Fingerprint all_;
  uint64_t num_rows_ = 0;
};

/// Adds columns to a Parquet table.
class WriteColumns {
 public:
  explicit WriteColumns(parquet::TableWriter& table) : table_(table) {}

  void operator()(const char* name, const Texts& column) { table_.AddString(name, column); }
  void operator()(const char* name, const TextLists& column) { table_.AddStringList(name, column); }
  void operator()(const char* name, const Integers& column) { table_.AddInt64(name, column); }
  void operator()(const char* name, const IntegerLists& column);
  void operator()(const char* name, const Numbers& column) { table_.AddDouble(name, column); }
  void operator()(const char* name, const NumberLists& column);

 private:
  parquet::TableWriter& table_;
};

/// Takes columns from a Parquet table. status() is the error of the first column that is missing or
/// of another type.
class ReadColumns {
 public:
  explicit ReadColumns(const parquet::Table& table) : table_(table) {}

  void operator()(const char* name, Texts& column) { Take(table_.Strings(name), column); }
  void operator()(const char* name, TextLists& column) { Take(table_.StringLists(name), column); }
  void operator()(const char* name, Integers& column) { Take(table_.Int64s(name), column); }
  void operator()(const char* name, IntegerLists& column);
  void operator()(const char* name, Numbers& column) { Take(table_.Doubles(name), column); }
  void operator()(const char* name, NumberLists& column);

  const Status& status() const { return status_; }

 private:
  template <typename Column>
  void Take(Result<Column> read, Column& column) {
    if (read.ok())
      column = std::move(read).value();
    else if (status_.ok())
      status_ = read.status();
  }

  const parquet::Table& table_;
  Status status_;
};

}  // namespace robomerge::persist
