#include "services/cli/csv.h"

namespace pennypost::cli {

absl::StatusOr<std::vector<CsvRecord>> ParseCsv(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvRecord> records;
  CsvRecord record{1, {}};
  std::string field;
  bool quoted = false, was_quoted = false;
  int line = 1, quote_line = 0;
  auto end_record = [&] {
    record.fields.push_back(std::move(field));
    field.clear();
    // An empty line is no record.
    bool empty = record.fields.size() == 1 && record.fields[0].empty();
    if (!empty) records.push_back(std::move(record));
    record = {line, {}};
    was_quoted = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field.push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field.push_back('"');
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty() && !was_quoted) {
      quoted = was_quoted = true;
      quote_line = line;
    } else if (c == '"' || (was_quoted && c != ',' && c != '\r' && c != '\n')) {
      return SyntaxError(fmt::format("line {}: a quote in the middle of a field", line));
    } else if (c == ',') {
      record.fields.push_back(std::move(field));
      field.clear();
      was_quoted = false;
    } else if (c == '\n') {
      end_record();
    } else if (c != '\r') {
      field.push_back(c);
    }
  }
  if (quoted) return SyntaxError(fmt::format("line {}: a quoted field has no end", quote_line));
  if (!field.empty() || !record.fields.empty()) end_record();
  return records;
}

}  // namespace pennypost::cli
