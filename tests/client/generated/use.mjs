// A generated client's life with a service: arguments are the client, the address, the key and three recordings.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [client, url, key, first, second, stranger] = process.argv.slice(2);
const { Api } = await import(pathToFileURL(client).href);
const api = new Api({
  baseUrl: url,
  securityWorker: (secret) => ({ headers: { Authorization: `Bearer ${secret}` } }),
});
api.setSecurityData(key);
const recording = (path) => new File([readFileSync(path)], "recording.wav", { type: "audio/wav" });

const made = (await api.v1.createProfile({ label: "generated" })).data;
const done = (await api.v1.enrol(made.id, { audio: recording(first) })).data;
const genuine = (await api.v1.verify(made.id, { audio: recording(second) })).data;
const impostor = (await api.v1.verify(made.id, { audio: recording(stranger) }, { fmr: 0.01 })).data;
const found = (await api.v1.identify({ audio: recording(second) }, { profile: [made.id] })).data;
const listed = (await api.v1.listProfiles({ label: "generated" })).data;
const changed = (await api.v1.changeProfile(made.id, { label: null })).data;
const deleted = await api.v1.deleteProfile(made.id);
const refused = await api.v1.showProfile(made.id).catch((answer) => answer);
api.setSecurityData("another-key");
const locked = await api.v1.showCaller().catch((answer) => answer);

console.log(
  JSON.stringify({
    made,
    state: done.profile.state,
    genuine: genuine.accepted,
    impostor: impostor.accepted,
    best: found.best.profile,
    listed: listed.items.map((profile) => profile.id),
    label: changed.label,
    deleted: deleted.status,
    refused: [refused.status, refused.error.code],
    locked: [locked.status, locked.error.code],
  }),
);
