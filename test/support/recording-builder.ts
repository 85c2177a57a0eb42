// A builder as settings name one (`builder: {command: [...]}`): pushes a small image that is a function of its key, and
// writes down each start and end. Arguments: the ledger; a folder whose files, named like the image, make it fail or wait.
import { appendFileSync, existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { pushImage, putManifest, OCI_MANIFEST } from './oci.ts';

interface Request {
  readonly name: string;
  readonly key: string;
  readonly image: { readonly name: string; readonly push: readonly string[] };
}

const [ledger = '', orders = ''] = process.argv.slice(2);
const request = JSON.parse(await text(process.stdin)) as Request;
const { name, key, image } = request;
const note = (event: string) =>
  appendFileSync(ledger, `${JSON.stringify({ event, name, key, image: image.name })}\n`);
const order = (what: string) => existsSync(`${orders}/${what}-${image.name.split('/').at(-1) ?? ''}`);

note('started');
while (order('hold')) await pause(20);
if (order('fail')) {
  process.stderr.write(`the Dockerfile of ${image.name} is broken\n`);
  process.exit(1);
}
const [first, ...others] = image.push.map(parse);
if (!first) throw new Error('nothing to push');
const manifest = await pushImage(first.registry, first.repository, first.tag, key);
for (const one of others) {
  const answer = await putManifest(one.registry, one.repository, one.tag, manifest, OCI_MANIFEST);
  if (answer.status !== 201) throw new Error(`${one.tag}: ${answer.status}`);
}
note('pushed');
process.stdout.write(`${JSON.stringify({ digest: manifest.digest })}\n`);

/** `127.0.0.1:5000/acme/web:v1` */
function parse(reference: string) {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:/]+)$/.exec(reference) ?? [];
  return { registry: `http://${host}`, repository, tag };
}
