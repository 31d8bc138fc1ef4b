// How much room there is (RFC 9208).

#include "imap/session/session.h"

namespace imap {

std::vector<QuotaRow> Session::quotas(const std::string& mailbox) {
  std::vector<QuotaRow> rows;
  if (!capabilities_.has("QUOTA")) return rows;
  Command command("GETQUOTAROOT");
  names_.add_to(command, mailbox);
  run(command, "GETQUOTAROOT", [&](Response& response) {
    auto* row = std::get_if<QuotaRow>(&response);
    if (row != nullptr && rows.size() < connection_.settings().limits.quota_roots) {
      rows.push_back(std::move(*row));
    }
  });
  return rows;
}

}  // namespace imap
