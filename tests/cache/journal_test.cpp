#include "cache/journal.h"

#include "tests/support/catch.h"
#include "tests/support/temporary_directory.h"

#include <fstream>

namespace {

using namespace cache;

ChangeRow a_move() {
  ChangeRow row;
  row.kind = ChangeRow::Kind::move;
  row.stage = ChangeRow::Stage::copying;
  row.message = {"INBOX", 17, 42};
  row.time = 1'795'000'000;
  row.target = "Entw&APw-rfe";
  row.name = "a name.eml";
  row.target_validity = 99;
  row.target_uid_next = 7;
  row.message_id = "<1@example.org>";
  row.subject = "about";
  row.internal_date = -1;
  row.size = 5'000'000'000;
  return row;
}

ChangeRow new_flags() {
  ChangeRow row;
  row.message = {"Archive", 1, 4'294'967'295};
  row.add = 3;
  row.remove = 8;
  row.add_keywords = {"$Forwarded", "work"};
  row.remove_keywords = {""};
  return row;
}

LetterRow a_letter() {
  return {"Archive", 17, 45, "new.eml", -1, "Subject: new\n\n" + std::string(100'000, 'x')};
}

}  // namespace

TEST_CASE("what was put into the journal is there after it was opened again", "[cache][journal]") {
  const TemporaryDirectory directory;
  RecordId moved;
  {
    const auto journal = Journal::open(directory.path());
    CHECK(journal->notice().empty());
    moved = journal->add(a_move());
    journal->add(new_flags());
    journal->add(AliasRow{{"INBOX", 17, 43}, "x.eml", false});
    journal->add(MarkRow{{"INBOX", 17, 44}});
    journal->add(a_letter());
  }
  const auto journal = Journal::open(directory.path());
  CHECK(journal->notice().empty());
  const auto changes = journal->all<ChangeRow>();
  REQUIRE(changes.size() == 2);
  CHECK(changes[0] == Record<ChangeRow>{moved, a_move()});
  CHECK(changes[1].second == new_flags());
  CHECK(journal->all<AliasRow>().at(0).second == AliasRow{{"INBOX", 17, 43}, "x.eml", false});
  CHECK(journal->all<MarkRow>().at(0).second == MarkRow{{"INBOX", 17, 44}});
  CHECK(journal->all<LetterRow>().at(0).second == a_letter());
}

TEST_CASE("records of the journal are replaced and erased", "[cache][journal]") {
  const TemporaryDirectory directory;
  const auto journal = Journal::open(directory.path());
  const auto first = journal->add(a_move());
  const auto second = journal->add(new_flags());
  auto further = a_move();
  further.stage = ChangeRow::Stage::copied;
  journal->put(first, further);
  CHECK(journal->all<ChangeRow>().at(0).second == further);
  journal->erase<ChangeRow>({first, RecordId{1000}});
  const auto left = journal->all<ChangeRow>();
  REQUIRE(left.size() == 1);
  CHECK(left[0].first == second);
}

TEST_CASE("a number in the journal is not given to another record", "[cache][journal]") {
  const TemporaryDirectory directory;
  const auto first = Journal::open(directory.path())->add(a_move());
  const auto journal = Journal::open(directory.path());
  CHECK(journal->add(AliasRow{{"INBOX", 1, 1}, "x", true}) > first);
  CHECK(journal->add(a_move()) > first);
}

TEST_CASE("the journal is for one process at a time", "[cache][journal]") {
  const TemporaryDirectory directory;
  const auto journal = Journal::open(directory.path(), "a test");
  CHECK_THROWS_AS(Journal::open(directory.path()), LockedError);
}

TEST_CASE("a damaged journal is put aside", "[cache][journal][damage]") {
  const TemporaryDirectory directory;
  Journal::open(directory.path())->add(a_move());
  const auto file = directory.path() / "data.mdb";
  std::ofstream(file, std::ios::trunc) << "this is no database";
  const auto journal = Journal::open(directory.path());
  CHECK(journal->notice().find("damaged.mdb") != std::string::npos);
  CHECK(journal->all<ChangeRow>().empty());
  CHECK(std::filesystem::exists(directory.path() / "damaged.mdb"));
  journal->add(new_flags());
  CHECK(journal->all<ChangeRow>().size() == 1);
}

TEST_CASE("a damaged record of the journal is lost alone", "[cache][journal][damage]") {
  const TemporaryDirectory directory;
  {
    const auto journal = Journal::open(directory.path());
    journal->add(a_move());
    journal->add(new_flags());
  }
  const auto file = directory.path() / "data.mdb";
  std::string content(std::filesystem::file_size(file), '\0');
  std::ifstream(file, std::ios::binary)
      .read(content.data(), static_cast<std::streamsize>(content.size()));
  for (auto at = content.find("a name.eml"); at != std::string::npos;
       at = content.find("a name.eml", at)) {
    content[at] = 'X';
  }
  std::ofstream(file, std::ios::binary) << content;
  const auto journal = Journal::open(directory.path());
  const auto left = journal->all<ChangeRow>();
  REQUIRE(left.size() == 1);
  CHECK(left[0].second == new_flags());
  CHECK(journal->notice().find("lost: 1") != std::string::npos);
  CHECK(journal->all<ChangeRow>().size() == 1);
}

TEST_CASE("rows of the journal that are cut anywhere are damaged", "[cache][journal][damage]") {
  const auto whole = encode(a_move());
  for (std::size_t size = 0; size < whole.bytes().size(); ++size) {
    ChangeRow row;
    CHECK_THROWS_AS(decode(whole.bytes().first(size), row), CorruptError);
  }
  ChangeRow row;
  decode(whole.bytes(), row);
  CHECK(row == a_move());
}
