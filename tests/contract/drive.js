// One of Microsoft's npm clients, worked by remote control: a JSON line in is one call, a JSON line out what the
// client made of it. Argument: the folder whose node_modules hold the clients.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { createRequire } = require("module");

const load = createRequire(path.join(process.argv[2], "drive.js"));
let sdk, config, client;

// 1.18 takes callbacks where its successors return promises; its enrollProfileAsync alone returns one already.
function settled(object, method, ...args) {
  return new Promise((resolve, reject) => {
    const returned = object[method](...args, resolve, reject);
    if (returned && returned.then) returned.then(resolve, reject);
  });
}

function plain(result) {
  const said = { class: result.constructor.name, reason: sdk.ResultReason[result.reason] };
  for (const name of ["profileId", "score", "errorDetails", "phrases", "type"]) {
    if (result[name] !== undefined) said[name] = result[name];
  }
  const details = result.enrollmentResultDetails;
  if (details) said.details = details;
  if (result instanceof sdk.SpeakerRecognitionResult) {
    said.json = result.properties.getProperty(sdk.PropertyId.SpeechServiceResponse_JsonResult, "");
  }
  return said;
}

// `push`: a stream that the caller feeds; left open where `close` is not asked for, as a microphone would be.
function audioOf({ wav, push, close }) {
  if (wav) return sdk.AudioConfig.fromWavFileInput(fs.readFileSync(wav), path.basename(wav));
  const stream = sdk.AudioInputStream.createPushStream();
  const bytes = fs.readFileSync(push);
  stream.write(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  if (close) stream.close();
  return sdk.AudioConfig.fromStreamInput(stream);
}

function profileOf({ id, type }) {
  return new sdk.VoiceProfile(id, type);
}

async function recognised(model, audio) {
  const recognizer = new sdk.SpeakerRecognizer(config, audioOf(audio));
  try {
    return plain(await settled(recognizer, "recognizeOnceAsync", model));
  } finally {
    await recognizer.close();
  }
}

const calls = {
  open({ version, how, url, key, properties, browser }) {
    // Where there is a WebSocket of the platform the client takes it, as in a browser: no headers, the key only in
    // the query. Node has one since 22; before, and here unless asked for, the client brings its own.
    if (!browser) delete globalThis.WebSocket;
    sdk = load(version);
    if (how === "host") config = sdk.SpeechConfig.fromHost(new URL(url), key);
    else if (how === "endpoint") config = sdk.SpeechConfig.fromEndpoint(new URL(url), key);
    else {
      // 1.18: the only way in, with the braces of the template as they are
      config = sdk.SpeechConfig.fromSubscription(key, "westus");
      config.setProperty(sdk.PropertyId.SpeechServiceConnection_Host, url);
    }
    for (const [name, value] of Object.entries(properties)) config.setProperty(name, value);
    client = new sdk.VoiceProfileClient(config);
    return { class: client.constructor.name };
  },
  async create({ type, locale }) {
    const made = await settled(client, "createProfileAsync", type, locale);
    return { class: made.constructor.name, profileId: made.profileId, type: made.profileType };
  },
  async get({ profile }) {
    return plain(await settled(client, "retrieveEnrollmentResultAsync", profileOf(profile)));
  },
  async list({ type }) {
    return (await settled(client, "getAllProfilesAsync", type)).map(plain);
  },
  async phrases({ type, locale }) {
    return plain(await settled(client, "getActivationPhrasesAsync", type, locale));
  },
  async enroll({ profile, audio }) {
    return plain(await settled(client, "enrollProfileAsync", profileOf(profile), audioOf(audio)));
  },
  async reset({ profile }) {
    return plain(await settled(client, "resetProfileAsync", profileOf(profile)));
  },
  async delete({ profile }) {
    return plain(await settled(client, "deleteProfileAsync", profileOf(profile)));
  },
  verify({ profile, audio }) {
    return recognised(sdk.SpeakerVerificationModel.fromProfile(profileOf(profile)), audio);
  },
  identify({ profiles, audio }) {
    return recognised(sdk.SpeakerIdentificationModel.fromProfiles(profiles.map(profileOf)), audio);
  },
};

function answer(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

// An error that the client throws in its own socket reader belongs to no call: it is told, and the call would hang.
process.on("uncaughtException", (error) => answer({ thrown: String(error && error.message) }));
process.on("unhandledRejection", (error) => answer({ thrown: String((error && error.message) || error) }));

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { call, ...args } = JSON.parse(line);
  try {
    answer({ call, result: await calls[call](args) });
  } catch (error) {
    answer({ call, rejected: String((error && error.message) || error) });
  }
}).on("close", () => process.exit(0));
