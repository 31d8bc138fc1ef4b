// Whatever decodes is UTF-8 and encodes to the same octets; whatever encodes decodes to the same
// text.
#include "imap/base/date.h"
#include "imap/base/mailbox_name.h"
#include "imap/base/utf8.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto text = imap::decode_modified_utf7(input)) {
    if (!imap::is_utf8(*text) || imap::encode_modified_utf7(*text) != input) std::abort();
  }
  if (imap::is_utf8(input)) {
    if (imap::decode_modified_utf7(imap::encode_modified_utf7(input)) != input) std::abort();
  }
  if (const auto line = imap::one_line(input); imap::one_line(line) != line) std::abort();
  imap::parse_internal_date(input);
  return 0;
}
