#pragma once
/// The single place where errors become errno.

#include <exception>

namespace fs {

/// The errno for an error, by the table in ARCHITECTURE.md. EIO for what should not happen.
int errno_of(const std::exception_ptr& error) noexcept;

/// Whether an error is an ordinary answer to a user (no such file), not worth a line in the log.
bool is_ordinary(int error) noexcept;

}  // namespace fs
