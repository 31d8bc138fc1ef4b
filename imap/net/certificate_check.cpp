#include "imap/net/certificate_check.h"

#include "imap/base/errors.h"
#include "imap/net/socket_address.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <string_view>
#include <utility>

namespace imap {
namespace {

constexpr std::size_t kNamesShown = 5;

std::string printable(std::string_view text) {
  // Longer than any host name: cut what cannot be one.
  std::string clean(text.substr(0, 255));
  std::ranges::replace_if(
      clean, [](char c) { return c <= ' ' || c > '~'; }, '?');
  return clean;
}

std::string_view octets(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(std::string_view binary) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = binary.size() == sizeof(in6_addr) ? AF_INET6 : AF_INET;
  if (binary.size() != sizeof(in_addr) && family != AF_INET6) return "?";
  return ::inet_ntop(family, binary.data(), text.data(), text.size());
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  if (names.size() > kNamesShown) {
    text += " and " + std::to_string(names.size() - kNamesShown) + " more";
  }
  return text;
}

std::string day_of(const ASN1_TIME* time) {
  std::tm calendar{};
  std::array<char, 16> text{};
  if (ASN1_TIME_to_tm(time, &calendar) != 1) return "an unknown day";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &calendar)};
}

}  // namespace

CertificateCheck::CertificateCheck(SSL* connection, const std::string& host,
                                   std::vector<std::string> pins)
    // A final dot is DNS's way of saying that a name is complete; certificates and SNI have none.
    : host_(host.ends_with('.') ? host.substr(0, host.size() - 1) : host), pins_(std::move(pins)) {
  expect_host(connection);
  SSL_set_ex_data(connection, 0, this);
  SSL_set_verify(connection, SSL_VERIFY_PEER, &CertificateCheck::on_verified);
}

void CertificateCheck::expect_host(SSL* connection) {
  auto* parameters = SSL_get0_param(connection);
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  bool accepted = false;
  if (const auto address = ip_literal(host_)) {
    accepted = X509_VERIFY_PARAM_set1_ip_asc(parameters, address->c_str()) == 1;
  } else {
    // An empty name would turn the check off.
    accepted = !host_.empty() &&
               X509_VERIFY_PARAM_set1_host(parameters, host_.data(), host_.size()) == 1 &&
               SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                        const_cast<char*>(host_.c_str())) == 1;
  }
  if (!accepted) {
    throw TlsError("cannot verify a certificate for \"" + host_ + "\": " + take_openssl_reason());
  }
}

int CertificateCheck::on_verified(int preverified, X509_STORE_CTX* chain) noexcept {
  if (preverified == 1) return 1;
  const auto* connection = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& self = *static_cast<CertificateCheck*>(SSL_get_ex_data(connection, 0));
  if (!self.pins_.empty()) return 1;  // check_pin decides
  self.fault_ = X509_STORE_CTX_get_error(chain);
  self.depth_ = X509_STORE_CTX_get_error_depth(chain);
  auto* certificate = X509_STORE_CTX_get_current_cert(chain);
  if (certificate != nullptr && X509_up_ref(certificate) == 1) {
    self.certificate_.reset(certificate);
  }
  return 0;
}

std::string CertificateCheck::description() const {
  const auto subject =
      (depth_ == 0 ? "the certificate of " : "a certificate that vouches for ") + printable(host_);
  const auto* certificate = certificate_.get();
  switch (certificate == nullptr ? X509_V_ERR_UNSPECIFIED : fault_) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const auto names = names_of(certificate);
      if (names.empty()) return subject + " is not valid for it: it names no host";
      return subject + " is not valid for it, only for " + listed(names);
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return subject + " expired on " + day_of(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return subject + " is not valid before " + day_of(X509_get0_notBefore(certificate));
    default:
      return "the certificate of " + printable(host_) +
             " is not trusted: " + X509_verify_cert_error_string(fault_);
  }
}

void CertificateCheck::check_pin(const SSL* connection) const {
  if (pins_.empty()) return;
  auto* certificate = SSL_get0_peer_certificate(connection);
  const auto pin = certificate == nullptr ? "none" : key_pin(certificate);
  if (std::ranges::find(pins_, pin) != pins_.end()) return;
  throw TlsError("the key of " + printable(host_) + " is not the pinned one, but " + pin);
}

std::string key_pin(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) throw TlsError("a certificate without a usable key: " + take_openssl_reason());
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(der, static_cast<std::size_t>(size), digest.data());
  OPENSSL_free(der);
  std::array<unsigned char, 4 * (SHA256_DIGEST_LENGTH + 2) / 3 + 1> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), SHA256_DIGEST_LENGTH);
  return "sha256//" +
         std::string(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length));
}

std::vector<std::string> names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>> alternatives(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    int type = 0;
    const auto* value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(alternatives.get(), i), &type);
    if (type == GEN_DNS) {
      names.push_back(printable(octets(static_cast<const ASN1_STRING*>(value))));
    } else if (type == GEN_IPADD) {
      names.push_back(address_text(octets(static_cast<const ASN1_STRING*>(value))));
    }
  }
  return names;
}

}  // namespace imap
