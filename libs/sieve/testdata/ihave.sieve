require "ihave";
if ihave ["fileinto", "vnd.example.unknown"] {
  unknown_command :with "arguments";
} elsif ihave "fileinto" {
  fileinto "known";
}
if false { if unknown_test 3 { keep; } }
