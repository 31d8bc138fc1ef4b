#include "imap/session/quirks.h"

#include <algorithm>
#include <array>
#include <utility>

namespace imap {
namespace {

using Sign = Quirk::Sign;

/// The texts of its error table (imap/imap_err.et).
std::string_view code_of_cyrus(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTexts{{
      {"Over quota", "OVERQUOTA"},
      {"Permission denied", "NOPERM"},
      {"Message size exceeds fixed limit", "TOOBIG"},
      {"Mailbox does not exist", "NONEXISTENT"},
      {"Mailbox already exists", "ALREADYEXISTS"},
  }};
  for (const auto& [known, code] : kTexts) {
    if (text == known) return code;
  }
  return {};
}

constexpr std::array kQuirks{
    // Its VANISHED is malformed. XAPPLEPUSHSERVICE is no sign: Cyrus and others have it, too. Its
    // front end rewrites the stream until it has been asked for capabilities.
    Quirk{"iCloud", Sign::capability, "XAPPLELITERAL",
          [](Quirks& q) {
            q.ask_capabilities = true;
            q.no_qresync = true;
          },
          "Mailspring-Sync MailUtils.cpp, MailKit#1871, isync ee9fd2f"},
    Quirk{"iCloud", Sign::name, "iscream service", [](Quirks& q) { q.ask_capabilities = true; },
          "isync ee9fd2f"},
    // It hangs up after ten commands that failed.
    Quirk{"Exchange", Sign::name, "Microsoft Exchange",
          [](Quirks& q) {
            q.statuses_ahead = 10;
            q.most_refusals = 8;
          },
          "geary imap-quirks.vala, imapsync FAQ.Exchange"},
    // Without UIDONLY the newest 10,000 messages of a folder are all there is.
    Quirk{"Yahoo", Sign::capability, "XYMHIGHESTMODSEQ",
          [](Quirks& q) {
            q.uid_only = true;
            q.most_connections = 5;
            q.longest_idle = std::chrono::seconds(120);
          },
          "imap-proto#198, imapfilter#311"},
    // What EXAMINE says of UIDVALIDITY is not kept.
    Quirk{"Courier", Sign::name, "Courier-IMAP",
          [](Quirks& q) {
            q.select_always = true;
            q.most_connections = 4;
          },
          "Dovecot imapc no-examine, courier imapd.dist MAXPERIP"},
    Quirk{"Zimbra", Sign::name, "Zimbra", [](Quirks& q) { q.unselect_first = true; },
          "Dovecot imapc no-qresync"},
    Quirk{"QQ", Sign::name, "QQMail",
          [](Quirks& q) {
            q.most_uids = 50;
            q.most_connections = 2;
          },
          "modern-email/defects#40, Wino-Mail#201"},
    Quirk{"Gmail", Sign::capability, "X-GM-EXT-1",
          [](Quirks& q) {
            q.mailboxes_are_labels = true;
            q.most_connections = 15;
          },
          "imapflow#69, imapsync#61"},
    Quirk{"Proton Bridge", Sign::name, "gluon session ID",
          [](Quirks& q) { q.uids_may_change = true; }, "proton-bridge#220"},
    Quirk{"hMailServer", Sign::name, "IMAPrev1", [](Quirks& q) { q.no_ranges = true; },
          "hmailserver#458, #459"},
    // Offers SCRAM-*-PLUS over TLS 1.3, where there is no tls-unique (RFC 9266), and refuses
    // tls-exporter after the proof: `NO bad protocol / cancel` (3.6 with cyrus-sasl 2.1).
    // MAILBOXID in STATUS, be it of LIST, is memory that was freed (3.6.1): any octets, line ends
    // included, or one id for several mailboxes. In the answer to SELECT it is right.
    // It says NO in words alone.
    Quirk{"Cyrus", Sign::name, "Cyrus IMAP",
          [](Quirks& q) {
            q.binds_tls_unique = q.no_status_id = true;
            q.code_of = code_of_cyrus;
          },
          "tests/mount, every_server.cyrus_full, model.cyrus_full, refusals.cyrus_full"},
    Quirk{"UW", Sign::name, " 2007f.", [](Quirks& q) { q.list_one_level = true; },
          "MailKit ImapEngine.cs"},
};

}  // namespace

std::span<const Quirk> known_quirks() {
  return kQuirks;
}

Quirks quirks_of(const Capabilities& capabilities, std::string_view greeting, std::string_view id) {
  Quirks quirks;
  for (const auto& quirk : kQuirks) {
    const bool shown = quirk.sign == Sign::capability
                           ? capabilities.has(quirk.text)
                           : greeting.find(quirk.text) != std::string_view::npos ||
                                 id.find(quirk.text) != std::string_view::npos;
    if (shown) quirk.apply(quirks);
  }
  return quirks;
}

}  // namespace imap
