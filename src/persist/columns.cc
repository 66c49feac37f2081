#include "persist/columns.h"

namespace robomerge::persist {
namespace {

// Integers in lists pass through doubles (formats/parquet/table.h). Ours are counts and indexes,
// far below 2^53.
template <typename Lists>
parquet::NumberLists Flat(const Lists& column, parquet::NumberLists::Element element) {
  parquet::NumberLists flat;
  flat.element = element;
  flat.cell_begin.push_back(0);
  for (const auto& list : column) {
    for (const auto value : list) flat.values.push_back(static_cast<double>(value));
    flat.cell_begin.push_back(static_cast<uint32_t>(flat.values.size()));
    flat.is_null.push_back(false);
  }
  return flat;
}

template <typename Value>
Result<std::vector<std::vector<Value>>> Nested(const Result<parquet::NumberLists>& flat) {
  ROBOMERGE_RETURN_NOT_OK(flat.status());
  std::vector<std::vector<Value>> column;
  for (size_t row = 0; row + 1 < flat->cell_begin.size(); ++row) {
    std::vector<Value>& list = column.emplace_back();
    for (size_t at = flat->cell_begin[row]; at < flat->cell_begin[row + 1]; ++at)
      list.push_back(static_cast<Value>(flat->values[at]));
  }
  return column;
}

}  // namespace

void FingerprintColumns::Begin(const char* name, uint64_t num_rows) {
  all_.Add(std::string_view(name));
  all_.Add(num_rows);
  num_rows_ = num_rows;
}

void FingerprintColumns::operator()(const char* name, const Texts& column) {
  Begin(name, column.size());
  for (const std::string& text : column) all_.Add(text);
}

void FingerprintColumns::operator()(const char* name, const TextLists& column) {
  Begin(name, column.size());
  for (const std::vector<std::string>& list : column) {
    all_.Add(uint64_t{list.size()});
    for (const std::string& text : list) all_.Add(text);
  }
}

void FingerprintColumns::operator()(const char* name, const Integers& column) {
  Begin(name, column.size());
  for (const int64_t value : column) all_.Add(value);
}

void FingerprintColumns::operator()(const char* name, const IntegerLists& column) {
  Begin(name, column.size());
  for (const std::vector<int64_t>& list : column) {
    all_.Add(uint64_t{list.size()});
    for (const int64_t value : list) all_.Add(value);
  }
}

void FingerprintColumns::operator()(const char* name, const Numbers& column) {
  Begin(name, column.size());
  for (const double value : column) all_.Add(value);
}

void FingerprintColumns::operator()(const char* name, const NumberLists& column) {
  Begin(name, column.size());
  for (const std::vector<double>& list : column) {
    all_.Add(uint64_t{list.size()});
    for (const double value : list) all_.Add(value);
  }
}

void WriteColumns::operator()(const char* name, const IntegerLists& column) {
  table_.AddNumbers(name, Flat(column, parquet::NumberLists::Element::kInteger));
}

void WriteColumns::operator()(const char* name, const NumberLists& column) {
  table_.AddNumbers(name, Flat(column, parquet::NumberLists::Element::kFloat));
}

void ReadColumns::operator()(const char* name, IntegerLists& column) {
  Take(Nested<int64_t>(table_.Numbers(name)), column);
}
void ReadColumns::operator()(const char* name, NumberLists& column) {
  Take(Nested<double>(table_.Numbers(name)), column);
}

}  // namespace robomerge::persist
