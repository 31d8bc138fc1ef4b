#pragma once
/// The certificate by which this side proves who it is. Any thread.

#include "imap/net/openssl.h"
#include "imap/net/tls_context.h"

namespace imap {

/// Loads certificate and key into `context`. TlsError, naming the file and what to do, when one
/// cannot be read, is encrypted, does not fit the other, or when the key belongs to another user or
/// is open to group or others.
void use_client_certificate(SSL_CTX* context, const ClientCertificate& client);

}  // namespace imap
