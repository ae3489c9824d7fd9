require ["include", "variables", "fileinto"];
global "shared";
set "own" "inner";
if string "${shared}" "from outside" { fileinto "one"; }
set "shared" "from inside";
return;
discard;
