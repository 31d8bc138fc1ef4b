#include "fs/cli/credentials.h"

#include "fs/cli/password_buffer.h"
#include "fs/cli/password_command.h"
#include "fs/cli/password_file.h"
#include "tests/fs/cli/forked.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <sys/stat.h>

#include <utility>

namespace {

using fs::password_from_command;
using fs::password_from_file;

template <class Function>
std::string failure(Function function) {
  try {
    function();
  } catch (const fs::CredentialsError& error) {
    return error.what();
  }
  return "none";
}

std::string command_failure(const std::string& command) {
  return failure([&] { password_from_command(command); });
}

std::string file_failure(const std::filesystem::path& path) {
  const auto message = failure([&] { password_from_file(path); });
  CHECK(message.find("hunter2") == std::string::npos);
  return message;
}

}  // namespace

TEST_CASE("the first line of a command is the password", "[fs][cli][credentials]") {
  const std::pair<const char*, const char*> good[] = {{"echo hunter2", "hunter2"},
                                                      {"printf hunter2", "hunter2"},
                                                      {"printf 'hunter2\\r\\n'", "hunter2"},
                                                      {"printf ' a b \\nuser: alice\\n'", " a b "},
                                                      {"printf 'gr\\303\\274n\\n'", "grün"},
                                                      {"cat; echo no input", "no input"},
                                                      {"printf hun; printf ter2", "hunter2"},
                                                      {"echo x; exec >&-; true", "x"}};
  for (const auto& [command, password] : good) {
    INFO(command);
    CHECK(password_from_command(command).reveal() == password);
  }
  const std::string longest(10'000, 'x');
  CHECK(password_from_command("echo " + longest).reveal() == longest);
}

TEST_CASE("a command that gives no password is told apart by its reason",
          "[fs][cli][credentials]") {
  const std::pair<const char*, const char*> bad[] = {
      {"echo hunter2; exit 3", "the password command failed with exit code 3"},
      {"echo hunter2; kill -9 $$", "the password command failed with exit code 137"},
      {"/nonexistent/program 2>/dev/null", "the password command failed with exit code 127"},
      {"true", "the password command gave an empty line"},
      {"echo", "the password command gave an empty line"},
      {"printf '\\r\\nx'", "the password command gave an empty line"},
      {"printf 'hun\\000ter2\\n'", "the password command gave a text with a NUL character"},
      {"yes hunter2", "the password command wrote too much"},
      {"head -c 1000000 /dev/zero", "the password command wrote too much"}};
  for (const auto& [command, message] : bad) {
    INFO(command);
    CHECK(command_failure(command) == message);
  }
}

TEST_CASE("a command that hangs is killed with all that it started", "[fs][cli][credentials]") {
  for (const auto* command : {"echo hunter2; sleep 1000", "sleep 1000 & echo hunter2; wait",
                              "exec >/dev/null; sleep 1000", "trap '' TERM INT; sleep 1000"}) {
    INFO(command);
    Pipe alive;  // inherited by everything that the command starts
    REQUIRE(fcntl(alive.writer.get(), F_SETFD, 0) == 0);
    CHECK(failure([&] { password_from_command(command, std::chrono::milliseconds{200}); }) ==
          "the password command did not end within 0.2 seconds");
    CHECK(alive.drain().empty());  // ends when the last of them is gone
  }
}

TEST_CASE("what a command leaves running does not hold the password up", "[fs][cli][credentials]") {
  Pipe stop;
  REQUIRE(fcntl(stop.reader.get(), F_SETFD, 0) == 0);
  const auto command = "cat <&" + std::to_string(stop.reader.get()) + " & echo hunter2";
  CHECK(password_from_command(command).reveal() == "hunter2");
}

TEST_CASE("the first line of a private file is the password", "[fs][cli][credentials]") {
  const TemporaryDirectory directory;
  CHECK(password_from_file(directory.file("a", "hunter2\n", 0600)).reveal() == "hunter2");
  CHECK(password_from_file(directory.file("b", "hunter2", 0400)).reveal() == "hunter2");
  CHECK(password_from_file(directory.file("c", " x \r\nrest", 0700)).reveal() == " x ");
  const auto longest = std::string(10'000, 'x');
  CHECK(password_from_file(directory.file("d", longest, 0600)).reveal() == longest);
  std::filesystem::create_symlink("a", directory.path() / "link");
  CHECK(password_from_file(directory.path() / "link").reveal() == "hunter2");
}

TEST_CASE("a password file that others might read is refused", "[fs][cli][credentials]") {
  const TemporaryDirectory directory;
  for (const auto mode : {0640U, 0604U, 0644U, 0620U, 0602U, 0610U, 0601U}) {
    const auto path = directory.file("p", "hunter2\n", mode);
    CHECK(file_failure(path) ==
          "password file " + path.string() + " is open to group or others: chmod 600 it");
  }
}

TEST_CASE("a password file that is none is refused", "[fs][cli][credentials]") {
  const TemporaryDirectory directory;
  const auto name = [&](const char* file) {
    return (directory.path() / file).string();
  };
  CHECK(file_failure(name("none")) ==
        "password file " + name("none") + " cannot be opened: No such file or directory");
  std::filesystem::create_directory_symlink("/", name("link"));
  CHECK(file_failure(name("link")) == "password file " + name("link") + " is not a regular file");
  REQUIRE(mkfifo(name("fifo").c_str(), 0600) == 0);
  CHECK(file_failure(name("fifo")) == "password file " + name("fifo") + " is not a regular file");
  CHECK(file_failure("/dev/null") == "password file /dev/null is not a regular file");
  CHECK(file_failure(directory.file("empty", "\nhunter2\n", 0600)) ==
        "password file " + name("empty") + " gave an empty line");
  CHECK(file_failure(directory.file("nul", std::string_view("hun\0ter2", 8), 0600)) ==
        "password file " + name("nul") + " gave a text with a NUL character");
  const std::string huge(fs::PasswordBuffer::kCapacity + 1, 'x');
  CHECK(file_failure(directory.file("huge", huge, 0600)) ==
        "password file " + name("huge") + " has no password: its first line is too long");
}

TEST_CASE("a password file of another user is refused", "[fs][cli][credentials]") {
  if (geteuid() != 0) {
    WARN("skipped: only root can give files away");
    return;
  }
  const TemporaryDirectory directory;
  const auto path = directory.file("p", "hunter2\n", 0600);
  REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
  CHECK(file_failure(path) == "password file " + path.string() + " belongs to another user");
}

TEST_CASE("the options choose where the password is from", "[fs][cli][credentials]") {
  const TemporaryDirectory directory;
  fs::MountOptions options;
  options.password_command = "echo of the command";
  CHECK(obtain_password(options, "? ").reveal() == "of the command");
  options.password_command.clear();
  options.password_file = directory.file("p", "of the file", 0600);
  CHECK(obtain_password(options, "? ").reveal() == "of the file");
}
