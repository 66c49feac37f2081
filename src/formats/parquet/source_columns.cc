#include <algorithm>

#include "base/text.h"
#include "formats/parquet/arrow_types_internal.h"
#include "formats/parquet/chunk_stream_internal.h"
#include "formats/parquet/source_columns_internal.h"

namespace robomerge::parquet {
namespace {

// Changes name columns of the destination, each once, and no column twice.
Status CheckChanges(const SpliceSource& source, const Footer::Representation& destination) {
  if (source.changes == nullptr) return Status();
  const std::vector<ColumnChange>& changes = source.changes->columns;
  for (size_t at = 0; at < changes.size(); ++at) {
    const Problem wrong =
        Problem(Code::kInvalidArgument, "the columns of a source cannot be changed")
            .At(source.footer->representation().path);
    if (!destination.column(changes[at].column)) {
      return Problem(wrong)
          .Expected(StrCat("columns ", Join(destination.column_names, ", ")))
          .Found(StrCat("a change to column `", changes[at].column, "`"));
    }
    const auto& elements = changes[at].elements;
    if (std::any_of(elements.begin(), elements.end(), [](int32_t one) { return one < -1; }) ||
        (!elements.empty() && *std::max_element(elements.begin(), elements.end()) < 0)) {
      return Problem(wrong)
          .Expected("numbers of elements from 0 on, and -1")
          .Found(StrCat("other numbers for column `", changes[at].column, "`"));
    }
    for (size_t other = 0; other < at; ++other) {
      const bool is_same = changes[at].column == changes[other].column;
      if (is_same || (!changes[at].source_column.empty() &&
                      changes[at].source_column == changes[other].source_column)) {
        return Problem(wrong)
            .Expected("one change per column")
            .Found(StrCat("two of column `",
                          is_same ? changes[at].column : changes[at].source_column, "`"));
      }
    }
  }
  return Status();
}

// Equal shapes may still be read as different Arrow types: a list whose destination has a fixed
// size, a duration in other units. ARROW:schema says which, so types are compared only where it
// differs, or names do.
Status MatchTypes(const SpliceSource& source, const DestinationSchema::Representation& destination,
                  SourceColumns& columns) {
  const auto source_text = source.footer->key_value(kArrowSchemaKey);
  if (source_text == destination.footer.key_value(kArrowSchemaKey) && source.changes == nullptr)
    return Status();
  ROBOMERGE_ASSIGN_OR_RETURN(const auto source_schema,
                             ArrowSchemaOf(source.footer->representation()));
  const std::vector<std::string>& names = destination.footer.representation().column_names;
  for (size_t i = 0; i < columns.columns.size(); ++i) {
    SourceColumns::Column& column = columns.columns[i];
    if (!column.present || column.is_filled()) continue;
    const auto from = source_schema->GetFieldByName(column.name);
    const auto to = destination.arrow_schema->GetFieldByName(names[i]);
    if (!from || !to || !ReadsAs(*from->type(), *to->type()))
      column.copyable = column.streamable = false;
  }
  return Status();
}

void MatchLeaves(const Footer::Representation& source, uint32_t number,
                 const Footer::Representation& destination, size_t to,
                 SourceColumns::Column& column) {
  column.first_leaf = source.column_first_leaf[number];
  column.num_leaves = source.column_first_leaf[number + 1] - column.first_leaf;
  const uint32_t first_leaf = destination.column_first_leaf[to];
  column.copyable = column.num_leaves == destination.column_first_leaf[to + 1] - first_leaf;
  column.streamable = column.copyable;
  for (uint32_t k = 0; column.streamable && k < column.num_leaves; ++k) {
    const auto levels = MatchLevels(source.leaves[column.first_leaf + k].shape,
                                    destination.leaves[first_leaf + k].shape);
    column.streamable = levels.has_value();
    column.copyable = column.copyable && levels && levels->empty();
  }
  // A cast of what has the type already changes nothing; elements have another order.
  if (column.change != nullptr && !column.change->elements.empty())
    column.copyable = column.streamable = false;
}

}  // namespace

Result<SourceColumns> MatchColumns(const SpliceSource& opened,
                                   const DestinationSchema::Representation& schema) {
  const Footer::Representation& source = opened.footer->representation();
  const Footer::Representation& destination = schema.footer.representation();
  ROBOMERGE_RETURN_NOT_OK(CheckChanges(opened, destination));
  SourceColumns columns;
  columns.drop_ordered_bounds = destination.has_column_orders && !source.has_column_orders;
  columns.same_order = source.leaves.size() == destination.leaves.size();
  std::vector<bool> wanted(source.column_names.size(), false);
  for (size_t i = 0; i < destination.column_names.size(); ++i) {
    SourceColumns::Column& column = columns.columns.emplace_back();
    const std::string& name = destination.column_names[i];
    if (opened.changes != nullptr) column.change = opened.changes->Of(name);
    const std::optional<std::string_view> from = SourceColumnOf(opened.changes, name);
    column.name = from.value_or(std::string_view());
    column.present = column.is_filled();
    const std::optional<uint32_t> number = column.name.empty() && opened.changes != nullptr
                                               ? std::nullopt
                                               : source.column(column.name);
    if (!number) {
      columns.same_order = false;
      continue;
    }
    wanted[*number] = true;
    column.present = true;
    MatchLeaves(source, *number, destination, i, column);
    columns.same_order = columns.same_order && !column.has_new_values() &&
                         column.first_leaf == destination.column_first_leaf[i];
  }
  for (size_t number = 0; number < wanted.size(); ++number) {
    const std::string& name = source.column_names[number];
    // What is left out, and what made room for another of its name, is not read.
    const bool stays = SourceColumnOf(opened.changes, name) == name;
    const bool is_left_out =
        opened.changes != nullptr &&
        std::find(opened.changes->left_out.begin(), opened.changes->left_out.end(), name) !=
            opened.changes->left_out.end();
    columns.leaves_out = columns.leaves_out || !wanted[number];
    if (wanted[number] || (!stays && is_left_out)) continue;
    if (opened.changes != nullptr && opened.changes->Of(name) != nullptr) {
      return Problem(Code::kInvalidArgument,
                     StrCat("two columns of a source would become column `", name, "`"))
          .At(ColumnPlace(source.path, name))
          .Expected("that the other one is left out or gets another name")
          .Hint(StrCat("--drop ", name));
    }
    return Problem(Code::kIncompatible, StrCat("column `", name, "` is not in the destination"))
        .At(ColumnPlace(source.path, name))
        .Expected(
            StrCat("columns ", Join(destination.column_names, ", "), "   from ", destination.path));
  }
  ROBOMERGE_RETURN_NOT_OK(MatchTypes(opened, schema, columns));
  for (SourceColumns::Column& column : columns.columns) {
    if (opened.pictures == nullptr) break;
    const auto& files = opened.pictures->columns;
    column.lies_in_files = std::find(files.begin(), files.end(), column.name) != files.end();
    if (column.lies_in_files) column.copyable = false;
  }
  return columns;
}

}  // namespace robomerge::parquet
