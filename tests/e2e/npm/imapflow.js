// imapflow's part of test_node_clients.py: one connection that stays, as a web mailer keeps it.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const { ImapFlow } = require("imapflow");
const { settings, until, run } = require("./steps.js");

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const lines = []; // of both sides, as imapflow logs them, without texts of literals
const events = []; // what the server told unasked
let client;

function make(more = {}) {
  const made = new ImapFlow({
    host: "localhost", port: settings.ports.imaps, secure: true, tls: { ca: fs.readFileSync(settings.ca) },
    auth: { user: settings.user, pass: settings.password }, logger: silent, qresync: true, autoIdleDelay: 100,
    clientInfo: { name: "Tester", version: "1" }, ...more,
  });
  made.on("error", () => {}); // what fails tells its caller
  return made;
}

async function refusal(options) {
  const other = make(options);
  try {
    await other.connect();
  } catch (error) {
    return { code: error.code, authenticationFailed: error.authenticationFailed, response: error.serverResponseCode };
  }
  await other.logout();
  throw new Error("this was taken");
}

async function bytesOf(stream) {
  const pieces = [];
  for await (const piece of stream) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const base64 = bytes => bytes.toString("base64");
const sha256 = bytes => crypto.createHash("sha256").update(bytes).digest("hex");
const uids = list => list.map(({ uid }) => uid).sort((a, b) => a - b);

run({
  untrusted: () => refusal({ tls: {} }),
  wrongPassword: () => refusal({ auth: { user: settings.user, pass: "wrong" } }),
  // STARTTLS on 143, without the extensions that change how lines look.
  async startTls() {
    const other = make({ port: settings.ports.imap, secure: false, doSTARTTLS: true, disableIMAP4rev2: true, disableCompression: true, qresync: false });
    await other.connect();
    const found = { secure: other.secureConnection, folders: (await other.list()).length };
    await other.logout();
    return found;
  },

  async connect() {
    client = make({ emitLogs: true });
    client.on("log", ({ src, msg }) => ["c", "s"].includes(src) && msg && lines.push(`${src} ${msg}`));
    for (const name of ["exists", "expunge", "flags"]) {
      client.on(name, event => events.push({ event: name, ...event }));
    }
    await client.connect();
    return { server: client.serverInfo, enabled: client.enabled, authenticated: client.authenticated };
  },
  lines: () => lines,
  async logout() {
    const closed = new Promise(resolve => client.once("close", resolve));
    await client.logout();
    await closed;
  },

  async list() {
    const entries = await client.list({ statusQuery: { messages: true, unseen: true, uidNext: true, uidValidity: true, highestModseq: true, size: true } });
    return entries.map(({ path, specialUse, specialUseSource, subscribed, delimiter, status }) =>
      ({ path, specialUse, specialUseSource, subscribed, delimiter, status }));
  },
  create: path => client.mailboxCreate(path),
  rename: (path, to) => client.mailboxRename(path, to),
  unsubscribe: path => client.mailboxUnsubscribe(path),
  remove: path => client.mailboxDelete(path),
  status: path => client.status(path, { messages: true, unseen: true, uidNext: true, highestModseq: true, size: true }),
  quota: path => client.getQuota(path),

  open: path => client.mailboxOpen(path),
  examine: path => client.mailboxOpen(path, { readOnly: true }),
  close: () => client.mailboxClose(),
  noop: () => client.noop(),
  // With the state of an earlier visit: what it says of the time since then.
  async reopen(path, uidValidity, changedSince) {
    events.length = 0;
    const box = await client.mailboxOpen(path, { uidValidity: BigInt(uidValidity), changedSince: BigInt(changedSince) });
    return { box, events: events.splice(0) };
  },
  async idle() {
    // The server has taken the last command, which is IDLE.
    const sent = () => lines.findLastIndex(line => line.startsWith("c "));
    await until(() => client.idling && lines[sent()].endsWith(" IDLE") && lines.slice(sent()).some(line => line.startsWith("s +")), "IDLE");
    events.length = 0;
  },
  told: (name, key, value) => until(() => events.find(event => event.event == name && String(event[key]) == String(value)), `${name} ${key}=${value}`),
  event: name => until(() => events.find(({ event }) => event == name), name),

  async read(uid) {
    const { source, headers, envelope, bodyStructure, flags, size, internalDate, emailId, threadId, modseq } = await client.fetchOne(
      uid, { source: true, headers: ["subject", "x-none"], envelope: true, bodyStructure: true, flags: true, size: true,
             internalDate: true, threadId: true }, { uid: true });
    return { source: base64(source), headers: headers.toString(), envelope, bodyStructure, flags, size, internalDate, emailId, threadId, modseq };
  },
  async download(uid, part, chunkSize, binary) {
    const { meta, content } = await client.download(uid, part, { uid: true, chunkSize, binary });
    return { meta, bytes: base64(await bytesOf(content)) };
  },
  async downloadMany(uid, parts) {
    const found = await client.downloadMany(uid, parts, { uid: true });
    return Object.fromEntries(Object.entries(found).filter(([key]) => parts.includes(key)).map(([key, { content }]) => [key, base64(content)]));
  },
  async sum(uid) {
    const { content } = await client.download(uid, undefined, { uid: true, chunkSize: 1 << 20 });
    return sha256(await bytesOf(content));
  },
  async changed(modseq) {
    const found = [];
    for await (const { uid, flags } of client.fetch("1:*", { uid: true, flags: true }, { changedSince: BigInt(modseq) })) {
      found.push({ uid, flags });
    }
    return found;
  },
  async flags(uid) {
    return (await client.fetchOne(uid, { flags: true }, { uid: true })).flags;
  },
  add: (uid, flags, more = {}) => client.messageFlagsAdd(uid, flags, { uid: true, ...more }),
  take: (uid, flags) => client.messageFlagsRemove(uid, flags, { uid: true }),
  set: (uid, flags) => client.messageFlagsSet(uid, flags, { uid: true }),
  colour: (uid, colour) => client.setFlagColor(uid, colour, { uid: true }),

  search: query => client.search(query, { uid: true }),
  // JSON has no dates.
  searchSince: date => client.search({ since: new Date(date), sentSince: new Date(date) }, { uid: true }),
  count: async query => uids(await client.fetchAll(query, { uid: true })),

  append: (path, bytes, flags, date) => client.append(path, Buffer.from(bytes, "base64"), flags, date && new Date(date)),
  async appendLarge(path, size) {
    const head = Buffer.from("From: a@example.test\r\nTo: b@example.test\r\nSubject: large\r\nContent-Type: text/plain\r\n\r\n");
    const line = Buffer.from("x".repeat(30) + "=".repeat(46) + "\r\n");
    const bytes = Buffer.concat([head, ...Array(Math.ceil(size / line.length)).fill(line)]);
    const { uid } = await client.append(path, bytes);
    return { uid, size: bytes.length, sum: sha256(bytes) };
  },
  copy: (uid, path) => client.messageCopy(uid, path, { uid: true }),
  move: (uid, path) => client.messageMove(uid, path, { uid: true }),
  delete: uid => client.messageDelete(uid, { uid: true }),
});
