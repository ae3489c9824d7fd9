// pennypost mime dump: the MIME tree of a message, as everything here that shows mail sees it.
// Needs no configuration and no service.

#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/id.h"
#include "base/text.h"
#include "mime/decode.h"
#include "mime/structure.h"
#include "services/cli/context.h"

namespace pennypost::cli {
namespace {

using Json = nlohmann::ordered_json;

// "1.2", as IMAP names it; empty for the message. Depth is bounded by the parser.
Json ToJson(std::string_view message, const mime::Structure& structure, uint32_t index,
            const std::string& section) {
  const mime::Part& part = structure.parts[index];
  Json json;
  json["section"] = section;
  json["type"] = part.type + "/" + part.subtype;
  json["parameters"] = Json::object();
  for (const mime::Param& param : part.params) json["parameters"][param.name] = param.value;
  auto charset = mime::DecodedParam(part.params, "charset");
  json["charset"] = charset ? Json(*charset) : Json(nullptr);
  json["encoding"] = part.encoding;
  json["disposition"] = part.disposition.empty() ? Json(nullptr) : Json(part.disposition);
  std::string file_name = mime::FileName(part);
  json["file_name"] = file_name.empty() ? Json(nullptr) : Json(file_name);
  json["header_offset"] = part.header_offset;
  json["header_size"] = part.header_size;
  json["body_offset"] = part.body_offset;
  json["body_size"] = part.body_size;
  if (!part.IsMultipart()) {
    std::string decoded = mime::DecodeTransferEncoding(
        message.substr(part.body_offset, part.body_size), part.encoding);
    json["decoded_size"] = decoded.size();
    json["sha256"] = HexEncode(Sha256(decoded));
  }
  Json children = Json::array();
  for (size_t i = 0; i < part.children.size(); ++i) {
    std::string inner = (section.empty() ? "" : section + ".") + std::to_string(i + 1);
    children.push_back(ToJson(message, structure, part.children[i], inner));
  }
  json["children"] = std::move(children);
  return json;
}

void Dump() {
  std::string message{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  mime::Structure structure = mime::ParseStructure(message);
  Json json = ToJson(message, structure, 0, "");
  json["truncated"] = structure.truncated;
  // What a message says need not be UTF-8.
  printf("%s\n", json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

}  // namespace

void AddMimeCommands(CLI::App& app) {
  auto* mime = app.add_subcommand("mime", "how messages are read here");
  mime->require_subcommand(1);
  mime->add_subcommand("dump", "the MIME tree of the message on stdin, as JSON")->callback(Dump);
}

}  // namespace pennypost::cli
