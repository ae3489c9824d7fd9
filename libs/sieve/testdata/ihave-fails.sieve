require "ihave";
if not ihave "vnd.example.unknown" { error "this needs more"; }
