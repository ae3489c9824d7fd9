require "variables";
set "to" "nobody";
discard;
redirect "${to}";
