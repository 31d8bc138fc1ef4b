#include "cache/journal_rows.h"

namespace cache {
namespace {

constexpr std::uint8_t kVersion = 1;

void write(RowWriter& writer, const MessageName& message) {
  writer.text(message.mailbox);
  writer.number(message.uid_validity);
  writer.number(message.uid);
}

MessageName read_message(RowReader& reader) {
  MessageName message;
  message.mailbox = reader.text();
  message.uid_validity = reader.number();
  message.uid = reader.number<std::uint32_t>();
  return message;
}

void write(RowWriter& writer, const std::vector<std::string>& texts) {
  writer.number(texts.size());
  for (const auto& text : texts) writer.text(text);
}

std::vector<std::string> read_texts(RowReader& reader) {
  std::vector<std::string> texts(reader.count());
  for (auto& text : texts) text = reader.text();
  return texts;
}

template <class Enum>
Enum read_enum(RowReader& reader, Enum first, Enum last) {
  const auto value = reader.number<std::uint8_t>();
  if (value < static_cast<std::uint8_t>(first) || value > static_cast<std::uint8_t>(last)) {
    throw CorruptError("a row names a kind that there is not");
  }
  return static_cast<Enum>(value);
}

}  // namespace

RowWriter encode(const ChangeRow& row) {
  RowWriter writer(kVersion);
  writer.number(static_cast<std::uint8_t>(row.kind));
  writer.number(static_cast<std::uint8_t>(row.stage));
  write(writer, row.message);
  writer.signed_number(row.time);
  writer.number(row.add);
  writer.number(row.remove);
  write(writer, row.add_keywords);
  write(writer, row.remove_keywords);
  writer.text(row.target);
  writer.text(row.name);
  writer.number(row.target_validity);
  writer.number(row.target_uid_next);
  writer.text(row.message_id);
  writer.text(row.subject);
  writer.signed_number(row.internal_date);
  writer.number(row.size);
  return writer;
}

void decode(Bytes bytes, ChangeRow& row) {
  RowReader reader(bytes, kVersion);
  row.kind = read_enum(reader, ChangeRow::Kind::flags, ChangeRow::Kind::move);
  row.stage = read_enum(reader, ChangeRow::Stage::queued, ChangeRow::Stage::copied);
  row.message = read_message(reader);
  row.time = reader.signed_number();
  row.add = reader.number<std::uint32_t>();
  row.remove = reader.number<std::uint32_t>();
  row.add_keywords = read_texts(reader);
  row.remove_keywords = read_texts(reader);
  row.target = reader.text();
  row.name = reader.text();
  row.target_validity = reader.number();
  row.target_uid_next = reader.number<std::uint32_t>();
  row.message_id = reader.text();
  row.subject = reader.text();
  row.internal_date = reader.signed_number();
  row.size = reader.number();
  reader.end();
}

RowWriter encode(const AliasRow& row) {
  RowWriter writer(kVersion);
  write(writer, row.message);
  writer.text(row.name);
  writer.flag(row.shown);
  return writer;
}

void decode(Bytes bytes, AliasRow& row) {
  RowReader reader(bytes, kVersion);
  row.message = read_message(reader);
  row.name = reader.text();
  row.shown = reader.flag();
  reader.end();
}

RowWriter encode(const MarkRow& row) {
  RowWriter writer(kVersion);
  write(writer, row.message);
  return writer;
}

void decode(Bytes bytes, MarkRow& row) {
  RowReader reader(bytes, kVersion);
  row.message = read_message(reader);
  reader.end();
}

RowWriter encode(const LetterRow& row) {
  RowWriter writer(kVersion);
  writer.text(row.mailbox);
  writer.number(row.uid_validity);
  writer.number(row.from_uid);
  writer.text(row.name);
  writer.signed_number(row.time);
  writer.text(row.octets);
  return writer;
}

void decode(Bytes bytes, LetterRow& row) {
  RowReader reader(bytes, kVersion);
  row.mailbox = reader.text();
  row.uid_validity = reader.number();
  row.from_uid = reader.number<std::uint32_t>();
  row.name = reader.text();
  row.time = reader.signed_number();
  row.octets = reader.text();
  reader.end();
}

}  // namespace cache
