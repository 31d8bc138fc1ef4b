// The octets of messages: the same as the server's, and no more often fetched than needed.

#include "tests/support/catch.h"
#include "tests/support/world.h"

#include <cerrno>

using imap::Uid;
using tests::mail;
using tests::mail_of_size;
using tests::mails;
using tests::Names;
using tests::World;
using tests::WorldOptions;

namespace {

constexpr std::uint64_t kChunk = 128 * 1024;
constexpr auto kBody = "BODY.PEEK[]";

WorldOptions impatient() {
  WorldOptions options;
  options.mail.timeout = std::chrono::milliseconds(150);
  return options;
}

}  // namespace

TEST_CASE("a message is read as the server has it", "[fs][bodies]") {
  const auto large = mail_of_size("large", 3 * kChunk + 17);
  const auto even = mail_of_size("even", 2 * kChunk);
  World world{{{"INBOX", {mail("small"), large, even}}}};
  CHECK(world.read("/INBOX/1.eml") == mail("small").octets);
  CHECK((world.read("/INBOX/2.eml") == large.octets));
  CHECK((world.read("/INBOX/3.eml") == even.octets));
  CHECK((world.read("/INBOX/2.eml") == large.octets));
  CHECK(world.server().count(kBody) == 3);
}

TEST_CASE("a message of no octets is an empty file", "[fs][bodies]") {
  World world{{{"INBOX", {{""}}}}};
  CHECK(world.read("/INBOX/1.eml").empty());
  CHECK(world.read("/INBOX/1.eml").empty());
  CHECK(world.stat("/INBOX/1.eml").size == 0);
}

TEST_CASE("a read beyond the end gives nothing", "[fs][bodies]") {
  World world{{{"INBOX", mails(1)}}};
  const auto file = world.ino("/INBOX/1.eml");
  const auto size = mails(1)[0].octets.size();
  for (int warm = 0; warm < 2; ++warm) {
    CHECK(world.read(file, size, 10).text.empty());
    CHECK(world.read(file, size + 5 * kChunk, 10).text.empty());
    CHECK(world.read(file, size - 3, 10).text == mails(1)[0].octets.substr(size - 3));
  }
}

TEST_CASE("a body that was read stays cached over a restart", "[fs][bodies]") {
  World world{{{"INBOX", {mail_of_size("large", 2 * kChunk + 5)}}}};
  const auto octets = world.read("/INBOX/1.eml");
  world.restart();
  world.server().forget_log();
  CHECK((world.read("/INBOX/1.eml") == octets));
  CHECK(world.server().count("UID FETCH") == 0);
}

TEST_CASE("32 readers of a message that is not cached cost one FETCH", "[fs][bodies]") {
  const auto large = mail_of_size("large", 2 * kChunk + 5);
  World world{{{"INBOX", {large}}}};
  const auto file = world.ino("/INBOX/1.eml");
  auto held = world.server().hold(kBody, 0, kChunk);
  std::vector<std::future<tests::Octets>> readers;
  for (std::uint64_t i = 0; i < 32; ++i) {
    readers.push_back(
        tests::in_background([&world, file, i] { return world.read(file, i * 8192, 8192); }));
  }
  REQUIRE(held.wait_reached());
  held.release();
  for (std::uint64_t i = 0; i < 32; ++i) {
    REQUIRE(tests::ends(readers[i]));
    CHECK((readers[i].get().text == large.octets.substr(i * 8192, 8192)));
  }
  CHECK(world.server().count(kBody) == 1);
}

TEST_CASE("a reader waits for its own range only", "[fs][bodies]") {
  const auto large = mail_of_size("large", 4 * kChunk);
  World world{{{"INBOX", {large}}}};
  const auto file = world.ino("/INBOX/1.eml");
  auto held = world.server().hold(kBody, 0, 2 * kChunk + 5000);
  const auto across = world.read(file, kChunk - 100, 200);
  CHECK((across.text == large.octets.substr(kChunk - 100, 200)));
  CHECK((world.read(file, 2 * kChunk - 7, 1000).text == large.octets.substr(2 * kChunk - 7, 1000)));
  CHECK((world.read(file, 0, kChunk + 1).text == large.octets.substr(0, kChunk + 1)));
  CHECK(world.stat(file).size == large.octets.size());
  auto rest = tests::in_background([&] { return world.read(file, 3 * kChunk - 1, kChunk); });
  CHECK(tests::is_running(rest));
  held.release();
  REQUIRE(tests::ends(rest));
  CHECK((rest.get().text == large.octets.substr(3 * kChunk - 1, kChunk)));
  CHECK(world.server().count(kBody) == 1);
}

TEST_CASE("a size that the server got wrong is put right", "[fs][bodies]") {
  World world{{{"INBOX", {mail("smaller"), mail("larger"), mail("missing"), mail("right")}}}};
  world.server().misbehave([](auto& faults) {
    faults.announced_size = [](Uid uid, std::uint64_t size) -> std::optional<std::uint64_t> {
      if (uid == Uid{1}) return size - 50;
      if (uid == Uid{2}) return size + 50;
      if (uid == Uid{3}) return std::nullopt;
      return size;
    };
  });
  world.list("/INBOX");
  const auto true_size = [](const char* subject) {
    return mail(subject).octets.size();
  };
  CHECK(world.stat("/INBOX/1.eml").size == true_size("smaller") - 50);
  CHECK(world.stat("/INBOX/2.eml").size == true_size("larger") + 50);
  CHECK(world.stat("/INBOX/3.eml").size == true_size("missing"));  // fetched to find out

  const auto first = world.read(world.ino("/INBOX/1.eml"), 0, kChunk);
  CHECK(first.text == mail("smaller").octets);
  CHECK(first.has_grown);
  const auto second = world.read(world.ino("/INBOX/2.eml"), 0, kChunk);
  CHECK(second.text == mail("larger").octets);
  CHECK_FALSE(second.has_grown);
  CHECK_FALSE(world.read(world.ino("/INBOX/4.eml"), 0, kChunk).has_grown);
  CHECK(world.stat("/INBOX/1.eml").size == true_size("smaller"));
  CHECK(world.stat("/INBOX/2.eml").size == true_size("larger"));

  world.restart();
  CHECK(world.stat("/INBOX/1.eml").size == true_size("smaller"));
}

TEST_CASE("a UID behind the literal is as good as one before it", "[fs][bodies]") {
  const auto large = mail_of_size("large", 2 * kChunk + 5);
  World world{{{"INBOX", {mail("one"), large}}}};
  world.server().misbehave([](auto& faults) { faults.uid_last = true; });
  CHECK(world.list("/INBOX") == Names{"2.eml", "1.eml"});
  CHECK((world.read("/INBOX/2.eml") == large.octets));
  CHECK(world.read("/INBOX/1.eml") == mail("one").octets);
}

TEST_CASE("a message that was expunged meanwhile is stale and leaves the listing", "[fs][bodies]") {
  World world{{{"INBOX", mails(3)}}};
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/2.eml");
  world.other_client().expunge("INBOX", Uid{2});
  CHECK(tests::error_of([&] { world.read(file, 0, 10); }) == ESTALE);
  CHECK(tests::eventually([&] { return world.list("/INBOX") == Names{"3.eml", "1.eml"}; }));
  CHECK(tests::error_of([&] { world.stat(file); }) == ESTALE);
}

TEST_CASE("a message of a folder that has gone is stale, and so is the folder", "[fs][bodies]") {
  World world{{{"INBOX"}, {"Work", mails(2)}}};
  const auto folder = world.ino("/Work");
  const auto file = world.ino("/Work/1.eml");
  world.other_client().remove("Work");
  CHECK(tests::error_of([&] { world.read(file, 0, 10); }) == ESTALE);
  CHECK(tests::eventually([&] { return tests::error_of([&] { world.stat(folder); }) == ESTALE; }));
}

TEST_CASE("a message of a folder that is closed to us cannot be read", "[fs][bodies]") {
  World world{{{"Work", mails(2)}}};
  const auto file = world.ino("/Work/1.eml");
  world.server().drop_connections();
  world.server().refuse("EXAMINE", "NO you may not");
  CHECK(tests::error_of([&] { world.read(file, 0, 10); }) == EIO);
}

TEST_CASE("a message that the server finds but does not hand out is an error, not gone",
          "[fs][bodies]") {
  World world{{{"INBOX", mails(3)}}};
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/2.eml");
  world.server().leave_out(kBody, "INBOX", Uid{2}, 4);
  CHECK(tests::error_of([&] { world.read(file, 0, 10); }) == EIO);
  CHECK(tests::error_of([&] { world.read(file, 0, 10); }) == EIO);
  CHECK(world.list("/INBOX") == Names{"3.eml", "2.eml", "1.eml"});
  CHECK(world.read(file, 0, kChunk).text == mail("message 2").octets);
}

TEST_CASE("the response code of a refusal is the reason that programs see", "[fs][bodies]") {
  World world{{{"INBOX", mails(3)}}};
  world.list("/INBOX");
  world.server().refuse(kBody, "NO [UNAVAILABLE] try later", 1);
  CHECK(tests::error_of([&] { world.read("/INBOX/2.eml"); }) == EAGAIN);
  CHECK(world.read("/INBOX/2.eml") == mail("message 2").octets);
}

TEST_CASE("a connection that is cut in mid-body costs time, not correctness", "[fs][bodies]") {
  const auto large = mail_of_size("large", 4 * kChunk);
  for (const std::uint64_t after :
       {std::uint64_t{0}, std::uint64_t{40}, std::uint64_t{100}, kChunk + 50, 4 * kChunk + 20}) {
    WorldOptions options;
    options.connections = 1;
    World world{{{"INBOX", {large}}}, options};
    world.list("/INBOX");
    world.server().cut(kBody, after);
    CHECK((world.read("/INBOX/1.eml") == large.octets));
    CHECK(world.server().count(kBody) == 2);
  }
}

TEST_CASE("after two cuts the reader hears of it and the next one is served", "[fs][bodies]") {
  const auto large = mail_of_size("large", 4 * kChunk);
  WorldOptions options;
  options.connections = 1;
  World world{{{"INBOX", {large}}}, options};
  world.list("/INBOX");
  world.server().cut(kBody, kChunk - 1);
  world.server().cut(kBody, kChunk / 2);
  CHECK(tests::error_of([&] { world.read("/INBOX/1.eml"); }) == ENETUNREACH);
  CHECK((world.read("/INBOX/1.eml") == large.octets));
}

TEST_CASE("a silent server costs a reader its patience and no more", "[fs][bodies]") {
  World world{{{"INBOX", {mail_of_size("large", 4 * kChunk)}}}, impatient()};
  world.list("/INBOX");
  const auto file = world.ino("/INBOX/1.eml");
  {
    const auto held = world.server().hold(kBody, 0, kChunk);
    CHECK(tests::error_of([&] { world.read(file, 3 * kChunk, 10); }) == ETIMEDOUT);
  }
  CHECK(tests::eventually(
      [&] { return tests::error_of([&] { world.read(file, 3 * kChunk, 10); }) == 0; }));
}

TEST_CASE("a reader can be interrupted while its message arrives", "[fs][bodies]") {
  World world{{{"INBOX", {mail_of_size("large", 4 * kChunk)}}}};
  const auto file = world.ino("/INBOX/1.eml");
  auto held = world.server().hold(kBody, 0, kChunk);
  tests::Interruption interruption;
  auto reader =
      tests::in_background([&] { return world.read(file, 3 * kChunk, 10, &interruption); });
  REQUIRE(held.wait_reached());
  interruption.trigger();
  REQUIRE(tests::ends(reader));
  CHECK(tests::error_of([&] { reader.get(); }) == EINTR);
  held.release();
  CHECK(world.read(file, 3 * kChunk, 10).text.size() == 10);
  CHECK(world.server().count(kBody) == 1);
}

TEST_CASE("a cache that is full serves from memory and downloads once", "[fs][bodies]") {
  const auto large = mail_of_size("large", 3'000'000);
  WorldOptions options;
  options.map_size = std::uint64_t{1} << 20U;
  World world{{{"INBOX", {large, mail("small")}}}, options};
  world.list("/INBOX");
  CHECK((world.read("/INBOX/1.eml") == large.octets));
  CHECK((world.read("/INBOX/1.eml") == large.octets));
  CHECK(world.read("/INBOX/2.eml") == mail("small").octets);
  CHECK(world.server().count(kBody) == 2);
}

TEST_CASE("a body larger than the cache may grow is read all the same", "[fs][bodies]") {
  const auto large = mail_of_size("large", 3'000'000);
  WorldOptions options;
  options.body_limit = 100'000;
  World world{{{"INBOX", {large, mail("a"), mail("b")}}}, options};
  CHECK((world.read("/INBOX/1.eml") == large.octets));
  CHECK(world.read("/INBOX/2.eml") == mail("a").octets);
  CHECK((world.read("/INBOX/1.eml") == large.octets));
}

TEST_CASE("nothing but BODY.PEEK and EXAMINE touches a mailbox", "[fs][bodies]") {
  World world{{{"INBOX", mails(40)}, {"Work", mails(3)}}};
  for (const auto& name : world.list("/INBOX")) world.read("/INBOX/" + name);
  world.list("/Work");
  world.read("/Work/1.eml");
  for (const auto& command : world.server().log()) {
    const bool harmless = command.starts_with("CAPABILITY") ||
                          command.starts_with("AUTHENTICATE") || command.starts_with("ID ") ||
                          command.starts_with("NAMESPACE") || command.starts_with("LIST ") ||
                          command.starts_with("EXAMINE ") || command.starts_with("UID SEARCH ") ||
                          command.starts_with("UID FETCH ");
    CHECK((harmless));
    CHECK(command.find("BODY[") == std::string::npos);
    CHECK(command.find("RFC822 ") == std::string::npos);
  }
}

TEST_CASE("a mount may end while bodies are on their way into the cache", "[fs][bodies]") {
  for (int i = 0; i < 10; ++i) {
    World world{{{"INBOX", {mail_of_size("large", 20 * kChunk), mail_of_size("other", kChunk)}}}};
    const auto first = world.ino("/INBOX/1.eml");
    world.read(world.ino("/INBOX/2.eml"), 0, 10);
    world.read(first, 0, 10);
  }
}
