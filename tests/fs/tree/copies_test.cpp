// Copies of messages within the mount, which the server makes.

#include "tests/support/catch.h"
#include "tests/support/writing.h"

#include <cerrno>
#include <filesystem>

using tests::error_of;
using tests::Mail;
using tests::mail;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;
using tests::Writing;

namespace {

constexpr std::uint64_t kAll = 0x7FFF'F000;

/// What copy_file_range(2) does of a file that is open, once; the errno.
int copy(World& world, const std::string& path, const Writing& target) {
  const auto source = world.stat(path);
  return error_of([&] { world.filesystem().copy({source.ino}, {target.ino()}, source.size); });
}

std::size_t count(World& world, const std::string& mailbox) {
  return world.server().messages(mailbox).size();
}

WorldOptions without_uidplus() {
  WorldOptions options;
  options.profile = options.profile.without("UIDPLUS").without("MOVE");
  return options;
}

}  // namespace

TEST_CASE("a copy within the mount is made by the server", "[fs][copies]") {
  const bool uidplus = GENERATE(true, false);
  Mail original = mail("one");
  original.flags = "\\Flagged";
  World world{{{"INBOX", {mail("zero"), original}}, {"Other", mails(3)}},
              uidplus ? WorldOptions{} : without_uidplus()};
  const auto octets = world.read("/INBOX/2.eml");
  world.server().forget_log();
  Writing file(world, "/Other", "copy.eml");
  REQUIRE(copy(world, "/INBOX/2.eml", file) == 0);
  CHECK(world.stat("/Other/copy.eml").size == octets.size());
  CHECK(world.list("/Other").front() == "copy.eml");
  CHECK(world.server().count("UID COPY") == 0);

  REQUIRE(file.close() == 0);
  REQUIRE(count(world, "Other") == 4);
  CHECK(world.server().messages("Other")[3].mail.octets == original.octets);
  CHECK(world.server().count("UID COPY") == 1);
  CHECK(world.stat("/Other/4.eml").ino == file.ino());
  CHECK(world.stat(file.ino()).time == world.stat("/INBOX/2.eml").time);
  CHECK(world.filesystem().attribute(file.ino(), "user.imap.flags") == "\\Flagged");
  CHECK(world.list("/Other").front() == "copy.eml");
  // What was read of the one has been read of the other.
  CHECK(world.read("/Other/copy.eml") == octets);
  CHECK(world.server().count("BODY.PEEK[]") == 0);
  CHECK(world.server().count("APPEND") == 0);
  // Closing it again copies nothing.
  CHECK(file.close() == 0);
  CHECK(count(world, "Other") == 4);
}

TEST_CASE("a message can be copied within its folder", "[fs][copies]") {
  const bool uidplus = GENERATE(true, false);
  World world{{{"INBOX", mails(2)}}, uidplus ? WorldOptions{} : without_uidplus()};
  const auto octets = world.read("/INBOX/1.eml");
  for (const auto* name : {"a.eml", "b.eml"}) {
    Writing file(world, "/INBOX", name);
    REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
    REQUIRE(file.close() == 0);
  }
  CHECK(world.list("/INBOX") == Names{"b.eml", "a.eml", "2.eml", "1.eml"});
  CHECK(world.read("/INBOX/4.eml") == octets);
  CHECK(world.ino("/INBOX/a.eml") != world.ino("/INBOX/b.eml"));
}

TEST_CASE("the name that a message had by its UID leads to the copy, and is not listed",
          "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Other", {}}}};
  world.list("/INBOX");
  Writing file(world, "/Other", "2.eml");
  REQUIRE(copy(world, "/INBOX/2.eml", file) == 0);
  REQUIRE(file.close() == 0);
  CHECK(world.list("/Other") == Names{"1.eml"});
  CHECK(world.stat("/Other/2.eml").ino == file.ino());
}

TEST_CASE("what is not a message as a whole into an empty file is left to the program",
          "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Other", {}}}};
  const auto source = world.stat("/INBOX/1.eml");
  Writing file(world, "/Other", "a.eml");
  auto& filesystem = world.filesystem();
  const auto copied = [&](const fs::Filesystem::Position& from, const fs::Filesystem::Position& to,
                          std::uint64_t length) {
    return error_of([&] { filesystem.copy(from, to, length); });
  };
  CHECK(copied({source.ino}, {file.ino()}, source.size - 1) == EOPNOTSUPP);
  CHECK(copied({source.ino, 1}, {file.ino()}, source.size) == EOPNOTSUPP);
  CHECK(copied({source.ino}, {file.ino(), 1}, source.size) == EOPNOTSUPP);
  CHECK(copied({file.ino()}, {source.ino}, kAll) == EOPNOTSUPP);
  CHECK(copied({world.ino("/INBOX")}, {file.ino()}, kAll) == EOPNOTSUPP);
  file.write("Subject: something else\n\nalready\n");
  CHECK(copied({source.ino}, {file.ino()}, kAll) == EOPNOTSUPP);
  REQUIRE(file.close() == 0);
  CHECK(world.server().count("UID COPY") == 0);
  CHECK(copied({source.ino}, {file.ino()}, kAll) == EOPNOTSUPP);
}

TEST_CASE("a copy that is written to becomes a file like others", "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Other", {}}}};
  const auto octets = world.read("/INBOX/1.eml");
  Writing file(world, "/Other", "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  CHECK(world.read("/Other/a.eml") == octets);
  SECTION("before it is stored") {
    file.append("one more line\r\n");
  }
  SECTION("after that") {
    REQUIRE(file.close() == 0);
    file.append("one more line\r\n");
  }
  CHECK(world.read("/Other/a.eml") == octets + "one more line\r\n");
  REQUIRE(file.close() == 0);
  REQUIRE(count(world, "Other") == 1);
  CHECK(world.server().messages("Other")[0].mail.octets == octets + "one more line\r\n");
  CHECK(world.server().messages("INBOX")[0].mail.octets == octets);
}

TEST_CASE("a copy that is emptied is an empty file, and one that is cut is cut", "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Other", {}}}};
  fs::NoInterrupt nobody;
  Writing file(world, "/Other", "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  world.filesystem().set_attributes(file.ino(), {10, {}}, nobody);
  CHECK(world.read("/Other/a.eml") == world.read("/INBOX/1.eml").substr(0, 10));
  Writing other(world, "/Other", "b.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", other) == 0);
  world.filesystem().set_attributes(other.ino(), {0, {}}, nobody);
  CHECK(world.stat("/Other/b.eml").size == 0);
  CHECK(other.close() == 0);
  CHECK(count(world, "Other") == 0);
}

TEST_CASE("what was done to a message before it is copied is done first", "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Moved", mails(1)}, {"Other", {}}}};
  fs::NoInterrupt nobody;
  world.list("/INBOX");
  Writing file(world, "/Other", "a.eml");
  SECTION("its flags are changed") {
    world.filesystem().set_attribute(world.ino("/INBOX/1.eml"), "user.imap.flags", "+\\Flagged",
                                     nobody);
    REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
    REQUIRE(file.close() == 0);
    CHECK(world.server().messages("Other")[0].has_flag("\\Flagged"));
  }
  SECTION("it is moved") {
    auto held = world.server().hold("UID MOVE");
    world.filesystem().rename({world.ino("/INBOX"), "1.eml"}, {world.ino("/Moved"), "1 one.eml"}, 0,
                              nobody);
    REQUIRE(copy(world, "/Moved/1 one.eml", file) == 0);
    auto closing = tests::in_background([&] { return file.close(); });
    REQUIRE(world.server().wait_for("UID MOVE"));
    CHECK(world.server().count("UID COPY") == 0);
    held.release();
    REQUIRE(tests::ends(closing));
    CHECK(closing.get() == 0);
    CHECK(count(world, "INBOX") == 1);
    CHECK(count(world, "Moved") == 2);
  }
  REQUIRE(count(world, "Other") == 1);
  CHECK(world.server().messages("Other")[0].mail.octets == mails(1)[0].octets);
}

TEST_CASE("a copy under another name takes that one's place", "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Other", mails(1)}}};
  fs::NoInterrupt nobody;
  world.list("/INBOX");
  world.list("/Other");
  Writing file(world, "/Other", ".a.tmp");
  REQUIRE(copy(world, "/INBOX/2.eml", file) == 0);
  REQUIRE(file.close() == 0);
  CHECK(count(world, "Other") == 1);
  CHECK(tests::rename(world, "/Other", ".a.tmp", "1.eml") == 0);
  world.mail().sync(nobody);
  REQUIRE(count(world, "Other") == 1);
  CHECK(world.server().messages("Other")[0].mail.octets == mails(2)[1].octets);
  CHECK(world.server().count("APPEND") == 0);
  CHECK(world.stat("/Other/1.eml").ino == file.ino());
}

TEST_CASE("a copy that the server refuses is the error of close and stays a file", "[fs][copies]") {
  World world{{{"INBOX", mails(2)}, {"Other", {}}}};
  fs::NoInterrupt nobody;
  Writing file(world, "/Other", "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  world.server().refuse("UID COPY", "NO [OVERQUOTA] full", 1);
  CHECK(file.close() == EDQUOT);
  CHECK(world.list("/Other") == Names{"a.eml"});
  CHECK(world.read("/Other/a.eml") == mails(1)[0].octets);
  SECTION("which can be stored later") {
    world.filesystem().synchronise(file.ino(), nobody);
    CHECK(count(world, "Other") == 1);
  }
  SECTION("which can be removed") {
    world.filesystem().unlink({world.ino("/Other"), "a.eml"}, nobody);
    CHECK(world.list("/Other").empty());
    CHECK(count(world, "Other") == 0);
  }
  SECTION("of which nothing is kept at the end, because the message is there") {
    CHECK(world.filesystem().rescue_drafts().size() == 1);
    CHECK_FALSE(std::filesystem::exists(world.lost() / "Other/a.eml"));
  }
}

TEST_CASE("a message is copied once when the connection broke before the answer",
          "[fs][copies][faults]") {
  const bool uidplus = GENERATE(true, false);
  const bool within = GENERATE(true, false);
  World world{{{"INBOX", mails(3)}, {"Other", mails(3)}},
              uidplus ? WorldOptions{} : without_uidplus()};
  const std::string target = within ? "INBOX" : "Other";
  world.list("/INBOX");
  world.list("/Other");
  world.server().cut("UID COPY", 0);
  Writing file(world, "/" + target, "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  CHECK(file.close() == 0);
  CHECK(count(world, target) == 4);
  CHECK(world.stat("/" + target + "/4.eml").ino == file.ino());
  CHECK(world.server().count("UID COPY") == 1);
}

TEST_CASE("a copy of which nothing came is made by the next close at the earliest",
          "[fs][copies][faults]") {
  World world{{{"INBOX", mails(3)}, {"Other", mails(3)}}};
  fs::NoInterrupt nobody;
  world.server().cut_unheard("UID COPY");
  Writing file(world, "/Other", "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  CHECK(file.close() == EIO);
  CHECK(count(world, "Other") == 3);
  world.filesystem().synchronise(file.ino(), nobody);
  CHECK(count(world, "Other") == 4);
}

TEST_CASE("a message that is gone cannot be copied", "[fs][copies][faults]") {
  const bool uidplus = GENERATE(true, false);
  World world{{{"INBOX", mails(3)}, {"Other", {}}}, uidplus ? WorldOptions{} : without_uidplus()};
  world.list("/INBOX");
  Writing file(world, "/Other", "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  world.other_client().expunge("INBOX", imap::Uid{1});
  CHECK(file.close() == ESTALE);
  CHECK(count(world, "Other") == 0);
}

TEST_CASE("a server that says that it has copied and has not is not believed",
          "[fs][copies][faults]") {
  World world{{{"INBOX", mails(3)}, {"Other", {}}}, without_uidplus()};
  Writing file(world, "/Other", "a.eml");
  REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
  world.server().refuse("UID COPY", "OK copied", 1);
  CHECK(file.close() == EIO);
  CHECK(world.list("/Other") == Names{"a.eml"});
}

TEST_CASE("a server that has each message in a folder once makes no copy of it", "[fs][copies]") {
  World world{{{"INBOX", mails(3)}, {"Other", mails(2)}}};
  world.list("/INBOX");
  world.list("/Other");
  const auto before = world.read("/INBOX/1.eml");
  const auto validity = [&](const std::string& name) {
    return world.cache().read([&](const cache::View& view) {
      return view.mailbox(world.mail().folders()->find_wire(name)->id)->uid_validity;
    });
  };
  SECTION("into its own folder") {
    world.server().refuse("UID COPY",
                          "OK [COPYUID " + std::to_string(validity("INBOX")) + " 1 1] merged", 1);
    Writing file(world, "/INBOX", "a.eml");
    REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
    CHECK(file.close() == EEXIST);
    CHECK(world.read("/INBOX/1.eml") == before);
  }
  SECTION("into one where it is already") {
    const auto known = world.read("/Other/2.eml");
    world.server().refuse("UID COPY",
                          "OK [COPYUID " + std::to_string(validity("Other")) + " 1 2] merged", 1);
    Writing file(world, "/Other", "a.eml");
    REQUIRE(copy(world, "/INBOX/1.eml", file) == 0);
    REQUIRE(file.close() == 0);
    CHECK(world.list("/Other") == Names{"a.eml", "1.eml"});
    CHECK(world.read("/Other/a.eml") == known);
    CHECK(world.read("/Other/2.eml") == known);
  }
}
