#include "mime/parameters.h"

#include <gtest/gtest.h>

namespace pennypost::mime {
namespace {

std::string Show(std::string_view field) {
  ParameterizedValue parsed = ParseParameterized(field);
  std::string out = parsed.value;
  for (const Param& param : parsed.params) out += "|" + param.name + "=" + param.value;
  return out;
}

TEST(Parameters, ReadsEveryForm) {
  struct Row {
    std::string_view field;
    std::string_view expected;
  } rows[] = {
      {" Text/Plain; Charset=UTF-8", "text/plain|charset=UTF-8"},
      {"text / plain ;\r\n\tcharset = \"us ascii\"", "text/plain|charset=us ascii"},
      {"text/plain (a comment; x=y); a=b", "text/plain|a=b"},
      {"multipart/mixed; boundary==_part=1", "multipart/mixed|boundary==_part=1"},
      {"application/pdf; name=my file.pdf; x=y", "application/pdf|name=my file.pdf|x=y"},
      {"a/b;;; c=d;", "a/b|c=d"},
      {"a/b; c=\"open; d=e", "a/b|c=open; d=e"},
      {"a/b; c=\"x\\\"y\\\\z\"", "a/b|c=x\"y\\z"},
      {"a/b; novalue; c=d", "a/b|c=d"},
      {"attachment", "attachment"},
      {"", ""},
  };
  for (const Row& row : rows) EXPECT_EQ(Show(row.field), row.expected) << row.field;
}

TEST(Parameters, DecodesForPeople) {
  struct Row {
    std::string_view field;
    std::string_view expected;
  } rows[] = {
      {"a; filename=x.txt", "x.txt"},
      {"a; filename*=utf-8''J%C3%B6rg%20x.txt", "J\u00f6rg x.txt"},
      {"a; filename*=iso-8859-1'de'J%F6rg", "J\u00f6rg"},
      {"a; filename*1*=%C3%B6; filename*0*=utf-8''J; filename*2=rg", "J\u00f6rg"},
      {"a; filename*0=long; filename*1=name", "longname"},
      {"a; filename*0=long; filename*2=lost", "long"},
      {"a; filename=\"=?utf-8?B?SsO2cmc=?=\"", "J\u00f6rg"},
      {"a; filename=plain; filename*=utf-8''better", "better"},
      {"a; filename*=utf-8''100%", "100%"},
      {"a; filename*=x-unknown''%FF", "\u00ff"},
  };
  for (const Row& row : rows) {
    ParameterizedValue parsed = ParseParameterized(row.field);
    EXPECT_EQ(DecodedParam(parsed.params, "filename"), row.expected) << row.field;
  }
  EXPECT_EQ(DecodedParam({}, "filename"), std::nullopt);
}

TEST(Parameters, ManyAreCutOff) {
  std::string field = "a/b";
  for (int i = 0; i < 100'000; ++i) field += "; name*" + std::to_string(i) + "*=x";
  ParameterizedValue parsed = ParseParameterized(field);
  EXPECT_EQ(parsed.params.size(), kMaxParams);
  EXPECT_EQ(DecodedParam(parsed.params, "name")->size(), kMaxParams);
}

}  // namespace
}  // namespace pennypost::mime
