#include "tests/fs/cli/forked.h"
#include "tests/support/catch.h"

#include <utility>
#include <vector>

namespace {

struct Run {
  int exit_code = 0;
  std::string output;
  std::string errors;
};

Run imapfs(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), IMAPFS_STUB);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  Pipe output;
  const auto outcome = forked([&] {
    dup2(output.writer.get(), STDOUT_FILENO);
    execv(IMAPFS_STUB, pointers.data());
    return 98;
  });
  return {outcome.exit_code, output.drain(), outcome.errors};
}

}  // namespace

TEST_CASE("the program's exit code and its one line of error", "[fs][cli][main]") {
  const std::string source = "imaps://alice@h";
  const std::pair<std::vector<std::string>, Run> runs[] = {
      {{"mount", source, "/mnt"}, {0, "mount imaps://alice@h\n", ""}},
      {{"mount", source, "/fail"}, {1, "mount imaps://alice@h\n", ""}},
      {{"mount", source, "/throw"}, {1, "", "imapfs: no such\\nserver\n"}},
      {{}, {2, "", "imapfs: a command is missing: see imapfs help\n"}},
      {{"mount", source}, {2, "", "imapfs: mount needs a MOUNTPOINT after SOURCE\n"}},
      {{"mount", "--tls"}, {2, "", "imapfs: --tls: 1 required MODE missing\n"}},
      {{"umount", "/nonexistent"}, {1, "", "imapfs: /nonexistent does not exist\n"}}};
  for (const auto& [arguments, expected] : runs) {
    const auto run = imapfs(arguments);
    CHECK(run.exit_code == expected.exit_code);
    CHECK(run.output == expected.output);
    CHECK(run.errors == expected.errors);
  }
}

TEST_CASE("version and help are printed to standard output", "[fs][cli][main]") {
  const auto version = imapfs({"--version"});
  CHECK(version.exit_code == 0);
  CHECK(version.output.starts_with("imapfs 0.1.0\nbuilt with libfuse 3."));
  CHECK(version.errors.empty());
  const auto help = imapfs({"help", "umount"});
  CHECK(help.exit_code == 0);
  CHECK(help.output.find("Usage: imapfs umount MOUNTPOINT\n") != std::string::npos);
}
