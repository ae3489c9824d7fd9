#pragma once
// The parts list of the language: one function a file of this folder.

#include "sieve/verb.h"

namespace pennypost::sieve {

Extension ActionsExtension();
Extension BodyExtension();
Extension ControlExtension();
Extension CopyExtension();
Extension DateExtension();
Extension DuplicateExtension();
Extension EditHeaderExtension();
Extension EncodedCharacterExtension();
Extension EnotifyExtension();
Extension EnvelopeExtension();
Extension EnvironmentExtension();
Extension ExtractTextExtension();
Extension IhaveExtension();
Extension Imap4FlagsExtension();
Extension IncludeExtension();
Extension IndexExtension();
Extension MailboxExtension();
Extension MailboxIdExtension();
Extension MimeExtension();
Extension RegexExtension();
Extension RejectExtension();
Extension RelationalExtension();
Extension ReplaceExtension();
Extension SpamTestExtension();
Extension SpecialUseExtension();
Extension SubaddressExtension();
Extension TestSuiteExtension();
Extension TestsExtension();
Extension VacationExtension();
Extension VariablesExtension();

}  // namespace pennypost::sieve
