require ["vacation-seconds", "variables"];
vacation :seconds 600 :addresses "bob@example.com" :subject "Away" "I am away.";
