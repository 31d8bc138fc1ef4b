#pragma once
/// The parts of `parse_response`, one for each family of responses. The lexer stands behind the
/// response's name and a space; unread rest is dropped by the caller.

#include "imap/wire/lexer.h"
#include "imap/wire/response.h"

namespace imap {

FetchRow parse_fetch(Lexer& lexer, Seq seq);
ListRow parse_list(Lexer& lexer);
/// `(F123)`, as RFC 8474 has it, or bare as some servers send it; empty for NIL and
/// for what is no object id.
std::string parse_object_id(Lexer& lexer);
NamespaceRow parse_namespace(Lexer& lexer);
StatusRow parse_status_row(Lexer& lexer);
QuotaRow parse_quota(Lexer& lexer);
SearchResult parse_search(Lexer& lexer);
SearchResult parse_esearch(Lexer& lexer);
Vanished parse_vanished(Lexer& lexer);
/// `(\Seen keyword)`; also NIL, which some servers send for none.
Flags parse_flags(Lexer& lexer);

}  // namespace imap
