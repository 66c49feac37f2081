#include <optional>
#include <string>
#include <vector>

#include "base/foreign_file.h"
#include "base/path.h"
#include "base/text.h"
#include "formats/parquet/pictures.h"
#include "read/v30/data_columns.h"

namespace robomerge::v30 {
namespace {

using parquet::Footer;

// Why a picture that a cell names cannot be taken from there; nothing if it can.
Result<std::optional<std::string>> PictureProblem(const io::FileSystem& file_system,
                                                  const std::string& root,
                                                  const std::string& path) {
  const std::optional<std::string> inside = PathInside(root, path);
  using Why = std::optional<std::string>;
  if (!inside) return Why("outside of the dataset");
  const Result<std::unique_ptr<io::RandomAccessFile>> file = file_system.OpenForReading(*inside);
  if (!file.ok() && file.status().code() == Code::kIo) return file.status();
  if (!file.ok()) return Why("not there");
  std::string head(std::min<uint64_t>(kForeignHeadBytes, (*file)->size_bytes()), '\0');
  ROBOMERGE_RETURN_NOT_OK((*file)->ReadAt(0, std::as_writable_bytes(std::span(head))));
  const std::optional<Problem> foreign = ForeignFile(head, *inside, "a picture");
  return foreign ? Why("no picture, but " + foreign->found) : Why();
}

}  // namespace

Result<bool> CheckPictures(const io::FileSystem& file_system, const io::RandomAccessFile& file,
                           const Footer& footer, const Dataset& dataset,
                           std::vector<Problem>& warnings) {
  std::vector<Problem> problems;
  bool has_files = false;
  for (const std::string& column :
       parquet::ColumnsWithoutBytes(footer, dataset.schema.image_keys())) {
    ROBOMERGE_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                               parquet::PathsOfPictures(file, footer, column));
    uint64_t num_lost = 0;
    std::string lost, why;
    for (const std::string& path : paths) {
      ROBOMERGE_ASSIGN_OR_RETURN(const std::optional<std::string> problem,
                                 PictureProblem(file_system, dataset.root, path));
      if (!problem || num_lost++ > 0) continue;
      lost = path, why = *problem;
    }
    const std::string where = StrCat(file.path(), ": column `", column, "`");
    if (num_lost > 0) {
      problems.push_back(
          Problem(Code::kCorrupt, "pictures are neither in the data file nor where it says")
              .Kind("E-missing-picture")
              .At(where)
              .Expected(StrCat("files of pictures inside ", dataset.root))
              .Found(StrCat(WithSeparators(num_lost), " of ", WithSeparators(paths.size()),
                            " paths lead to none: `", lost.substr(0, 120), "` is ", why))
              .Hint("put the pictures into the dataset's folder, where the paths say, relative to "
                    "it"));
    } else if (!paths.empty()) {
      has_files = true;
      warnings.push_back(
          Problem(Code::kCorrupt,
                  "pictures lie in files beside the table; the result holds them in it")
              .Kind("W-picture-files")
              .At(where)
              .Expected("bytes in every cell")
              .Found(StrCat(WithSeparators(paths.size()), " cells with a path alone")));
    }
  }
  if (!problems.empty()) return Status::Many(std::move(problems));
  return has_files;
}

}  // namespace robomerge::v30
