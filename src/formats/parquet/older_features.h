// What `datasets` before version 4 reads of the key `huggingface`.
#pragma once

#include "formats/parquet/file_splice.h"

namespace robomerge::parquet {

/// The schema with the lists of the key `huggingface` under the name that every version of
/// `datasets` reads ("Sequence"): versions before 4, which the readers of LeRobot v2.1 use, stop at
/// the newer name ("List"). The same schema if it has no such key, or one that is not understood.
Result<DestinationSchema> WithOlderFeatures(const DestinationSchema& schema);

}  // namespace robomerge::parquet
