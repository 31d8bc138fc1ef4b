// Many new files in a row: only the first of them are waited for.

#include "tests/support/catch.h"
#include "tests/support/writing.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

using tests::error_of;
using tests::mails;
using tests::Names;
using tests::without;
using tests::World;
using tests::WorldOptions;
using tests::Writing;

namespace {

std::string text_of(int number) {
  const auto id = std::to_string(number);
  return "Message-ID: <" + id + "@example.org>\r\nSubject: s" + id + "\r\n\r\nbody " + id + "\r\n";
}

std::string name_of(int number) {
  return "m" + std::to_string(number) + ".eml";
}

/// An account to which somebody has begun to copy messages: two were waited for.
class Copying : public World {
 public:
  explicit Copying(WorldOptions options = {}) : World({{"INBOX", {}}, {"Other", {}}}, options) {
    begin();
  }
  void begin() {
    list("/INBOX");
    REQUIRE(copy(next_++) == 0);
    REQUIRE(copy(next_++) == 0);
    REQUIRE(mail().unsent() == 0);
  }
  /// Writes one; the errno of close.
  int copy(int number) { return write(name_of(number), text_of(number)); }
  int write(const std::string& name, const std::string& text) {
    Writing file(*this, "/INBOX", name);
    file.write(text);
    return file.close();
  }
  /// The same of the next `count` ones, of which nobody waits for any.
  void copy_all(int count) {
    for (int i = 0; i < count; ++i) REQUIRE(copy(next_++) == 0);
  }
  int sync_error() {
    return error_of([this] { filesystem().sync(nobody); });
  }
  /// In the end; barriers may fail until then.
  bool all_is_sent() {
    return tests::eventually([this] {
      sync_error();
      return mail().unsent() == 0;
    });
  }
  void unlink(const std::string& name) { filesystem().unlink({ino("/INBOX"), name}, nobody); }
  bool is_listed(const std::string& name) { return std::ranges::count(list("/INBOX"), name) == 1; }
  /// How often each message is on the server.
  std::vector<std::size_t> copies(const std::string& mailbox = "INBOX") {
    std::vector<std::size_t> counts(static_cast<std::size_t>(next_));
    for (const auto& message : server().messages(mailbox)) {
      for (int number = 0; number < next_; ++number) {
        if (message.mail.octets == text_of(number)) ++counts[static_cast<std::size_t>(number)];
      }
    }
    return counts;
  }
  std::vector<std::size_t> once() const {
    return std::vector<std::size_t>(static_cast<std::size_t>(next_), 1);
  }
  std::size_t count() { return server().messages("INBOX").size(); }

  fs::NoInterrupt nobody;

 private:
  int next_ = 0;
};

}  // namespace

TEST_CASE("of many files in a row only the first are waited for", "[fs][outgoing]") {
  Copying world;
  std::vector<fs::Ino> inodes;
  {
    const auto held = world.server().hold("APPEND");
    world.copy_all(5);
    CHECK(world.mail().unsent() == 5);
    for (int i = 2; i < 7; ++i) {
      CHECK(world.read("/INBOX/" + name_of(i)) == text_of(i));
      inodes.push_back(world.ino("/INBOX/" + name_of(i)));
    }
  }
  CHECK(world.sync_error() == 0);
  CHECK(world.mail().unsent() == 0);
  CHECK(world.copies() == world.once());
  CHECK(world.list("/INBOX").size() == 7);
  for (int i = 2; i < 7; ++i) {
    CHECK(world.ino("/INBOX/" + name_of(i)) == inodes[static_cast<std::size_t>(i) - 2]);
    CHECK(world.read("/INBOX/" + name_of(i)) == text_of(i));
  }
  CHECK(world.journal().all<cache::LetterRow>().empty());
}

TEST_CASE("who wants to be sure waits", "[fs][outgoing]") {
  Copying world;
  Writing file(world, "/INBOX", "a.eml");
  file.write(text_of(7));
  REQUIRE(file.close() == 0);
  world.filesystem().synchronise(file.ino(), world.nobody);
  CHECK(world.count() == 3);
}

TEST_CASE("flags can be given to one that was just closed", "[fs][outgoing]") {
  Copying world;
  auto held = world.server().hold("APPEND");
  world.copy_all(1);
  auto flagging = tests::in_background([&] {
    world.filesystem().set_attribute(world.ino("/INBOX/m2.eml"), "user.imap.flags", "+\\Flagged",
                                     world.nobody);
  });
  REQUIRE(held.wait_reached());
  CHECK(tests::is_running(flagging));
  held.release();
  flagging.get();
  CHECK(world.sync_error() == 0);
  CHECK(world.server().messages("INBOX")[2].mail.flags == "\\Seen \\Flagged");
}

TEST_CASE("every file is waited for where the server may refuse it late", "[fs][outgoing]") {
  WorldOptions options;
  SECTION("asked not to hurry") {
    options.mail.sync = true;
  }
  SECTION("it wants to be asked for each") {
    options = without({"LITERAL+"});
  }
  SECTION("it does not say where they are") {
    options = without({"UIDPLUS"});
  }
  Copying world(options);
  CHECK(world.copy(7) == 0);
  CHECK(world.mail().unsent() == 0);
  CHECK(world.count() == 3);
}

TEST_CASE("large files are waited for, and what is no message is refused at once",
          "[fs][outgoing]") {
  Copying world;
  CHECK(world.write("large.eml", "Subject: l\r\n\r\n" + std::string(70'000, 'x')) == 0);
  CHECK(world.mail().unsent() == 0);
  CHECK(world.write("no.eml", "nothing like a message") == EINVAL);
}

TEST_CASE("what is refused late stays, is reported, and is tried when somebody waits",
          "[fs][outgoing][refused]") {
  Copying world;
  {
    const auto held = world.server().hold("APPEND");
    world.copy_all(3);
    world.server().refuse("APPEND", "NO [OVERQUOTA] full", 1, 1);
  }
  CHECK(world.sync_error() == EDQUOT);
  CHECK(world.sync_error() == 0);
  const auto refused = world.mail().status().changes.refused;
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].folder == "INBOX");
  CHECK(refused[0].what == "store");
  const auto name = refused[0].name;
  CHECK(world.is_listed(name));
  CHECK(world.count() == 4);
  CHECK(world.list("/INBOX").size() == 5);

  SECTION("the next file is waited for") {
    world.server().refuse("APPEND", "NO [OVERQUOTA] full", 1);
    CHECK(world.copy(8) == EDQUOT);
  }
  SECTION("somebody waits for it") {
    world.filesystem().synchronise(world.ino("/INBOX/" + name), world.nobody);
    CHECK(world.copies() == world.once());
    CHECK(world.journal().all<cache::LetterRow>().empty());
  }
  SECTION("it is removed") {
    world.unlink(name);
    CHECK_FALSE(world.is_listed(name));
    CHECK(world.journal().all<cache::LetterRow>().empty());
  }
  SECTION("another mount tries again") {
    world.restart();
    CHECK(world.is_listed(name));
    CHECK(world.sync_error() == 0);
    CHECK(world.copies() == world.once());
    CHECK(world.journal().all<cache::LetterRow>().empty());
  }
}

TEST_CASE("what was not sent when the mount ended is sent by the next one, once",
          "[fs][outgoing][crash]") {
  // Held back after the server has stored them, or before it has heard of them.
  const std::size_t octets = GENERATE(0, 1);
  Copying world;
  {
    const auto held = world.server().hold("APPEND", 0, octets);
    world.copy_all(4);
    // The same message twice is two messages.
    REQUIRE(world.write("again.eml", text_of(3)) == 0);
    if (octets > 0) REQUIRE(world.server().wait_for("APPEND", 3));
    world.restart();
  }
  CHECK(world.is_listed("again.eml"));
  CHECK(world.read("/INBOX/" + name_of(4)) == text_of(4));
  CHECK(world.sync_error() == 0);
  auto expected = world.once();
  expected[3] = 2;
  CHECK(world.copies() == expected);
  CHECK(world.list("/INBOX").size() == 7);
  CHECK(world.is_listed("again.eml"));
  CHECK(world.is_listed(name_of(3)));
}

TEST_CASE("a connection that breaks in between loses and repeats nothing",
          "[fs][outgoing][faults]") {
  const std::size_t answered = GENERATE(0, 1, 2, 3);
  const int how = GENERATE(0, 1, 2);
  CAPTURE(answered, how);
  Copying world;
  {
    const auto held = world.server().hold("NOOP");
    if (how == 0) world.server().cut("APPEND", 3, answered);
    if (how == 1) world.server().cut_unheard("APPEND", answered);
    if (how == 2) world.server().cut_message("APPEND", 5, answered);
    world.copy_all(4);
  }
  REQUIRE(world.all_is_sent());
  CHECK(world.copies() == world.once());
  CHECK(world.list("/INBOX").size() == 6);
}

TEST_CASE("without the server they wait, and can be removed and renamed",
          "[fs][outgoing][offline]") {
  Copying world;
  world.server().refuse_connections(true);
  world.server().drop_connections();
  world.copy_all(4);
  CHECK(world.sync_error() == ENETUNREACH);
  CHECK(world.list("/INBOX").size() == 6);
  world.unlink(name_of(2));
  CHECK(world.list("/INBOX").size() == 5);
  CHECK(tests::rename(world, "/INBOX", name_of(3), "x.eml") == ENETUNREACH);
  CHECK(world.is_listed(name_of(3)));
  world.server().refuse_connections(false);
  REQUIRE(world.all_is_sent());
  // The one that was to be renamed was taken back for that, and waits for whoever wants it stored.
  CHECK(tests::rename(world, "/INBOX", name_of(3), "x.eml") == 0);
  auto expected = world.once();
  expected[2] = 0;
  CHECK(world.copies() == expected);
  CHECK(world.is_listed("x.eml"));
}

TEST_CASE("one that was removed or renamed at once never had its name on the server",
          "[fs][outgoing]") {
  Copying world;
  world.copy_all(3);
  world.unlink(name_of(2));
  CHECK(tests::rename(world, "/INBOX", name_of(3), "x.eml") == 0);
  CHECK(world.sync_error() == 0);
  auto expected = world.once();
  expected[2] = 0;
  CHECK(world.copies() == expected);
  CHECK(world.is_listed("x.eml"));
  CHECK(world.list("/INBOX").size() == 4);
}

TEST_CASE("a folder that was made anew under its name is still where it belongs",
          "[fs][outgoing]") {
  WorldOptions options;
  options.mail.mailbox_fresh = std::chrono::milliseconds(0);
  Copying world(options);
  const auto old = world.ino("/INBOX");
  auto opening = world.server().hold("APPEND");
  world.copy_all(1);
  REQUIRE(opening.wait_reached());
  world.copy_all(2);
  world.server().renew("INBOX", 77);
  REQUIRE(tests::eventually([&] {
    // Listing what is found to be another folder fails.
    error_of([&] { world.list("/INBOX"); });
    return world.ino("/INBOX") != old;
  }));
  opening.release();
  REQUIRE(world.all_is_sent());
  CHECK(world.copies() == world.once());
  CHECK(world.is_listed(name_of(3)));
}

TEST_CASE("a folder that was made anew is found though nobody looks", "[fs][outgoing]") {
  Copying world;
  auto opening = world.server().hold("APPEND");
  world.copy_all(1);
  REQUIRE(opening.wait_reached());
  world.copy_all(2);
  world.server().renew("INBOX", 77);
  opening.release();
  REQUIRE(world.all_is_sent());
  CHECK(world.copies() == world.once());
  CHECK(world.is_listed(name_of(3)));
}

TEST_CASE("what belongs to a folder that is gone is put aside and told of", "[fs][outgoing]") {
  Copying world;
  {
    const auto held = world.server().hold("APPEND");
    world.copy_all(1);
  }
  REQUIRE(world.sync_error() == 0);
  world.journal().add(cache::LetterRow{"Gone", 7, 1, "a.eml", 0, text_of(9)});
  world.restart();
  CHECK(world.journal().all<cache::LetterRow>().empty());
  std::ifstream saved(world.lost() / "Gone" / "a.eml", std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(saved), {}) == text_of(9));
}
