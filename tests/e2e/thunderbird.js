// What the scripts of test_thunderbird.py have in Thunderbird. Each runs in a sandbox of its own, so nothing is kept here.
/* global Cc, Ci, ChromeUtils, Components, Services */
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// The first true value of check(), asked again and again.
async function until(check, what, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; ; await sleep(20)) {
    const value = await check();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`${what} did not come true in ${seconds} s`);
    }
  }
}

// A promise of the end of what `start` begins with a listener.
function finished(start, names, interfaces, status) {
  return new Promise((resolve, reject) => {
    const listener = { QueryInterface: ChromeUtils.generateQI(interfaces) };
    for (const name of names) {
      listener[name] = () => {};
    }
    listener[status.at] = (...words) => {
      const code = words[status.argument];
      if (Components.isSuccessCode(code)) {
        resolve(words);
      } else {
        reject(new Error(`${status.at}: 0x${(code >>> 0).toString(16)}`));
      }
    };
    start(listener);
    setTimeout(() => reject(new Error(`${status.at} was not called in 15 s by ${start}`)), 15000);
  });
}
const urlDone = start =>
  finished(start, ["OnStartRunningUrl"], ["nsIUrlListener"], { at: "OnStopRunningUrl", argument: 1 });
const copyDone = start =>
  finished(start, ["onStartCopy", "onProgress", "setMessageKey", "getMessageId"], ["nsIMsgCopyServiceListener"],
           { at: "onStopCopy", argument: 0 });

const account = () => MailServices.accounts.accounts.find(a => a.incomingServer.type == "imap");
const root = () => account().incomingServer.rootFolder;
const folder = path =>
  path == "INBOX" ? root().getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox)
                  : path.split("/").reduce((at, name) => at && at.getChildNamed(name), root());
// Begins to look; what comes of it is waited for. Where Thunderbird looks already it would tell no listener.
const update = at => at.updateFolder(null);
const headers = at => [...at.messages];
const header = (at, subject) => headers(at).find(h => h.mime2DecodedSubject == subject);
const arrived = (at, subject, seconds) => until(() => header(at, subject), `${subject} in ${at.name}`, seconds);

// One part of a message as Thunderbird's own reader sees it.
const { MsgHdrToMimeMessage } = ChromeUtils.importESModule("resource:///modules/gloda/MimeMessage.sys.mjs");
const parsed = hdr =>
  new Promise(resolve => MsgHdrToMimeMessage(hdr, null, (_, mime) => resolve(mime), true, { examineEncryptedParts: false }));

async function bytesOf(url) {
  const { NetUtil } = ChromeUtils.importESModule("resource://gre/modules/NetUtil.sys.mjs");
  return new Promise((resolve, reject) =>
    NetUtil.asyncFetch({ uri: url, loadUsingSystemPrincipal: true }, (stream, status) =>
      Components.isSuccessCode(status) ? resolve(NetUtil.readInputStreamToString(stream, stream.available()))
                                       : reject(new Error(`${url}: ${status}`))));
}

// Sends or, as a draft, saves a message; the end is that of the copy in Sent or Drafts.
async function compose(mode, to, subject, text, file) {
  const identity = account().defaultIdentity;
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  Object.assign(fields, { from: identity.email, to, subject });
  if (file) {
    const attachment = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
    attachment.url = Services.io.newFileURI(await IOUtils.getFile(file)).spec;
    attachment.name = file.split("/").at(-1);
    fields.addAttachment(attachment);
  }
  const send = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
  await new Promise((resolve, reject) => {
    const check = status =>
      Components.isSuccessCode(status) || reject(new Error(`sending ${subject}: 0x${(status >>> 0).toString(16)}`));
    send.createAndSendMessage(
      null, identity, account().key, fields, false, false, Ci.nsIMsgSend[mode], null, "text/plain", text, null, null,
      {
        QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener", "nsIMsgCopyServiceListener"]),
        onStartSending() {}, onSendProgress() {}, onStatus() {}, onGetDraftFolderURI() {}, onStartCopy() {}, onProgress() {},
        setMessageKey() {}, getMessageId() {},
        onSendNotPerformed: (_, status) => reject(new Error(`not sent: ${status}`)),
        onTransportSecurityError: (_, status) => reject(new Error(`not trusted: ${status}`)),
        onStopSending: (_, status) => check(status),
        onStopCopy: status => check(status) && resolve(),
      }, "", null, Ci.nsIMsgCompType.New);
  });
}
