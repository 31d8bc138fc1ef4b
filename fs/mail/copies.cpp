#include "fs/mail/copies.h"

namespace fs {

bool is_copy(std::string_view message_id, std::uint64_t size, const cache::MessageRow& before,
             const cache::MessageRow& found) {
  if (!before.object_id.empty() && !found.object_id.empty()) {
    return before.object_id == found.object_id;
  }
  if (message_id != found.message_id) return false;
  if (size != 0 && found.size != 0 && size != found.size) return false;
  return !found.message_id.empty() ||
         (before.subject == found.subject && before.internal_date == found.internal_date);
}

}  // namespace fs
