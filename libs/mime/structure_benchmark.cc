#include <benchmark/benchmark.h>

#include <string>

#include "mime/structure.h"

namespace pennypost::mime {
namespace {

constexpr const char kHeader[] =
    "Return-Path: <ann@client.example>\r\n"
    "Received: from mx.client.example (mx.client.example [192.0.2.1])\r\n"
    "\tby mail.example (Pennypost) with ESMTPS id 01890a5d;\r\n\tMon, 1 Jan 2024 10:00:00 +0000\r\n"
    "Authentication-Results: mail.example; spf=pass; dkim=pass; dmarc=pass\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=client.example; s=s1;\r\n"
    "\th=from:to:subject:date:message-id; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n"
    "\tb=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
    "From: Ann Lee <ann@client.example>\r\n"
    "To: \"Bob, the builder\" <bob@example.org>, carol@example.org\r\n"
    "Cc: team: dave@example.org, eve@example.org;\r\n"
    "Subject: =?utf-8?Q?Angebot_f=C3=BCr_Mai?=\r\n"
    "Date: Mon, 1 Jan 2024 09:59:59 +0000\r\n"
    "Message-ID: <20240101095959.1234@client.example>\r\n"
    "In-Reply-To: <1@example.org>\r\nReferences: <0@example.org> <1@example.org>\r\n"
    "User-Agent: Something/1.0\r\nMIME-Version: 1.0\r\n";

std::string TextMessage() {
  std::string message = std::string(kHeader) + "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  while (message.size() < 4096)
    message += "The quick brown fox jumps over the lazy dog, again and again.\r\n";
  return message;
}

std::string AlternativeMessage() {
  std::string message =
      std::string(kHeader) + "Content-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n";
  for (const char* type : {"text/plain", "text/html"}) {
    message += "--=_b\r\nContent-Type: " + std::string(type) +
               "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
    for (int i = 0; i < 20; ++i)
      message += "The quick brown fox jumps over the lazy dog, again and again.\r\n";
  }
  return message + "--=_b--\r\n";
}

void Parse(benchmark::State& state, const std::string& message) {
  for (auto _ : state) benchmark::DoNotOptimize(ParseStructure(message));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(message.size()));
}
void BM_Text(benchmark::State& state) {
  Parse(state, TextMessage());
}
void BM_Alternative(benchmark::State& state) {
  Parse(state, AlternativeMessage());
}
void BM_Serialize(benchmark::State& state) {
  Structure structure = ParseStructure(AlternativeMessage());
  for (auto _ : state) benchmark::DoNotOptimize(Serialize(structure));
}
void BM_Deserialize(benchmark::State& state) {
  std::string bytes = Serialize(ParseStructure(AlternativeMessage()));
  for (auto _ : state) benchmark::DoNotOptimize(Deserialize(bytes));
}
BENCHMARK(BM_Text);
BENCHMARK(BM_Alternative);
BENCHMARK(BM_Serialize);
BENCHMARK(BM_Deserialize);

}  // namespace
}  // namespace pennypost::mime
