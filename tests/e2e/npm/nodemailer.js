// nodemailer's part of test_node_clients.py: submission.
"use strict";
const fs = require("node:fs");
const nodemailer = require("nodemailer");
const { settings, run } = require("./steps.js");

// Implicit TLS on 465, STARTTLS on 587; nothing in the clear.
function transport(kind, more = {}) {
  return nodemailer.createTransport({
    host: "localhost", port: settings.ports[kind], secure: kind == "submissions", requireTLS: true, name: "client.test",
    tls: { ca: fs.readFileSync(settings.ca) }, auth: { user: settings.user, pass: settings.password }, ...more,
  });
}

async function refusal(promise) {
  try {
    await promise;
  } catch ({ code, responseCode, rejected, message }) {
    return { code, responseCode, rejected, message };
  }
  throw new Error("this was taken");
}

run({
  // With the mechanism named, and with a pool that sends all of them over one connection or two.
  verify: (kind, authMethod) => transport(kind, { authMethod }).verify(),
  untrusted: kind => refusal(transport(kind, { tls: {} }).verify()),
  wrongPassword: kind => refusal(transport(kind, { auth: { user: settings.user, pass: "wrong" } }).verify()),
  refused: (kind, mail) => refusal(transport(kind).sendMail(mail)),
  async send(kind, { attachments = [], ...mail }) {
    const { messageId, accepted, rejected, response } = await transport(kind).sendMail({
      ...mail, attachments: attachments.map(({ bytes, ...file }) => ({ ...file, content: Buffer.from(bytes, "base64") })),
    });
    return { messageId, accepted, rejected, response };
  },
  sendRaw: (kind, envelope, bytes) => transport(kind).sendMail({ envelope, raw: Buffer.from(bytes, "base64") }),
  async pool(kind, mails) {
    const pool = transport(kind, { pool: true, maxConnections: 2 });
    const sent = await Promise.all(mails.map(mail => pool.sendMail(mail)));
    pool.close();
    return sent.map(({ messageId }) => messageId);
  },
});
