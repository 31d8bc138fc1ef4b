#pragma once
/// A password from a file that nobody else can read.

#include "imap/base/secret.h"

#include <filesystem>

namespace fs {

/// The first line of a regular file that belongs to this user or to root and that gives no
/// permission to group and others. Links are followed: what counts is the file that is read. Throws
/// CredentialsError.
imap::Secret password_from_file(const std::filesystem::path& path);

}  // namespace fs
