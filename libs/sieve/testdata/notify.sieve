require "enotify";
notify :importance "1" :message "New mail" "mailto:ann@example.org?subject=x";
