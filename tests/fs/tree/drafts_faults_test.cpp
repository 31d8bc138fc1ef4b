// New files and servers that refuse, are not there, or go away in the middle.

#include "tests/support/catch.h"
#include "tests/support/writing.h"

#include <cerrno>

using tests::mails;
using tests::Names;
using tests::without;
using tests::World;
using tests::WorldOptions;
using tests::Writing;

namespace {

constexpr std::string_view kMail =
    "Message-ID: <a@example.org>\r\nSubject: a\r\n\r\nthe first line\r\n";

std::size_t count(World& world) {
  return world.server().messages("INBOX").size();
}

}  // namespace

TEST_CASE("the refusal of the server is the error of close", "[fs][drafts][faults]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  for (const auto& [answer, error] :
       std::vector<std::pair<std::string, int>>{{"NO [OVERQUOTA] full", EDQUOT},
                                                {"NO [TOOBIG] too big", EFBIG},
                                                {"NO [LIMIT] too many", ENOSPC},
                                                {"NO [NOPERM] no", EACCES},
                                                {"NO [TRYCREATE] none", ENOENT},
                                                {"BAD what", EIO}}) {
    CAPTURE(answer);
    world.server().refuse("APPEND", answer);
    CHECK(file.close() == error);
    world.server().behave();
    world.server().refuse_message("APPEND", answer);
    CHECK(file.close() == error);
    world.server().behave();
    CHECK(world.read("/INBOX/a.eml") == kMail);
    CHECK(world.list("/INBOX") == Names{"a.eml"});
    CHECK(count(world) == 0);
  }
  // Later it is taken.
  CHECK(file.close() == 0);
  CHECK(count(world) == 1);
}

TEST_CASE("a message is stored once when the connection broke before the answer",
          "[fs][drafts][faults]") {
  const bool uidplus = GENERATE(true, false);
  World world{{{"INBOX", mails(3)}}, uidplus ? WorldOptions{} : without({"UIDPLUS"})};
  world.list("/INBOX");
  world.server().cut("APPEND", 0);
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  CHECK(file.close() == 0);
  CHECK(count(world) == 4);
  CHECK(world.stat("/INBOX/4.eml").ino == file.ino());
  CHECK(world.read("/INBOX/a.eml") == kMail);
}

TEST_CASE("a message is sent again when the connection broke before all was sent",
          "[fs][drafts][faults]") {
  World world{{{"INBOX", mails(1)}}};
  const auto large = tests::mail_of_size("large", 3'000'000).octets + "\r\n";
  Writing file(world, "/INBOX", "a.eml");
  file.write(large);
  SECTION("when it was asked for") {
    world.server().cut_unheard("APPEND");
  }
  SECTION("on the way") {
    world.server().cut_message("APPEND", 100'000);
  }
  // When all had left this machine the server may be about to store it, for all that we know.
  const int first = file.close();
  CHECK((first == 0 || first == EIO));
  CHECK(file.close() == 0);
  CHECK(count(world) == 2);
  CHECK((world.read("/INBOX/a.eml") == large));
}

TEST_CASE("without the UID of the server it is found by what it is", "[fs][drafts][faults]") {
  World world{{{"INBOX", mails(3)}}, without({"UIDPLUS"})};
  // The same again, and something else: neither is taken for it.
  for (int copy = 1; copy <= 3; ++copy) {
    Writing file(world, "/INBOX", std::to_string(copy) + ".a");
    file.write(kMail);
    REQUIRE(file.close() == 0);
    CHECK(world.stat("/INBOX/" + std::to_string(3 + copy) + ".eml").ino == file.ino());
  }
  CHECK(count(world) == 6);
}

TEST_CASE("a server that accepts and stores nothing is not believed", "[fs][drafts][faults]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  world.server().refuse_message("APPEND", "OK stored", 1);
  CHECK(file.close() == EIO);
  CHECK(world.read("/INBOX/a.eml") == kMail);
  CHECK(file.close() == 0);
  CHECK(count(world) == 1);
}

TEST_CASE("what nobody could tell is looked for before it is sent again", "[fs][drafts][faults]") {
  WorldOptions options;
  options.mail.timeout = std::chrono::milliseconds(200);
  World world{{{"INBOX", {}}}, options};
  world.list("/INBOX");
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  {
    // It is carried out, and the answer does not come.
    const auto hold = world.server().hold("APPEND");
    CHECK(file.close() == ETIMEDOUT);
  }
  REQUIRE(tests::eventually([&] { return count(world) == 1; }));
  REQUIRE(tests::eventually([&] { return file.close() == 0; }));
  CHECK(count(world) == 1);
}

TEST_CASE("without the server a file stays here until it is back", "[fs][drafts][faults]") {
  World world{{{"INBOX", {}}}};
  world.list("/INBOX");
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  world.server().refuse_connections(true);
  world.server().drop_connections();
  CHECK(file.close() == ENETUNREACH);
  CHECK(world.read("/INBOX/a.eml") == kMail);
  world.server().refuse_connections(false);
  CHECK(tests::eventually([&] { return file.close() == 0; }));
  CHECK(count(world) == 1);
}

TEST_CASE("a folder that is gone takes nothing", "[fs][drafts][faults]") {
  World world{{{"INBOX", {}}, {"Old", {}}}};
  Writing file(world, "/Old", "a.eml");
  file.write(kMail);
  world.other_client().remove("Old");
  CHECK(file.close() == ESTALE);
}

TEST_CASE("what is replaced stays when it cannot be removed", "[fs][drafts][faults]") {
  World world{{{"INBOX", mails(1)}}};
  Writing file(world, "/INBOX", ".new");
  file.write(kMail);
  world.server().refuse("UID STORE", "NO not now");
  CHECK(tests::rename(world, "/INBOX", ".new", "1.eml") == 0);
  CHECK(count(world) == 2);
  CHECK(world.read("/INBOX/1.eml") == kMail);
}

TEST_CASE("who closes at the same time waits for the same", "[fs][drafts][faults]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  auto hold = world.server().hold("APPEND");
  auto first = tests::in_background([&] { return file.close(); });
  REQUIRE(hold.wait_reached());
  auto second = tests::in_background([&] { return file.close(); });
  // Somebody writes on meanwhile, and does not change what is being sent.
  file.write("more\r\n");
  hold.release();
  REQUIRE(tests::ends(first));
  REQUIRE(tests::ends(second));
  CHECK(first.get() == 0);
  CHECK(second.get() == 0);
  CHECK(file.close() == 0);
  REQUIRE(count(world) == 1);
  CHECK(world.server().messages("INBOX")[0].mail.octets == std::string(kMail) + "more\r\n");
}
