#include "tests/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>

namespace tests {
namespace {

using imap::OpenSslDeleter;

void check(bool worked, const char* call) {
  if (!worked) throw std::runtime_error(std::string(call) + ": " + imap::take_openssl_reason());
}

UniqueKey new_key() {
  std::array<char, 6> curve{"P-256"};
  UniqueKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.data()));
  check(key != nullptr, "EVP_PKEY_Q_keygen");
  return key;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  check(extension != nullptr, "X509V3_EXT_conf_nid");
  check(X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

void set_common_name(X509* certificate, const std::string& name) {
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, text,
                                   -1, -1, 0) == 1,
        "X509_NAME_add_entry_by_txt");
}

/// Everything but the signature and the issuer.
Identity unsigned_identity(const CertificateContent& content) {
  static long serial = 1;
  Identity made{imap::UniqueX509(X509_new()), new_key()};
  auto* certificate = made.certificate.get();
  check(certificate != nullptr, "X509_new");
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), content.valid_from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), content.valid_until.count());
  set_common_name(certificate, content.common_name);
  check(X509_set_pubkey(certificate, made.key.get()) == 1, "X509_set_pubkey");
  add_extension(certificate, NID_basic_constraints,
                content.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!content.alternative_names.empty()) {
    add_extension(certificate, NID_subject_alt_name, content.alternative_names);
  }
  return made;
}

void sign(const Identity& subject, const X509* issuer, EVP_PKEY* key) {
  auto* certificate = subject.certificate.get();
  check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1,
        "X509_set_issuer_name");
  check(X509_sign(certificate, key, EVP_sha256()) > 0, "X509_sign");
}

}  // namespace

Identity issue(const CertificateContent& content, const Identity& issuer) {
  auto made = unsigned_identity(content);
  sign(made, issuer.certificate.get(), issuer.key.get());
  return made;
}

Identity self_signed(const CertificateContent& content) {
  auto made = unsigned_identity(content);
  sign(made, made.certificate.get(), made.key.get());
  return made;
}

Identity authority(const std::string& name) {
  CertificateContent content;
  content.common_name = name;
  content.alternative_names.clear();
  content.is_authority = true;
  return self_signed(content);
}

TemporaryFile::TemporaryFile(const std::string& content)
    : path_((std::filesystem::temp_directory_path() / "imapfs-test-XXXXXX").string()) {
  const imap::UniqueFd file(::mkstemp(path_.data()));
  if (!file ||
      ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    throw std::runtime_error("cannot write " + path_);
  }
}

TemporaryFile::~TemporaryFile() {
  ::unlink(path_.c_str());
}

namespace {

std::string content_of(BIO* memory) {
  const char* text = nullptr;
  const long size = BIO_ctrl(memory, BIO_CTRL_INFO, 0, &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::string pem(const Identity& identity) {
  const imap::UniqueBio memory(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(memory.get(), identity.certificate.get()) == 1, "PEM_write_bio_X509");
  return content_of(memory.get());
}

std::string key_pem(const Identity& identity, const std::string& passphrase) {
  const imap::UniqueBio memory(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PKCS8PrivateKey(
            memory.get(), identity.key.get(), passphrase.empty() ? nullptr : EVP_aes_256_cbc(),
            passphrase.data(), static_cast<int>(passphrase.size()), nullptr, nullptr) == 1,
        "PEM_write_bio_PKCS8PrivateKey");
  return content_of(memory.get());
}

}  // namespace tests
