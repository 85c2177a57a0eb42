#!/usr/bin/env node
// The bin: plain JavaScript, so that an old Node on PATH can still start it and hand over to the pinned one.
import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE = 24;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = here('./main.ts');
const compiled = here('../build/runtime/main.js');

if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE) {
  const pinned = here('../node_modules/node/bin/node');
  if (!existsSync(pinned)) {
    console.error(
      `slipway needs Node ${MINIMUM_NODE} and this is ${process.version}. Run \`npm ci\` in the checkout (it brings Node ${MINIMUM_NODE}), or put Node ${MINIMUM_NODE} on PATH.`,
    );
    process.exit(2);
  }
  const child = spawn(pinned, [here('./slipway.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (status) => process.exit(status ?? 1));
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  // Type stripping is refused under node_modules: an installed package runs its compiled code.
  const { main } = await import(existsSync(source) ? './main.ts' : compiled);
  process.exitCode = await main(process.argv);
}
