require ["include", "variables", "fileinto"];
global ["shared"];
set "own" "outer";
set "shared" "from outside";
include :personal "one";
include :once "one";
include :optional "none";
if allof (string "${shared}" "from inside", string "${own}" "outer") { fileinto "two"; }
include :global "stops";
fileinto "never";
