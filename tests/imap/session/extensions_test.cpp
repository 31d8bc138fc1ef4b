#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/sessions.h"

using imap::Session;
using tests::after_login;
using tests::open_session;
using tests::patient;
using tests::play;
using tests::play_negotiated;
using tests::Script;

namespace {

const auto kNothing = [](Session&) {
};

/// A session that wants compression, negotiated with such a server.
template <class Act>
std::string play_compressed(const std::string& capabilities, const Script::Lines& lines,
                            const Act& act) {
  Script script(after_login(capabilities, lines));
  auto settings = patient();
  settings.compress = true;
  const auto session = open_session(script, settings);
  session->negotiate();
  act(*session);
  return script.deviations();
}

}  // namespace

TEST_CASE("what the server lists as ENABLED is on, and nothing else", "[session][enable]") {
  CHECK(play_negotiated("IMAP4rev1 ENABLE CONDSTORE QRESYNC UTF8=ACCEPT",
                        {"C: $2 ENABLE CONDSTORE QRESYNC UTF8=ACCEPT",
                         "S: * ENABLED CONDSTORE qresync X-OTHER", "S: $2 OK"},
                        [](Session& session) {
                          CHECK(session.is_enabled("CONDSTORE"));
                          CHECK(session.is_enabled("QResync"));
                          CHECK_FALSE(session.is_enabled("UTF8=ACCEPT"));
                          CHECK_FALSE(session.is_enabled("X-OTHER"));
                        }) == Script::none);
}

TEST_CASE("OK without ENABLED turns nothing on, as iCloud's", "[session][enable]") {
  CHECK(play_negotiated("IMAP4rev1 ENABLE CONDSTORE QRESYNC",
                        {"C: $2 ENABLE CONDSTORE QRESYNC", "S: $2 OK ENABLE completed"},
                        [](Session& session) {
                          CHECK_FALSE(session.is_enabled("CONDSTORE"));
                          CHECK_FALSE(session.is_enabled("QRESYNC"));
                        }) == Script::none);
}

TEST_CASE("QRESYNC brings CONDSTORE with it", "[session][enable]") {
  CHECK(play_negotiated(
            "ENABLE QRESYNC", {"C: $2 ENABLE QRESYNC", "S: * ENABLED QRESYNC", "S: $2 OK"},
            [](Session& session) { CHECK(session.is_enabled("CONDSTORE")); }) == Script::none);
}

TEST_CASE("a refused ENABLE leaves all off and the session whole", "[session][enable]") {
  for (const std::string refusal : {"S: $2 NO not now", "S: $2 BAD what?"}) {
    CHECK(play_negotiated("ENABLE CONDSTORE",
                          {"C: $2 ENABLE CONDSTORE", refusal, "C: $3 NOOP", "S: $3 OK"},
                          [](Session& session) {
                            CHECK_FALSE(session.is_enabled("CONDSTORE"));
                            session.noop();
                          }) == Script::none);
  }
}

TEST_CASE("a server without ENABLE, or with nothing to enable, is not asked", "[session][enable]") {
  CHECK(play_negotiated("IMAP4rev1 CONDSTORE", {}, kNothing) == Script::none);
  CHECK(play_negotiated("IMAP4rev1 ENABLE IDLE", {}, kNothing) == Script::none);
}

TEST_CASE("IMAP4rev2 is never enabled where IMAP4rev1 is offered", "[session][enable]") {
  CHECK(play_negotiated("IMAP4rev1 IMAP4rev2 ENABLE", {}, kNothing) == Script::none);
}

TEST_CASE("a second ENABLED, even empty, changes nothing", "[session][enable]") {
  // Cyrus (trojita ObtainSynchronizedMailboxTask).
  CHECK(play_negotiated(
            "ENABLE QRESYNC",
            {"C: $2 ENABLE QRESYNC", "S: * ENABLED QRESYNC", "S: $2 OK", "C: $3 EXAMINE \"INBOX\"",
             "S: * ENABLED", "S: * ENABLED ", "S: * ENABLED METADATA", "S: * 3 EXISTS", "S: $3 OK"},
            [](Session& session) {
              session.examine("INBOX", Session::Refresh::no);
              CHECK(session.is_enabled("QRESYNC"));
              CHECK_FALSE(session.is_enabled("METADATA"));
              CHECK(session.selected()->exists == 3);
            }) == Script::none);
}

TEST_CASE("an IMAP4rev2 server is spoken to without any other name", "[session][rev2]") {
  CHECK(
      play_negotiated("IMAP4rev2 AUTH=PLAIN",
                      {"C: $2 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)",
                       "S: * LIST () \"/\" \"Entw\xC3\xBCrfe\"", "S: $2 OK",
                       "C: $3 EXAMINE \"Entw\xC3\xBCrfe\"", "S: * 2 EXISTS", "S: $3 OK [READ-ONLY]",
                       "C: $4 UID SEARCH RETURN (ALL) ALL", "S: * ESEARCH (TAG \"$4\") UID ALL 4:5",
                       "S: $4 OK", "C: $5 UNSELECT", "S: $5 OK"},
                      [](Session& session) {
                        CHECK(session.list().front().name == "Entw&APw-rfe");
                        session.examine("Entw&APw-rfe", Session::Refresh::no);
                        CHECK(session.search_all() == imap::UidSet(imap::Uid{4}, imap::Uid{5}));
                        session.unselect();
                      }) == Script::none);
}

TEST_CASE("after COMPRESS both directions are compressed", "[session][compress]") {
  CHECK(play_compressed("COMPRESS=DEFLATE",
                        {"C: $2 COMPRESS DEFLATE", "S: $2 OK DEFLATE active", "S! deflate",
                         "C: $3 EXAMINE \"INBOX\"", "S: * 172 EXISTS", "S: $3 OK", "C: $4 NOOP",
                         "S: * 173 EXISTS", "S: $4 OK"},
                        [](Session& session) {
                          CHECK(session.examine("INBOX", Session::Refresh::no).exists == 172);
                          session.noop();
                          CHECK(session.selected()->exists == 173);
                          CHECK(session.description() == "DEFLATE");
                          CHECK(session.compress());  // and not a second time
                        }) == Script::none);
}

TEST_CASE("what comes right behind the answer to COMPRESS is compressed", "[session][compress]") {
  const auto push = tests::deflated("* 9 EXISTS\r\n");
  Script script(after_login("COMPRESS=DEFLATE",
                            {"C: $2 EXAMINE \"INBOX\"", "S: $2 OK", "C: $3 COMPRESS DEFLATE",
                             "S+ $3 OK\r\n" + push, "S! silence"}));
  const auto session = open_session(script);
  session->examine("INBOX", Session::Refresh::no);
  REQUIRE(session->compress());
  session->digest();
  CHECK(session->selected()->exists == 9);
}

TEST_CASE("a refused COMPRESS goes on uncompressed", "[session][compress]") {
  for (const std::string refusal :
       {"S: $2 NO [COMPRESSIONACTIVE] TLS compresses", "S: $2 BAD unknown command"}) {
    CHECK(play_compressed("COMPRESS=DEFLATE",
                          {"C: $2 COMPRESS DEFLATE", refusal, "C: $3 NOOP", "S: $3 OK"},
                          [](Session& session) {
                            session.noop();
                            CHECK(session.description().empty());
                          }) == Script::none);
  }
}

TEST_CASE("COMPRESS is for those who want it and servers that offer it", "[session][compress]") {
  CHECK(play_compressed("IMAP4rev1", {}, kNothing) == Script::none);
  CHECK(play_compressed("COMPRESS=LZMA", {}, kNothing) == Script::none);
  CHECK(play_negotiated("COMPRESS=DEFLATE", {}, kNothing) == Script::none);
}

TEST_CASE("COMPRESS goes out right behind ENABLE, and nothing behind it", "[session][compress]") {
  for (const std::string enabled : {"S: $2 OK", "S: $2 BAD unknown command"}) {
    CHECK(play_compressed("ENABLE QRESYNC COMPRESS=DEFLATE",
                          {"C: $2 ENABLE QRESYNC", "C: $3 COMPRESS DEFLATE", enabled, "S: $3 OK",
                           "S! deflate", "C: $4 EXAMINE \"INBOX\"", "S: * 3 EXISTS", "S: $4 OK"},
                          [](Session& session) {
                            CHECK(session.examine("INBOX", Session::Refresh::no).exists == 3);
                          }) == Script::none);
  }
}

TEST_CASE("a server that says OK and does not compress ends the session", "[session][compress]") {
  Script script(after_login("COMPRESS=DEFLATE",
                            {"C: $2 COMPRESS DEFLATE", "S: $2 OK", "S: * 3 EXISTS", "S! silence"}));
  const auto session = open_session(script);
  session->compress();
  CHECK_THROWS_AS(session->noop(), imap::ConnectionError);
  CHECK_FALSE(session->is_usable());
}

TEST_CASE("a literal goes through compression", "[session][compress]") {
  CHECK(play_compressed("COMPRESS=DEFLATE",
                        {"C: $2 COMPRESS DEFLATE", "S: $2 OK", "S! deflate", "C: $3 EXAMINE {2}",
                         "S: + go", "C: \xC3\xBC", "S: $3 OK"},
                        [](Session& session) {
                          session.examine("\xC3\xBC", Session::Refresh::no);
                        }) == Script::none);
}
