// A registry to kill: `node registry.ts ROOT` prints its address.
import { startRegistry } from '../../../../../runtime/standins/registry/server.ts';

const server = await startRegistry({ root: process.argv[2] ?? '' });
console.log(server.url);
