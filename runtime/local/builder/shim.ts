// The process that runs one build: `node shim.ts <parent folder> <build name>`. It outlives whoever started it.
import { BuildFolder } from './folder.ts';
import { identify } from './processes.ts';
import { runBuild } from './run-build.ts';

const [parent, name] = process.argv.slice(2);
if (parent === undefined || name === undefined) throw new Error('usage: shim <parent folder> <build name>');

const folder = new BuildFolder(parent, name);
const record = await folder.record();
const identity = await identify(process.pid);
if (record === undefined || identity === undefined) throw new Error(`there is no build ${name} in ${parent}`);

const cancelled = new AbortController();
// Set before the claim: whoever finds our process may end it from then on.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => cancelled.abort());

if (await folder.claim({ kind: 'shim', process: identity, startedAt: Date.now() })) {
  await folder.announce();
  await folder.finish({
    ...(await runBuild(folder, record, identity, cancelled.signal)),
    finishedAt: Date.now(),
  });
}
// A process that escaped may still hold our pipes, which must not keep us.
process.exit();
