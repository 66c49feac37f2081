#include "io/extent_sharing.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdint>

namespace robomerge::io {
namespace {

// linux/magic.h.
constexpr uint64_t kBtrfsMagic = 0x9123683E;
constexpr uint64_t kXfsMagic = 0x58465342;

// XFS_IOC_FSGEOMETRY_V1 of xfs_fs.h (ioctl_xfs_fsgeometry(2)), which only xfsprogs' headers
// declare.
struct XfsGeometry {
  uint32_t block_to_imaxpct[8];
  uint64_t datablocks_to_logstart[4];
  unsigned char uuid[16];
  uint32_t sunit, swidth;
  int32_t version;
  uint32_t flags;
  uint32_t logsectsize, rtsectsize, dirblocksize;
};
constexpr unsigned long kXfsGeometryRequest = _IOR('X', 100, XfsGeometry);
constexpr uint32_t kXfsReflink = 1u << 20;

bool XfsHasReflink(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  XfsGeometry geometry{};
  const bool is_told = ::ioctl(descriptor, kXfsGeometryRequest, &geometry) == 0;
  ::close(descriptor);
  return is_told && (geometry.flags & kXfsReflink) != 0;
}

}  // namespace

bool FileSystemsShareExtents(const std::string& source, const std::string& directory) {
  struct stat of_source, of_directory;
  if (::stat(source.c_str(), &of_source) != 0 || ::stat(directory.c_str(), &of_directory) != 0) {
    return false;
  }
  struct statfs system;
  if (::statfs(directory.c_str(), &system) != 0) return false;
  // Subvolumes of one btrfs have different device numbers and can still share extents. If they
  // cannot, the bytes are copied.
  if (static_cast<uint64_t>(system.f_type) == kBtrfsMagic) return true;
  return of_source.st_dev == of_directory.st_dev &&
         static_cast<uint64_t>(system.f_type) == kXfsMagic && XfsHasReflink(directory);
}

}  // namespace robomerge::io
