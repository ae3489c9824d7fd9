// BODY and BODYSTRUCTURE (RFC 9051 7.5.2).

#include "imap/write.h"

namespace pennypost::imap {
namespace {

class Writer {
 public:
  Writer(const mime::Structure& structure, BodyForm form, std::string& out)
      : structure_(structure), form_(form), out_(out) {}

  // The parser bounds the depth of a structure, so the recursion is bounded too.
  void Body(uint32_t index) {
    const mime::Part& part = structure_.parts[index];
    out_ += '(';
    if (part.IsMultipart()) {
      Multipart(part);
    } else {
      Single(part);
    }
    out_ += ')';
  }

 private:
  void Multipart(const mime::Part& part) {
    for (uint32_t child : part.children) Body(child);
    // RFC 9051 9 body-type-mpart wants at least one part.
    if (part.children.empty()) {
      out_ += '(';
      Single(mime::Part());
      out_ += ')';
    }
    out_ += ' ';
    WriteString(part.subtype, out_);
    if (form_ == BodyForm::kBody) return;
    out_ += ' ';
    Params(part.params);
    Extension(part);
  }

  void Single(const mime::Part& part) {
    bool opaque_message = part.type == "message" && !part.IsMessage() &&
                          (part.subtype == "rfc822" || part.subtype == "global");
    // A message that was not looked into has no envelope to show.
    WriteString(opaque_message ? "application" : part.type, out_);
    out_ += ' ';
    WriteString(opaque_message ? "octet-stream" : part.subtype, out_);
    out_ += ' ';
    Params(WithCharset(part));
    out_ += ' ';
    OrNil(part.id);
    out_ += ' ';
    OrNil(part.description);
    out_ += ' ';
    WriteString(part.encoding, out_);
    out_ += ' ' + std::to_string(part.body_size);
    if (part.IsMessage()) {
      out_ += ' ';
      WriteEnvelope(structure_.envelopes[part.envelope], out_);
      out_ += ' ';
      Body(part.children[0]);
      out_ += ' ' + std::to_string(part.lines);
    } else if (part.type == "text") {
      out_ += ' ' + std::to_string(part.lines);
    }
    if (form_ == BodyForm::kBody) return;
    out_ += ' ';
    OrNil(part.md5);
    Extension(part);
  }

  // RFC 2046 4.1.2: the charset of text that names none. Clients expect to be told.
  static mime::Params WithCharset(const mime::Part& part) {
    mime::Params params = part.params;
    bool named = part.type != "text";
    for (const mime::Param& param : params) named = named || param.name.starts_with("charset");
    if (!named) params.push_back({"charset", "us-ascii"});
    return params;
  }

  void Extension(const mime::Part& part) {
    out_ += ' ';
    if (part.disposition.empty()) {
      out_ += "NIL";
    } else {
      out_ += '(';
      WriteString(part.disposition, out_);
      out_ += ' ';
      Params(part.disposition_params);
      out_ += ')';
    }
    out_ += ' ';
    Language(part.language);
    out_ += ' ';
    OrNil(part.location);
  }

  void Language(const std::vector<std::string>& tags) {
    if (tags.empty()) {
      out_ += "NIL";
      return;
    }
    out_ += '(';
    for (size_t i = 0; i < tags.size(); ++i) {
      if (i) out_ += ' ';
      WriteString(tags[i], out_);
    }
    out_ += ')';
  }

  void Params(const mime::Params& params) {
    if (params.empty()) {
      out_ += "NIL";
      return;
    }
    out_ += '(';
    for (size_t i = 0; i < params.size(); ++i) {
      if (i) out_ += ' ';
      WriteString(params[i].name, out_);
      out_ += ' ';
      WriteString(params[i].value, out_);
    }
    out_ += ')';
  }

  void OrNil(const std::string& text) {
    if (text.empty()) {
      out_ += "NIL";
    } else {
      WriteString(text, out_);
    }
  }

  const mime::Structure& structure_;
  const BodyForm form_;
  std::string& out_;
};

}  // namespace

void WriteBodyStructure(const mime::Structure& structure, BodyForm form, std::string& out) {
  Writer(structure, form, out).Body(0);
}

}  // namespace pennypost::imap
