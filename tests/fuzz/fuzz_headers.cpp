// Every field of any header block is one line of valid UTF-8 within its bound.
#include "fs/mail/headers.h"
#include "imap/base/utf8.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto headers = fs::parse_headers({reinterpret_cast<const char*>(data), size});
  for (const auto* field : {&headers.subject, &headers.from_name, &headers.from_address,
                            &headers.date, &headers.message_id, &headers.list_id}) {
    if (field->size() > fs::kMaxHeader || imap::one_line(*field) != *field) std::abort();
  }
  if (headers.to.size() > fs::kMaxRecipients || imap::one_line(headers.to) != headers.to)
    std::abort();
  return 0;
}
