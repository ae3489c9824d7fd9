require ["imap4flags", "fileinto"];
addflag "\\Seen";
fileinto :flags ["\\Flagged", "$Label1 $label1"] "Work";
keep;
