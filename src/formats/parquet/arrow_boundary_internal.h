// The boundary to Arrow: its statuses and exceptions become ours, our files become its files. Only
// .cc files and internal headers of this room include it.
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "formats/parquet/footer_internal.h"
#include "io/file_system.h"
#include "robomerge/status.h"

namespace robomerge::parquet {

/// Converts a status of Arrow: a type that does not fit is kIncompatible, what is not implemented
/// kUnsupported, exhausted memory kIo, everything else kCorrupt. A Status of ours that passed
/// through Arrow keeps its code.
Status FromArrow(const arrow::Status& status, const std::string& what, const std::string& where);

/// What is found where Arrow fails with a status of this code, in words of ours.
std::string FoundBy(Code code);

/// Runs `action`, which returns a Status or a Result, and turns whatever Arrow and Parquet throw
/// into a Status.
template <typename Action>
auto AtArrowBoundary(const std::string& what, const std::string& where, Action&& action)
    -> decltype(action()) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return Status(Problem(Code::kIo, what)
                      .Kind("E-io")
                      .At(where)
                      .Found("no memory left")
                      .Hint("use fewer workers (-j 1), or raise the limit on memory (ulimit -v)"));
  } catch (const ::parquet::ParquetStatusException& error) {
    return FromArrow(error.status(), what, where);
  } catch (const std::exception&) {
    return Status(Problem(Code::kCorrupt, what).At(where).Found(FoundBy(Code::kCorrupt)));
  }
}

/// A file of ours as Arrow sees it. `file` must outlive it.
std::shared_ptr<arrow::io::RandomAccessFile> ArrowFile(const io::RandomAccessFile& file);

/// Parses footer bytes with Arrow. May throw.
std::shared_ptr<::parquet::FileMetaData> ArrowMetaData(std::string_view footer_bytes);

/// Returns the footer with only the row groups [first, first + count): Arrow then parses what is
/// needed, not thousands of row groups.
std::string SubsetFooter(const Footer::Representation& footer, size_t first, size_t count);

}  // namespace robomerge::parquet

/// Returns a Status of ours from the enclosing function unless the arrow::Status is ok.
#define ROBOMERGE_RETURN_NOT_ARROW_OK(expression, what, where)                \
  do {                                                                        \
    if (::arrow::Status arrow_status_ = (expression); !arrow_status_.ok()) {  \
      return ::robomerge::parquet::FromArrow(arrow_status_, (what), (where)); \
    }                                                                         \
  } while (false)

/// Assigns the value of an arrow::Result to `left`, or returns its error as ours.
#define ROBOMERGE_ASSIGN_OR_RETURN_ARROW(left, expression, what, where)                  \
  ROBOMERGE_ASSIGN_OR_RETURN_ARROW_IMPL(ROBOMERGE_CONCAT(arrow_result_, __LINE__), left, \
                                        expression, what, where)
#define ROBOMERGE_ASSIGN_OR_RETURN_ARROW_IMPL(result, left, expression, what, where)          \
  auto result = (expression);                                                                 \
  if (!result.ok()) return ::robomerge::parquet::FromArrow(result.status(), (what), (where)); \
  left = std::move(result).ValueUnsafe()
