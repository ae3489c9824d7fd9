#include "mail/smtp_reply.h"

#include "base/text.h"

namespace pennypost::mail {
namespace {

void AppendSafe(std::string_view text, std::string& out) {
  size_t begin = out.size();
  out += text;
  for (size_t i = begin; i < out.size(); ++i) {
    auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x20 || byte == 0x7F) out[i] = '?';
  }
}

void AppendCode(int code, std::string& out) {
  out.push_back(static_cast<char>('0' + code / 100 % 10));
  out.push_back(static_cast<char>('0' + code / 10 % 10));
  out.push_back(static_cast<char>('0' + code % 10));
}

}  // namespace

std::string SmtpReply::ToString() const {
  std::string out;
  AppendCode(code, out);
  if (!enhanced.empty()) out += " " + enhanced;
  if (!text.empty()) out += " ";
  size_t begin = out.size();
  out += text;
  for (size_t i = begin; i < out.size(); ++i) {
    auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x20 || byte == 0x7F) out[i] = ' ';
  }
  return out;
}

void AppendReply(const SmtpReply& reply, std::string& out) {
  std::string_view rest = reply.text;
  for (;;) {
    size_t end = rest.find('\n');
    bool last = end == std::string_view::npos;
    AppendCode(reply.code, out);
    out.push_back(last ? ' ' : '-');
    if (!reply.enhanced.empty()) {
      out += reply.enhanced;
      out.push_back(' ');
    }
    AppendSafe(rest.substr(0, end), out);
    out += "\r\n";
    if (last) return;
    rest.remove_prefix(end + 1);
  }
}

size_t EnhancedCodeLength(std::string_view text) {
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5')) return 0;
  size_t at = 1;
  for (int part = 0; part < 2; ++part) {
    if (at >= text.size() || text[at] != '.') return 0;
    size_t digits = ++at;
    while (at < text.size() && IsDigit(text[at]) && at - digits < 4) ++at;
    if (at == digits || at - digits > 3) return 0;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

}  // namespace pennypost::mail
