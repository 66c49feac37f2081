// Makes headers of table folders fit what their tables hold, so that the code after the check of
// fingerprints is tried too.
#pragma once

#include <string>

#include "formats/json/json.h"
#include "formats/parquet/table.h"
#include "io/file_system.h"
#include "persist/columns.h"

namespace robomerge::fuzz {

/// Sets rows and fingerprint of table `name` in `header` to what the file beside it holds; leaves
/// them where it cannot be read.
template <typename Table>
void Refingerprint(const io::FileSystem& files, const std::string& folder, const std::string& name,
                   json::Json& header) {
  const auto file = files.OpenForReading(folder + "/" + name + ".parquet");
  if (!file.ok()) return;
  const Result<parquet::Table> stored = parquet::Table::Read(**file);
  if (!stored.ok()) return;
  Table table;
  persist::ReadColumns columns(*stored);
  table.Visit(columns);
  if (!columns.status().ok()) return;
  persist::FingerprintColumns fingerprint;
  table.Visit(fingerprint);
  for (json::Json& entry : header["tables"]) {
    if (!entry.is_object() || !entry.contains("name") || entry["name"] != json::Json(name))
      continue;
    entry["num_rows"] = fingerprint.num_rows();
    entry["fingerprint"] = fingerprint.Hex();
  }
}

}  // namespace robomerge::fuzz
