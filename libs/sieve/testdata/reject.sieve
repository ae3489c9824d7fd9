require ["reject", "variables"];
set "who" "Ann";
reject "No, ${who}.";
