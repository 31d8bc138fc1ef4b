// New files become messages.

#include "tests/support/catch.h"
#include "tests/support/writing.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

using tests::error_of;
using tests::mail;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;
using tests::Writing;

namespace {

constexpr std::string_view kMail =
    "Message-ID: <a@example.org>\r\nSubject: a\r\n\r\nthe first line\r\n";
constexpr std::string_view kOther = "Message-ID: <b@example.org>\r\nSubject: b\r\n\r\nother\r\n";

std::string stored(World& world, const std::string& mailbox, std::size_t at = 0) {
  const auto messages = world.server().messages(mailbox);
  return at < messages.size() ? messages[at].mail.octets : "nothing";
}

std::size_t count(World& world, const std::string& mailbox) {
  return world.server().messages(mailbox).size();
}

}  // namespace

TEST_CASE("a file is a message when it is closed", "[fs][drafts]") {
  World world{{{"INBOX", mails(1)}}};
  Writing file(world, "/INBOX", "a.eml");
  CHECK(world.list("/INBOX") == Names{"a.eml", "1.eml"});
  file.write(kMail);
  CHECK(world.stat("/INBOX/a.eml").size == kMail.size());
  CHECK(world.read("/INBOX/a.eml") == kMail);
  CHECK(count(world, "INBOX") == 1);

  CHECK(file.close() == 0);
  REQUIRE(count(world, "INBOX") == 2);
  CHECK(stored(world, "INBOX", 1) == kMail);
  CHECK(world.list("/INBOX") == Names{"a.eml", "1.eml"});
  CHECK(world.server().messages("INBOX")[1].mail.flags == "\\Seen");
}

TEST_CASE("its name and its number go on as those of the message", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write("Subject: a\n\nbody\n");
  REQUIRE(file.close() == 0);
  const auto message = world.stat("/INBOX/1.eml");
  CHECK(message.ino == file.ino());
  CHECK(message.kind == fs::Kind::message);
  CHECK(world.stat("/INBOX/a.eml").ino == file.ino());
  // As the server has it, with CRLF.
  CHECK(message.size == std::string_view("Subject: a\r\n\r\nbody\r\n").size());
  CHECK(world.read("/INBOX/a.eml") == "Subject: a\r\n\r\nbody\r\n");
  CHECK(world.stat(file.ino()).size == message.size);
  CHECK(world.filesystem().attribute(file.ino(), "user.imap.uid") == "1");
}

TEST_CASE("what was stored as it was written is cached", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  const auto large = tests::mail_of_size("large", 5'000'000).octets + "\r\n";
  Writing file(world, "/INBOX", "a.eml");
  file.write(large);
  REQUIRE(file.close() == 0);
  world.server().forget_log();
  CHECK((world.read("/INBOX/1.eml") == large));
  CHECK(world.server().count("BODY.PEEK[]") == 0);
}

TEST_CASE("what the server has changed is fetched when it is read", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  world.server().misbehave([](tests::Faults& faults) {
    faults.announced_size = [](imap::Uid, std::uint64_t size) {
      return size + 7;
    };
  });
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  REQUIRE(file.close() == 0);
  CHECK(world.read("/INBOX/1.eml") == kMail);
  CHECK(world.server().count("BODY.PEEK[]") == 1);
}

TEST_CASE("where a server keeps what it is sent, later messages are not asked for",
          "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  fs::NoInterrupt nobody;
  for (const auto* name : {"a.eml", "b.eml"}) {
    Writing file(world, "/INBOX", name);
    file.write(kMail);
    world.filesystem().set_attributes(file.ino(), {{}, 1'500'000'000}, nobody);
    REQUIRE(file.close() == 0);
  }
  CHECK(world.server().count("UID FETCH 1 (") == 1);
  CHECK(world.server().count("UID FETCH 2 (") == 0);
  const auto file = world.stat("/INBOX/2.eml");
  CHECK(file.size == kMail.size());
  CHECK(file.time == 1'500'000'000);
  CHECK(world.filesystem().attribute(file.ino, "user.imap.flags") == "\\Seen");
  CHECK(world.filesystem().attribute(file.ino, "user.imap.subject") == "a");
  CHECK(world.read("/INBOX/b.eml") == kMail);
}

TEST_CASE("what was not asked for is read as the server has it", "[fs][drafts]") {
  World world{{{"INBOX", mails(1)}}};
  Writing first(world, "/INBOX", "a.eml");
  first.write(kMail);
  REQUIRE(first.close() == 0);
  world.server().misbehave([](tests::Faults& faults) {
    faults.announced_size = [](imap::Uid, std::uint64_t size) {
      return size + 7;
    };
  });
  for (const auto* name : {"b.eml", "c.eml"}) {
    Writing file(world, "/INBOX", name);
    file.write(kOther);
    REQUIRE(file.close() == 0);
  }
  CHECK(world.server().count("UID FETCH 3 (") == 0);
  CHECK(world.read("/INBOX/a.eml") == kMail);
  CHECK(world.server().count("BODY.PEEK[]") == 0);
  CHECK(world.read("/INBOX/b.eml") == kOther);
  CHECK(world.read("/INBOX/c.eml") == kOther);
  CHECK(world.server().count("BODY.PEEK[]") > 0);
}

TEST_CASE("the time that a file was given is when the message arrived", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  fs::NoInterrupt nobody;
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  world.filesystem().set_attributes(file.ino(), {{}, 1'500'000'000}, nobody);
  CHECK(world.stat(file.ino()).time == 1'500'000'000);
  REQUIRE(file.close() == 0);
  CHECK(world.stat("/INBOX/1.eml").time == 1'500'000'000);
  // Too late, and no error: cp -p and rsync -t do this.
  world.filesystem().set_attributes(file.ino(), {{}, 1'600'000'000}, nobody);
  CHECK(world.stat("/INBOX/1.eml").time == 1'500'000'000);
}

TEST_CASE("a file for the folder of drafts is a draft there, too", "[fs][drafts]") {
  World world{{{"INBOX", {}}, {"Drafts", {}, {"\\Drafts"}}}};
  Writing file(world, "/Drafts", "a.eml");
  file.write(kMail);
  REQUIRE(file.close() == 0);
  CHECK(world.server().messages("Drafts")[0].has_flag("\\Draft"));
  CHECK(world.server().messages("Drafts")[0].has_flag("\\Seen"));
}

TEST_CASE("flags that a mailbox does not keep are not sent", "[fs][drafts]") {
  WorldOptions options;
  options.profile.permanent_flags = "\\Deleted";
  World world{{{"INBOX", {}}}, options};
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  REQUIRE(file.close() == 0);
  CHECK(world.server().messages("INBOX")[0].mail.flags.empty());
}

TEST_CASE("an empty file is nothing to send", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  CHECK(file.close() == 0);
  CHECK(world.list("/INBOX") == Names{"a.eml"});
  CHECK(world.server().count("APPEND") == 0);
  file.write(kMail);
  CHECK(file.close() == 0);
  CHECK(stored(world, "INBOX") == kMail);
}

TEST_CASE("one close of several sends nothing twice", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  CHECK(file.close() == 0);
  CHECK(file.close() == 0);
  file.flush();
  CHECK(count(world, "INBOX") == 1);
}

TEST_CASE("what is written after a close takes the place of what was sent", "[fs][drafts]") {
  const bool replaces = GENERATE(false, true);
  WorldOptions options;
  if (replaces) options.profile.capabilities.emplace_back("REPLACE");
  World world{{{"INBOX", mails(1)}}, options};
  world.server().set_flags("INBOX", imap::Uid{1}, "\\Deleted");
  Writing file(world, "/INBOX", "a.eml");
  file.write("Subject: a\n\nhead\n");
  REQUIRE(file.close() == 0);
  REQUIRE(count(world, "INBOX") == 2);
  file.write("body\n");
  CHECK(world.read("/INBOX/a.eml") == "Subject: a\n\nhead\nbody\n");
  REQUIRE(file.close() == 0);
  // That of somebody else, who has marked it as deleted, stays.
  REQUIRE(count(world, "INBOX") == 2);
  CHECK(stored(world, "INBOX", 1) == "Subject: a\r\n\r\nhead\r\nbody\r\n");
  CHECK(world.stat("/INBOX/a.eml").ino == file.ino());
  CHECK(world.stat("/INBOX/3.eml").ino == file.ino());
  CHECK(error_of([&] { world.stat("/INBOX/2.eml"); }) == ENOENT);
  CHECK(world.server().count("REPLACE") == (replaces ? 1U : 0U));
}

TEST_CASE("who appends goes on where the file ended that was written", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.append("Subject: a\n\nhead\n");
  REQUIRE(file.close() == 0);
  file.append("body\n");
  REQUIRE(file.close() == 0);
  CHECK(stored(world, "INBOX") == "Subject: a\r\n\r\nhead\r\nbody\r\n");
}

TEST_CASE("without UIDPLUS the earlier version stays, marked as deleted", "[fs][drafts]") {
  WorldOptions options;
  options.profile = options.profile.without("UIDPLUS");
  World world{{{"INBOX", {}}}, options};
  Writing file(world, "/INBOX", "a.eml");
  file.write("Message-ID: <a@b>\n\n");
  REQUIRE(file.close() == 0);
  file.write("body\n");
  REQUIRE(file.close() == 0);
  REQUIRE(count(world, "INBOX") == 2);
  CHECK(world.server().messages("INBOX")[0].has_flag("\\Deleted"));
  CHECK_FALSE(world.server().messages("INBOX")[1].has_flag("\\Deleted"));
  CHECK(world.server().count("EXPUNGE") == 0);
}

TEST_CASE("what is not yet a message is not lost by closing it", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write("From me Mon Jan 1\n");
  CHECK(file.close() == EINVAL);
  file.write(kMail);
  CHECK(file.close() == 0);
  CHECK(stored(world, "INBOX") == kMail);
}

TEST_CASE("what is no message stays a file that can be read and removed", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.txt");
  file.write("hello\n");
  CHECK(file.close() == EINVAL);
  fs::NoInterrupt nobody;
  auto& filesystem = world.filesystem();
  CHECK(error_of([&] { filesystem.flush(file.ino(), Writing::kReader, nobody); }) == 0);
  CHECK(error_of([&] { filesystem.synchronise(file.ino(), nobody); }) == EINVAL);
  CHECK(file.close() == EINVAL);
  file.write("again\n");
  CHECK(error_of([&] { filesystem.flush(file.ino(), Writing::kReader, nobody); }) == EINVAL);
  CHECK(world.read("/INBOX/a.txt") == "hello\nagain\n");
  CHECK(world.list("/INBOX") == Names{"a.txt"});
  CHECK(world.server().count("APPEND") == 0);
}

TEST_CASE("a message cannot be changed in place", "[fs][drafts]") {
  World world{{{"INBOX", mails(1)}}};
  fs::NoInterrupt nobody;
  const auto message = world.stat("/INBOX/1.eml");
  const std::string text = "x";
  auto& filesystem = world.filesystem();
  CHECK(error_of([&] {
          filesystem.write(message.ino, 0, std::as_bytes(std::span(text)),
                           fs::Filesystem::WriteAt::offset, nobody);
        }) == EPERM);
  CHECK(error_of([&] { filesystem.set_attributes(message.ino, {0, {}}, nobody); }) == EPERM);
  CHECK(error_of([&] { filesystem.set_attributes(message.ino, {message.size, 1}, nobody); }) == 0);
  CHECK(error_of([&] { filesystem.allocate(message.ino, 0, 10, nobody); }) == EOPNOTSUPP);
  CHECK(error_of([&] { filesystem.set_attributes(world.ino("/INBOX"), {{}, 1}, nobody); }) == 0);
  CHECK(world.read("/INBOX/1.eml") == mails(1)[0].octets);
}

TEST_CASE("what does not belong into a mailbox is refused before it is made", "[fs][drafts]") {
  World world{{{"INBOX", mails(1)}, {"Lists", {}, {"\\Noselect"}}, {"Lists/a", {}}}};
  CHECK(error_of([&] { Writing(world, "/INBOX", ".directory"); }) == EPERM);
  CHECK(error_of([&] { Writing(world, "/INBOX", ".imapfs"); }) == EPERM);
  CHECK(error_of([&] { Writing(world, "/Lists", "a.eml"); }) == EPERM);
  CHECK(error_of([&] { Writing(world, "/", "a.eml"); }) == EPERM);
  CHECK(error_of([&] { Writing(world, "/INBOX", "1.eml"); }) == EEXIST);
  CHECK(error_of([&] { Writing(world, "/INBOX", std::string(256, 'x')); }) == ENAMETOOLONG);
}

TEST_CASE("a scratch file is sent when it gets another name", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", ".a.eml.AbCdEf");
  file.write(kMail);
  CHECK(file.close() == 0);
  CHECK(count(world, "INBOX") == 0);
  CHECK(tests::rename(world, "/INBOX", ".a.eml.AbCdEf", ".b") == 0);
  CHECK(count(world, "INBOX") == 0);
  CHECK(world.list("/INBOX") == Names{".b"});
  CHECK(tests::rename(world, "/INBOX", ".b", "a.eml") == 0);
  CHECK(stored(world, "INBOX") == kMail);
  CHECK(world.list("/INBOX") == Names{"a.eml"});
  CHECK(world.stat("/INBOX/a.eml").ino == file.ino());
}

TEST_CASE("renamed over a message it takes its place", "[fs][drafts]") {
  const bool replaces = GENERATE(false, true);
  WorldOptions options;
  if (replaces) options.profile.capabilities.emplace_back("REPLACE");
  World world{{{"INBOX", mails(2)}}, options};
  Writing file(world, "/INBOX", ".new");
  file.write(kMail);
  CHECK(tests::rename(world, "/INBOX", ".new", "1.eml", RENAME_NOREPLACE) == EEXIST);
  CHECK(tests::rename(world, "/INBOX", ".new", "1.eml", RENAME_EXCHANGE) == EINVAL);
  CHECK(tests::rename(world, "/INBOX", ".new", "1.eml") == 0);
  REQUIRE(count(world, "INBOX") == 2);
  CHECK(world.server().messages("INBOX")[0].uid == imap::Uid{2});
  CHECK(stored(world, "INBOX", 1) == kMail);
  CHECK(world.read("/INBOX/1.eml") == kMail);
  CHECK(world.list("/INBOX") == Names{"1.eml", "2.eml"});
}

TEST_CASE("renamed to what is no message it keeps its old name", "[fs][drafts]") {
  World world{{{"INBOX", mails(1)}}};
  Writing file(world, "/INBOX", ".new");
  CHECK(tests::rename(world, "/INBOX", ".new", "1.eml") == EINVAL);
  file.write("hello\n");
  CHECK(tests::rename(world, "/INBOX", ".new", "1.eml") == EINVAL);
  CHECK(tests::rename(world, "/INBOX", ".new", "x.eml") == EINVAL);
  CHECK(tests::rename(world, "/INBOX", ".new", ".directory") == EPERM);
  CHECK(world.list("/INBOX") == Names{".new", "1.eml"});
  CHECK(count(world, "INBOX") == 1);
}

TEST_CASE("several files are listed in the order in which they were made", "[fs][drafts]") {
  World world{{{"INBOX", mails(2)}, {"Other", {}}}};
  const Writing first(world, "/INBOX", "z");
  const Writing elsewhere(world, "/Other", "x");
  const Writing second(world, "/INBOX", "a");
  CHECK(world.list("/INBOX", 1) == Names{"z", "a", "2.eml", "1.eml"});
  CHECK(world.list("/INBOX", 3) == Names{"z", "a", "2.eml", "1.eml"});
  CHECK(world.list("/Other") == Names{"x"});
}

TEST_CASE("what the server does not have at the end is kept", "[fs][drafts]") {
  World world{{{"INBOX", {}}, {"Lists/a", {}}}};
  Writing bad(world, "/Lists/a", "a.txt");
  bad.write("hello\n");
  CHECK(bad.close() == EINVAL);
  Writing scratch(world, "/INBOX", ".a");
  scratch.write("scratch");
  const Writing empty(world, "/INBOX", "empty");
  Writing sent(world, "/INBOX", "a.eml");
  sent.write(kMail);
  REQUIRE(sent.close() == 0);
  const auto told = world.filesystem().rescue_drafts();
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Catch::Matchers::Contains("Lists/a/a.txt"));
  std::ifstream saved(world.lost() / "Lists/a/a.txt");
  CHECK(std::string(std::istreambuf_iterator<char>(saved), {}) == "hello\n");
  // Nothing that was rescued before is overwritten.
  CHECK(world.filesystem().rescue_drafts().size() == 1);
  CHECK(std::filesystem::exists(world.lost() / "Lists/a/a.txt.2"));
  struct stat status {};
  REQUIRE(::stat(world.lost().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
}

TEST_CASE("nothing goes on being written when the kernel has closed the file", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  Writing file(world, "/INBOX", "a.eml");
  file.write(kMail);
  REQUIRE(file.close() == 0);
  world.filesystem().released(file.ino());
  CHECK(error_of([&] { file.write("more"); }) == EPERM);
  CHECK(world.read("/INBOX/a.eml") == kMail);
  // What is no message yet is not over with that.
  Writing other(world, "/INBOX", "b.eml");
  other.write("hello\n");
  world.filesystem().released(other.ino());
  world.filesystem().forgotten(other.ino());
  CHECK(world.read("/INBOX/b.eml") == "hello\n");
}

TEST_CASE("of those that were stored only some are kept for who goes on writing", "[fs][drafts]") {
  World world{{{"INBOX", {}}}};
  std::vector<std::unique_ptr<Writing>> files;
  for (std::size_t i = 0; i <= fs::Drafts::kMostStored; ++i) {
    files.push_back(std::make_unique<Writing>(world, "/INBOX", std::to_string(i)));
    files.back()->write(kOther);
    REQUIRE(files.back()->close() == 0);
  }
  fs::NoInterrupt nobody;
  world.filesystem().sync(nobody);
  CHECK(error_of([&] { files.front()->write("more"); }) == EPERM);
  CHECK(error_of([&] { files.back()->write("more"); }) == 0);
}
