#pragma once
/// The shape of the file names, `{date} {from} - {subject}.{uid}.eml`. Pure.

#include <string>
#include <string_view>

namespace fs {

inline constexpr std::string_view kDefaultNames = "{date} {from} - {subject}.{uid}.eml";

/// The template with the short form `uid` written out. Throws UsageError unless it ends with
/// `{uid}.eml`, where the UID can be read back (nothing but a literal non-digit stands before it),
/// and every other placeholder is one of date, from and subject.
std::string checked_names_template(std::string_view names);

}  // namespace fs
