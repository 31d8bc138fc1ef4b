#include "fs/cli/version.h"

namespace fs {

std::string version_number() {
  return IMAPFS_VERSION;
}

std::string version_text() {
  return "imapfs " IMAPFS_VERSION "\nbuilt with libfuse " IMAPFS_FUSE_VERSION
         ", OpenSSL " IMAPFS_OPENSSL_VERSION ", LMDB " IMAPFS_LMDB_VERSION "\n";
}

}  // namespace fs
