#include "imap/net/client_certificate.h"

#include "imap/base/errors.h"
#include "imap/base/unique_fd.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace imap {
namespace {

using UniqueKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;

UniqueFd opened(const std::string& file, const std::string& what) {
  // Non-blocking, or a FIFO would hold us.
  UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) {
    throw TlsError("cannot read the " + what + " " + file + ": " +
                   std::generic_category().message(errno));
  }
  return fd;
}

void check_private(const UniqueFd& fd, const std::string& file) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw TlsError("the client key " + file + " is not a regular file");
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    throw TlsError("the client key " + file + " belongs to another user");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw TlsError("the client key " + file + " is open to group or others: chmod 600 it");
  }
}

/// Instead of asking at a terminal that a daemon does not have.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

UniqueKey read_key(const std::string& file) {
  const auto fd = opened(file, "client key");
  check_private(fd, file);
  const UniqueBio bio(BIO_new_fd(fd.get(), BIO_NOCLOSE));
  bool is_encrypted = false;
  UniqueKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &is_encrypted));
  ERR_clear_error();
  if (is_encrypted) {
    throw TlsError("the client key " + file +
                   " has a passphrase: remove it with openssl pkey and keep the file private");
  }
  if (!key) throw TlsError("the client key " + file + " is no private key in PEM format");
  return key;
}

}  // namespace

void use_client_certificate(SSL_CTX* context, const ClientCertificate& client) {
  const auto& file = client.certificate_file;
  static_cast<void>(opened(file, "client certificate"));
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1) {
    ERR_clear_error();
    throw TlsError("the client certificate " + file + " is no certificate in PEM format");
  }
  const auto key = read_key(client.key_file);
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    ERR_clear_error();
    throw TlsError("the client key " + client.key_file + " is not that of " + file);
  }
}

}  // namespace imap
