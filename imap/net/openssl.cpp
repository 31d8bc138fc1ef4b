#include "imap/net/openssl.h"

#include <openssl/err.h>

namespace imap {

std::string take_openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  // System errors have no reason text of OpenSSL's own: ERR_error_string_n renders those.
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  std::string text(256, '\0');
  ERR_error_string_n(code, text.data(), text.size());
  text.resize(text.find('\0'));
  return text;
}

}  // namespace imap
