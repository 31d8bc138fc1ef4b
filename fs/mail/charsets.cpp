#include "fs/mail/charsets.h"

#include "imap/base/synchronized.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <map>

namespace fs {
namespace {

struct Alias {
  std::string_view name;  // in lower case
  std::string_view charset;
};

// Names in mail that iconv does not know, or GMime takes for another charset.
constexpr auto kAliases = std::to_array<Alias>({{"iso-8859-6-i", "iso-8859-6"},
                                                {"iso-8859-8-i", "iso-8859-8"},
                                                {"ks_c_5601-1987", "cp949"},
                                                {"windows-31j", "cp932"},
                                                {"windows-949", "cp949"},
                                                {"x-big5", "big5"},
                                                {"x-euc-jp", "euc-jp"},
                                                {"x-gbk", "gbk"},
                                                {"x-sjis", "shift_jis"}});
constexpr std::string_view kUnknown = "unknown-8bit";
constexpr std::size_t kMaxName = 40;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         std::string_view("-_.:+").find(c) != std::string_view::npos;
}

/// One converter of each charset that was asked for, kept open: glibc loads a charset's module with
/// its first converter and unloads it soon after the last, which would cost 50 microseconds for
/// every encoded-word. iconv knows about a thousand names, so this cannot grow for ever.
class OpenConverters {
 public:
  bool knows(const std::string& charset) {
    if (converters_.with([&charset](const auto& open) { return open.contains(charset); })) {
      return true;
    }
    const iconv_t converter = iconv_open("UTF-8", charset.c_str());
    if (converter == reinterpret_cast<iconv_t>(-1)) return false;
    const bool kept = converters_.with(
        [&charset, converter](auto& open) { return open.emplace(charset, converter).second; });
    if (!kept) iconv_close(converter);  // another thread was faster
    return true;
  }

 private:
  imap::Synchronized<std::map<std::string, iconv_t>> converters_;
};

}  // namespace

std::string known_charset(std::string_view declared) {
  std::string name(declared.substr(0, declared.find('*')));
  if (name.size() > kMaxName || !std::ranges::all_of(name, is_name_char)) {
    return std::string(kUnknown);
  }
  std::ranges::transform(name, name.begin(), lower);
  if (name == "utf-8" || name == "us-ascii") return name;
  const auto* const alias = std::ranges::find(kAliases, name, &Alias::name);
  if (alias != kAliases.end()) name = alias->charset;
  // As long as GMime's own tables, which are static too; never destroyed, as threads may outlive
  // it.
  static auto* const converters = new OpenConverters;
  return converters->knows(name) ? name : std::string(kUnknown);
}

}  // namespace fs
